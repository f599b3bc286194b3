"""Operation: what a machine is doing right now, as its physics sees it."""

from dataclasses import dataclass

from pilotline_plant import PackMLState

_S = PackMLState
PRODUCING = frozenset({_S.EXECUTE})
"""States in which units are made."""
DE_ENERGISED = frozenset({_S.STOPPED, _S.ABORTING, _S.ABORTED, _S.CLEARING})
"""States in which drives and heaters are switched off."""
_PREPARED = frozenset(
    {
        *(_S.STARTING, _S.EXECUTE, _S.COMPLETING),
        *(_S.HOLDING, _S.HELD, _S.UNHOLDING),
        *(_S.SUSPENDING, _S.SUSPENDED, _S.UNSUSPENDING),
    }
)
_MOVING = frozenset({_S.STARTING, _S.EXECUTE, _S.COMPLETING, _S.UNHOLDING, _S.UNSUSPENDING})


@dataclass(slots=True)
class Operation:
    """What a machine is doing right now.

    Attributes:
        state: PackML state.
        dt_s: simulated seconds since the step before.
        job: id of the job in the machine, empty without one.
        batch: progress of the job's units, 0 to 1.
        phase: progress of the unit being made, 0 to 1.
        units: good units made since the simulation began.
        recipe: how this job differs from the usual one, -1 to 1.
    """

    state: PackMLState
    dt_s: float = 0.0
    job: str = ""
    batch: float = 0.0
    phase: float = 0.0
    units: int = 0
    recipe: float = 0.0

    @property
    def producing(self) -> bool:
        """Whether units are being made."""
        return self.state in PRODUCING

    @property
    def energised(self) -> bool:
        """Whether drives and heaters are switched on."""
        return self.state not in DE_ENERGISED

    @property
    def prepared(self) -> bool:
        """Whether the machine is, or keeps itself, ready to make units: hot, under pressure."""
        return self.state in _PREPARED

    @property
    def moving(self) -> bool:
        """Whether drives are meant to turn."""
        return self.state in _MOVING
