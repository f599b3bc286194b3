"""The compiled problem that every part of the solver works on."""

from pilotline_scheduler.solver.instance.compile import compile_problem
from pilotline_scheduler.solver.instance.errors import NoPlanError
from pilotline_scheduler.solver.instance.instance import (
    ChangeoverData,
    ClientData,
    Extra,
    Instance,
    LagData,
    LevelData,
    MachineData,
    ModeData,
    RunData,
)
from pilotline_scheduler.solver.instance.schedule import (
    Schedule,
    batches,
    burdens,
    changeovers,
    chosen,
    heads,
    mates,
    objective,
    sequences,
)
from pilotline_scheduler.solver.instance.starts import FOREVER, Starts

__all__ = [
    "FOREVER",
    "ChangeoverData",
    "ClientData",
    "Extra",
    "Instance",
    "LagData",
    "LevelData",
    "MachineData",
    "ModeData",
    "NoPlanError",
    "RunData",
    "Schedule",
    "Starts",
    "batches",
    "burdens",
    "changeovers",
    "chosen",
    "compile_problem",
    "heads",
    "mates",
    "objective",
    "sequences",
]
