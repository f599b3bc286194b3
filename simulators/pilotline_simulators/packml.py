"""The PackML unit-mode state machine: which command leads where.

Transitions are those of ANSI/ISA-TR88.00.02 as OPC 30050 lists them, without the optional ways to
Holding that OPC 30050 adds for the future.
"""

from collections.abc import Mapping
from enum import StrEnum

from pilotline_plant import PackMLState
from pilotline_simulators.errors import CommandRefusedError

_S = PackMLState


class Command(StrEnum):
    """What an operator or a supervisory system can ask of a machine."""

    RESET = "reset"
    START = "start"
    COMPLETE = "complete"
    HOLD = "hold"
    UNHOLD = "unhold"
    SUSPEND = "suspend"
    UNSUSPEND = "unsuspend"
    STOP = "stop"
    ABORT = "abort"
    CLEAR = "clear"


COMPLETIONS: Mapping[PackMLState, PackMLState] = {
    _S.CLEARING: _S.STOPPED,
    _S.STARTING: _S.EXECUTE,
    _S.STOPPING: _S.STOPPED,
    _S.ABORTING: _S.ABORTED,
    _S.HOLDING: _S.HELD,
    _S.UNHOLDING: _S.EXECUTE,
    _S.SUSPENDING: _S.SUSPENDED,
    _S.UNSUSPENDING: _S.EXECUTE,
    _S.RESETTING: _S.IDLE,
    _S.EXECUTE: _S.COMPLETING,
    _S.COMPLETING: _S.COMPLETE,
}
"""Where an acting state leads once its work is done (the standard's "state complete")."""

_OUTSIDE_RUNNING = frozenset({_S.STOPPED, _S.STOPPING, _S.CLEARING, _S.ABORTING, _S.ABORTED})
_STOPPABLE = frozenset(PackMLState) - _OUTSIDE_RUNNING
_ABORTABLE = frozenset(PackMLState) - {_S.ABORTING, _S.ABORTED}

TRANSITIONS: Mapping[tuple[PackMLState, Command], PackMLState] = {
    (_S.STOPPED, Command.RESET): _S.RESETTING,
    (_S.COMPLETE, Command.RESET): _S.RESETTING,
    (_S.IDLE, Command.START): _S.STARTING,
    (_S.EXECUTE, Command.COMPLETE): _S.COMPLETING,
    (_S.EXECUTE, Command.HOLD): _S.HOLDING,
    (_S.HELD, Command.UNHOLD): _S.UNHOLDING,
    (_S.EXECUTE, Command.SUSPEND): _S.SUSPENDING,
    (_S.SUSPENDED, Command.UNSUSPEND): _S.UNSUSPENDING,
    (_S.ABORTED, Command.CLEAR): _S.CLEARING,
    **{(state, Command.STOP): _S.STOPPING for state in _STOPPABLE},
    **{(state, Command.ABORT): _S.ABORTING for state in _ABORTABLE},
}
"""Where a command leads from a state; a pair that is missing is refused."""

ACTING = frozenset(COMPLETIONS)
"""States in which the machine does something that comes to an end by itself."""


def allowed(state: PackMLState) -> tuple[Command, ...]:
    """Return the commands a state accepts, in the order of `Command`."""
    return tuple(command for command in Command if (state, command) in TRANSITIONS)


class UnitState:
    """The state of one machine and how long it has been in it.

    Args:
        state: where it begins.
    """

    def __init__(self, state: PackMLState = PackMLState.STOPPED) -> None:
        self._state = state
        self._since_s = 0.0
        self._entries = 0

    @property
    def entries(self) -> int:
        """How many states have been entered since the beginning."""
        return self._entries

    @property
    def state(self) -> PackMLState:
        """The present state."""
        return self._state

    @property
    def elapsed_s(self) -> float:
        """Simulated seconds spent in the present state."""
        return self._since_s

    def pass_time(self, seconds: float) -> None:
        """Let time pass in the present state."""
        self._since_s += seconds

    def command(self, command: Command) -> None:
        """Obey a command.

        Raises:
            CommandRefusedError: the present state does not accept it.
        """
        target = TRANSITIONS.get((self._state, command))
        if target is None:
            raise CommandRefusedError(command, self._state, allowed(self._state))
        self._enter(target)

    def complete(self) -> None:
        """End the work of an acting state.

        Raises:
            CommandRefusedError: the present state waits for a command instead.
        """
        target = COMPLETIONS.get(self._state)
        if target is None:
            raise CommandRefusedError("state complete", self._state, allowed(self._state))
        self._enter(target)

    def _enter(self, state: PackMLState) -> None:
        self._state = state
        self._since_s = 0.0
        self._entries += 1
