"""Refuses disruptions that contradict the problem or its plan."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pilotline_scheduler.errors import ReplanError
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.replan.disruptions import (
    CancelledRun,
    Disruption,
    LateMaterial,
    MachineDown,
    Overrun,
    PoolShortage,
    UrgentRun,
)


def check_disruptions(problem: Problem, now: int, disruptions: Sequence[Disruption]) -> None:
    """Check every disruption.

    Raises:
        ReplanError: with a sentence for each mistake.
        ProblemError: an urgent run is not well formed, or an id of it is taken.
    """
    check = _Check(problem, now)
    urgent = tuple(each.run for each in disruptions if isinstance(each, UrgentRun))
    if urgent:
        validate(replace(problem, runs=problem.runs + urgent))
    mistakes = [mistake for each in disruptions for mistake in check.mistakes(each)]
    if now < 0:
        mistakes.append(f"now must not be before tick 0, not {now}")
    if mistakes:
        raise ReplanError("\n".join(mistakes))


class _Check:
    def __init__(self, problem: Problem, now: int) -> None:
        self._now = now
        self._machines = {each.id for each in problem.machines}
        self._pools = {each.id for each in problem.pools}
        self._runs = {
            run.id: {operation.id for operation in run.operations} for run in problem.runs
        }
        self._starts = {each.operation: each.start for each in problem.previous}
        self._starts |= {each.operation: each.start for each in problem.running}

    def mistakes(self, disruption: Disruption) -> Iterator[str]:
        """Yield a sentence for each mistake."""
        if isinstance(disruption, MachineDown):
            yield from self._known(disruption.machine, self._machines, "machine")
            yield from _span(disruption.machine, disruption.start, disruption.end)
        elif isinstance(disruption, PoolShortage):
            yield from self._known(disruption.pool, self._pools, "pool")
            yield from _span(disruption.pool, disruption.start, disruption.end)
            if disruption.units < 1:
                yield f"pool {disruption.pool!r} cannot be short of {disruption.units} units"
        elif isinstance(disruption, Overrun):
            yield from self._overrun(disruption)
        elif isinstance(disruption, CancelledRun):
            yield from self._known(disruption.run, self._runs, "run")
        elif isinstance(disruption, LateMaterial):
            yield from self._known(disruption.run, self._runs, "run")
            names = self._runs.get(disruption.run, set())
            if disruption.operation is not None and disruption.operation not in names:
                yield f"run {disruption.run!r} has no operation {disruption.operation!r}"
            if disruption.until < self._now:
                yield f"material that came at tick {disruption.until}, before now, is not late"

    def _known(self, name: str, names: object, what: str) -> Iterator[str]:
        if name not in names:  # type: ignore[operator]
            yield f"there is no {what} {name!r}"

    def _overrun(self, overrun: Overrun) -> Iterator[str]:
        start = self._starts.get(overrun.operation)
        if start is None:
            yield f"there is no operation {overrun.operation!r} in the published plan"
        elif start >= self._now:
            yield (
                f"operation {overrun.operation!r} is planned to begin at tick {start}, "
                f"after now ({self._now}); only what has begun can overrun"
            )
        elif overrun.end <= start:
            yield f"operation {overrun.operation!r} cannot end before it began"


def _span(name: str, start: int, end: int) -> Iterator[str]:
    if not 0 <= start < end:
        yield f"{name!r}: [{start}, {end}) is no time; it must begin at 0 or later and not be empty"
