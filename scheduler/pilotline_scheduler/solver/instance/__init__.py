"""The compiled problem that every part of the solver works on."""

from pilotline_scheduler.solver.instance.compile import NoPlanError, compile_problem
from pilotline_scheduler.solver.instance.instance import (
    ChangeoverData,
    Instance,
    LagData,
    LevelData,
    MachineData,
    ModeData,
    RunData,
)
from pilotline_scheduler.solver.instance.schedule import (
    Schedule,
    changeovers,
    objective,
    sequences,
)
from pilotline_scheduler.solver.instance.starts import FOREVER, Starts

__all__ = [
    "FOREVER",
    "ChangeoverData",
    "Instance",
    "LagData",
    "LevelData",
    "MachineData",
    "ModeData",
    "NoPlanError",
    "RunData",
    "Schedule",
    "Starts",
    "changeovers",
    "compile_problem",
    "objective",
    "sequences",
]
