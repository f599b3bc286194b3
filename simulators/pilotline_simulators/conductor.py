"""Conductor: lets every simulated machine take its steps at the right time."""

import asyncio
import heapq
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from pilotline_simulators.clock import SimulatedClock
from pilotline_simulators.program import MILLISECOND_NS, SECOND_NS

log = structlog.get_logger("pilotline.simulators")

LATE_S = 1.0
"""Lateness from which the log says that the computer cannot keep pace."""
SKIP_S = 3.0
"""Lateness from which steps are left out where the program allows it."""
_COMPLAIN_EVERY_S = 10.0
_STAGGER_NS = 7 * MILLISECOND_NS


class Performer(Protocol):
    """Something that takes steps on a grid of simulated time."""

    @property
    def id(self) -> str:
        """Machine id."""

    @property
    def step_ns(self) -> int:
        """Simulated time between two steps."""

    @property
    def skips(self) -> bool:
        """Whether overdue steps may be left out."""

    async def tick(self, time_ns: int) -> None:
        """Take the step whose simulated time has come."""


class Conductor:
    """Calls performers when their next step is due.

    Characteristics:
        Missed steps: caught up in order at no more than twice the usual rate, so that no client's
        queue overflows. More than `SKIP_S` late (a suspended process), a model leaves them out and
        its source times jump; a recording never leaves out a row.
        Fair: after every step the event loop runs, so publishing never starves.
        Says once in ten seconds when it cannot keep pace.

    Args:
        performers: whom to call; their first samples carry `origin_ns` of the same index.
        origins_ns: simulated time of each performer's first samples.
    """

    def __init__(self, performers: Sequence[Performer], origins_ns: Sequence[int]) -> None:
        self._performers = performers
        self._next_ns = [
            origin + each.step_ns for each, origin in zip(performers, origins_ns, strict=True)
        ]
        self._complained_s = -_COMPLAIN_EVERY_S
        self.worst_late_s = 0.0

    async def run(self, clock: SimulatedClock) -> None:
        """Call performers as time passes, until cancelled.

        What came due while servers were started is left out or caught up without complaint.
        """
        self._complained_s = time.monotonic()
        for index in range(len(self._performers)):
            self._leave_out_missed(clock, index)
        turns = [(clock.due_s(due), index) for index, due in enumerate(self._next_ns)]
        heapq.heapify(turns)
        while turns:
            wake_s, index = turns[0]
            await asyncio.sleep(max(wake_s - time.monotonic(), 0.0))
            heapq.heapreplace(turns, (await self._turn(clock, index), index))

    async def _turn(self, clock: SimulatedClock, index: int) -> float:
        """Let one performer step; return when to wake for its next one."""
        performer = self._performers[index]
        late_s = time.monotonic() - clock.due_s(self._next_ns[index])
        self._note(performer, late_s, clock)
        if late_s > SKIP_S:
            self._leave_out_missed(clock, index)
        await performer.tick(self._next_ns[index])
        self._next_ns[index] += performer.step_ns
        earliest_s = time.monotonic() + performer.step_ns / SECOND_NS / clock.speed / 2
        return max(clock.due_s(self._next_ns[index]), earliest_s)

    def _leave_out_missed(self, clock: SimulatedClock, index: int) -> None:
        """Move a performer's next step to the last one that is due, if it may leave steps out."""
        performer = self._performers[index]
        missed = (clock.now_ns() - self._next_ns[index]) // performer.step_ns
        if missed > 0 and performer.skips:
            self._next_ns[index] += missed * performer.step_ns

    async def advance(self, until_ns: int) -> None:
        """Call performers for every step up to a simulated time, as fast as possible."""
        while True:
            due_ns, index = min((due, index) for index, due in enumerate(self._next_ns))
            if due_ns > until_ns:
                return
            await self._performers[index].tick(due_ns)
            self._next_ns[index] += self._performers[index].step_ns
            await asyncio.sleep(0)

    def _note(self, performer: Performer, late_s: float, clock: SimulatedClock) -> None:
        self.worst_late_s = max(self.worst_late_s, late_s)
        if late_s < LATE_S or time.monotonic() - self._complained_s < _COMPLAIN_EVERY_S:
            return
        self._complained_s = time.monotonic()
        log.warning(
            "simulators.late",
            machine=performer.id,
            late_s=round(late_s, 1),
            speed=clock.speed,
            hint="this computer cannot keep pace; simulate fewer machines or at a lower speed",
        )


def staggered(start_ns: int, number: int, step_ns: int) -> int:
    """Return the first source time of the machine of this number.

    Machines of one step length would otherwise all write in the same millisecond.
    """
    return start_ns + number * _STAGGER_NS % step_ns
