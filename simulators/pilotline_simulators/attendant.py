"""Attendant: runs a machine as its operator would, with the mishaps of a pilot line."""

from dataclasses import dataclass
from random import Random

from pilotline_plant import PackMLState
from pilotline_simulators.packml import ACTING, Command, UnitState

_S = PackMLState

ACTING_S = {
    _S.CLEARING: 15.0,
    _S.STARTING: 20.0,
    _S.STOPPING: 6.0,
    _S.ABORTING: 2.0,
    _S.HOLDING: 3.0,
    _S.UNHOLDING: 5.0,
    _S.SUSPENDING: 3.0,
    _S.UNSUSPENDING: 5.0,
    _S.RESETTING: 12.0,
    _S.COMPLETING: 8.0,
}
"""How long an acting state usually takes; Execute ends with the job's last unit instead."""

WAITING_S = {
    _S.IDLE: 300.0,
    _S.COMPLETE: 90.0,
    _S.STOPPED: 60.0,
    _S.ABORTED: 180.0,
    _S.HELD: 150.0,
    _S.SUSPENDED: 90.0,
}
"""How long a machine usually waits for its attendant."""

NEXT = {
    _S.IDLE: Command.START,
    _S.COMPLETE: Command.RESET,
    _S.STOPPED: Command.RESET,
    _S.ABORTED: Command.CLEAR,
    _S.HELD: Command.UNHOLD,
    _S.SUSPENDED: Command.UNSUSPEND,
}
"""What the attendant does where a machine waits."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something that interrupts production.

    Attributes:
        command: what it makes the machine do.
        every_s: mean producing time between two of them.
    """

    command: Command
    every_s: float


MISHAPS = (
    Mishap(Command.HOLD, 75 * 60),
    Mishap(Command.SUSPEND, 90 * 60),
    Mishap(Command.ABORT, 150 * 60),
    Mishap(Command.STOP, 240 * 60),
)
"""Of 24 machines, one or two are down or held at a time."""


class Attendant:
    """Starts, resets and clears a machine, and lets mishaps befall it.

    Args:
        unit_state: the machine's state.
        random: source of randomness.
        mishaps: what may interrupt production; empty for an undisturbed machine.
        rarity: by how much mishaps are rarer than usual, as for machines whose jobs take a day.
    """

    def __init__(
        self,
        unit_state: UnitState,
        random: Random,
        mishaps: tuple[Mishap, ...] = MISHAPS,
        rarity: float = 1.0,
    ) -> None:
        self.on_duty = True
        self._unit_state = unit_state
        self._random = random
        self._mishaps = mishaps
        self._rarity = rarity
        self._drawn_for = unit_state.entries
        self._dwell_s = self._draw_dwell(unit_state.state)

    def step(self, dt_s: float) -> None:
        """Do what is due: end an acting state, wake a waiting one, or suffer a mishap."""
        unit = self._unit_state
        if unit.entries != self._drawn_for:
            self._drawn_for = unit.entries
            self._dwell_s = self._draw_dwell(unit.state)
        if unit.state is _S.EXECUTE:
            self._suffer(dt_s)
        elif unit.elapsed_s < self._dwell_s:
            return
        elif unit.state in ACTING:
            unit.complete()
        elif self.on_duty:
            unit.command(NEXT[unit.state])

    def _suffer(self, dt_s: float) -> None:
        # One draw each step, whatever happens, keeps later draws independent of earlier fates.
        fate = self._random.random()
        if not self.on_duty:
            return
        for mishap in self._mishaps:
            fate -= dt_s / (mishap.every_s * self._rarity)
            if fate < 0:
                self._unit_state.command(mishap.command)
                return

    def _draw_dwell(self, state: PackMLState) -> float:
        usual = ACTING_S.get(state) or WAITING_S.get(state, 0.0)
        return usual * self._random.triangular(0.5, 2.0, 0.9)
