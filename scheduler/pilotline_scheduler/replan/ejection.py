"""Makes room for an operation by taking out others that have more time left."""

from bisect import bisect_right
from collections.abc import Sequence

from pilotline_scheduler.replan.published import Published
from pilotline_scheduler.solver.seed.timeline import Place, Timeline

_MOST_OUT = 3
"""Operations taken out at once."""
_POSITIONS = 24
"""Places on a machine that are looked at."""
_TURNS = 3
"""How often an operation may be taken out in one attempt."""


class Ejection:
    """Ejection chains (Glover 1996), a link at a time.

    Args:
        published: where everything was.
        timeline: the plan; it is changed.
        urgency: per run; an operation never makes room for one of a less urgent run.
        budget: how many operations may be taken out in all.
    """

    def __init__(
        self, published: Published, timeline: Timeline, urgency: Sequence[int], budget: int
    ) -> None:
        self._published = published
        self._timeline = timeline
        self._instance = timeline.instance
        self._urgency = urgency
        self._budget = budget
        self._turns: dict[int, int] = {}

    def make_room(self, operation: int) -> tuple[bool, list[int]]:
        """Place an operation in time where others lie now; return whether, and what is out now.

        Places whose operations have the most time left are tried first.
        """
        if self._budget <= 0:
            return False, []
        latest = self._published.latest.of(operation)
        offers = [
            (-min(self._slack(each) for each in victims), len(victims), index, tick, victims)
            for index in self._published.modes_of(operation)
            for tick, victims in self._offers(operation, index, latest)
        ]
        out: list[int] = []
        for _, _, index, tick, victims in sorted(offers):
            if any(self._timeline.mode[each] < 0 for each in victims):
                continue
            gone = self._take_out(victims)
            slot = self._timeline.find(operation, index, tick)
            if slot is not None and slot.end <= latest:
                self._timeline.place(operation, slot)
                for each, _ in gone:
                    self._turns[each] = self._turns.get(each, 0) + 1
                self._budget -= len(gone)
                return True, out + [each for each, _ in gone]
            out += [each for each, place in gone if not self._timeline.keep(each, place)]
        return False, out

    def _take_out(self, victims: tuple[int, ...]) -> list[tuple[int, Place]]:
        gone: list[tuple[int, Place]] = []
        for each in victims:
            if self._timeline.mode[each] >= 0:
                gone += self._timeline.remove(each)
        return sorted(gone, key=lambda each: each[1].start)

    def _slack(self, operation: int) -> int:
        return self._published.latest.of(operation) - self._timeline.end[operation]

    def _offers(self, operation: int, index: int, latest: int) -> list[tuple[int, tuple[int, ...]]]:
        """Return ticks on a machine with the operations that lie in the way from there."""
        mode = self._instance.modes[operation][index]
        ready = self._timeline.ready(operation)
        line = self._timeline.lines[mode.machine]
        found: list[tuple[int, tuple[int, ...]]] = []
        position = bisect_right(line.ends, ready)
        for first in range(position, min(position + _POSITIONS, len(line.ends))):
            tick = max(ready, line.ends[first - 1] if first else 0)
            if tick + mode.ticks > latest:
                break
            for count in range(1, _MOST_OUT + 1):
                victims = tuple(line.operations[first : first + count])
                if len(victims) < count or not self._may_go(operation, victims[-1]):
                    break
                found.append((tick, victims))
        return found

    def _may_go(self, operation: int, victim: int) -> bool:
        run_of = self._instance.run_of
        return (
            self._instance.fixed[victim] < 0
            and victim not in self._published.pinned
            and run_of[victim] != run_of[operation]
            and self._turns.get(victim, 0) < _TURNS
            and self._urgency[run_of[victim]] <= self._urgency[run_of[operation]]
            and len(self._published.units.members[self._published.units.of[victim]]) == 1
            and self._slack(victim) > 0
        )
