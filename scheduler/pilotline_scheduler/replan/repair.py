"""A plan that holds again, at once: what the disruptions hit goes elsewhere, the rest stays."""

from collections.abc import Sequence
from dataclasses import dataclass

from pilotline_scheduler.replan.published import Published
from pilotline_scheduler.replan.reinsertion import NoPlaceError, Reinsertion
from pilotline_scheduler.solver.instance import FOREVER
from pilotline_scheduler.solver.seed.timeline import Timeline

_ATTEMPTS = 5
_MANY = 600
"""Displaced operations from which on further attempts would take too long."""
_EJECTIONS_PER_DISPLACED = 4
_FEWEST_EJECTIONS = 60


@dataclass(frozen=True, slots=True, order=True)
class Worth:
    """What a repair is worth; less is better.

    Attributes:
        deadlines: deadlines missed.
        broken: promises broken.
        late: ticks by which they are, times the weights of the runs.
        moved: operations moved.
    """

    deadlines: int
    broken: int
    late: int
    moved: int


def repair(published: Published, urgency: Sequence[int]) -> Timeline:
    """Return the best of a few repairs.

    A run whose promise breaks in one attempt goes first in the next (squeaky wheel, Joslin &
    Clements 1999). The same plan and disruptions give the same repair.

    Args:
        published: where everything was.
        urgency: of each run to begin with; others make room for what is more urgent.

    Raises:
        NoPlaceError: an operation fits nowhere, whatever the others do.
    """
    standing, displaced = published.standing()
    fixed = [each for each in displaced if published.instance.fixed[each] >= 0]
    if fixed:
        raise NoPlaceError(fixed[0])
    urgency = list(urgency)
    best: tuple[Worth, Timeline] | None = None
    stuck: NoPlaceError | None = None
    for attempt in range(_ATTEMPTS if len(displaced) <= _MANY else 1):
        ejections = max(_FEWEST_EJECTIONS, _EJECTIONS_PER_DISPLACED * len(displaced))
        timeline = standing.twin()
        try:
            Reinsertion(published, timeline, displaced, urgency, ejections if attempt else 0).run()
        except NoPlaceError as error:
            stuck = error
            urgency[published.instance.run_of[error.operation]] += 1
            continue
        settle(published, timeline)
        broken = broken_runs(published, timeline)
        worth = _worth(published, timeline, broken)
        if best is None or worth < best[0]:
            best = worth, timeline
        if not broken:
            break
        for run in broken:
            urgency[run] += 1
    if best is None:
        raise stuck if stuck is not None else NoPlaceError(displaced[0])
    return best[1]


def settle(published: Published, timeline: Timeline) -> None:
    """Put what moved back to its published place where that has become free again."""
    for operation in moved(published, timeline):
        wished = published.places[operation]
        if wished is None:
            continue
        removed = timeline.remove(operation)
        if len(removed) > 1 or not timeline.keep(operation, wished):
            for each, place in sorted(removed, key=lambda each: each[1].start):
                if not timeline.keep(each, place):
                    raise NoPlaceError(each)


def moved(published: Published, timeline: Timeline) -> list[int]:
    """Return the operations that are not where they were published, in the order of time."""
    found = [
        operation
        for operation, place in enumerate(published.places)
        if place is not None
        and (timeline.start[operation] != place.start or timeline.mode[operation] != place.mode)
    ]
    return sorted(found, key=published.start_of)


def broken_runs(published: Published, timeline: Timeline) -> list[int]:
    """Return the runs that end later than promised."""
    return [
        index
        for index, run in enumerate(published.instance.runs)
        if published.latest.promise(index) < FOREVER
        and _end(run.operations, timeline) > published.latest.promise(index)
    ]


def _end(operations: Sequence[int], timeline: Timeline) -> int:
    return max(timeline.end[each] for each in operations)


def _worth(published: Published, timeline: Timeline, broken: Sequence[int]) -> Worth:
    runs = published.instance.runs
    ends = {run: _end(runs[run].operations, timeline) for run in broken}
    return Worth(
        sum(end > published.deadlines.get(run, FOREVER) for run, end in ends.items()),
        len(broken),
        sum(runs[run].weight * (ends[run] - published.latest.promise(run)) for run in broken),
        len(moved(published, timeline)),
    )
