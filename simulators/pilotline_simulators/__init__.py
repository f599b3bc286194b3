"""Simulated machines as OPC UA servers, and replays of recordings."""

from pilotline_simulators.emission import (
    BAD_NOT_CONNECTED,
    BAD_SENSOR_FAILURE,
    BAD_WAITING_FOR_INITIAL_DATA,
    GOOD,
    UNCERTAIN_LAST_USABLE_VALUE,
    Emission,
)
from pilotline_simulators.errors import (
    CommandRefusedError,
    EndpointError,
    EndpointInUseError,
    LedgerError,
    RecordingError,
    SimulatorError,
    UnknownMachineError,
    UnknownTagError,
)
from pilotline_simulators.ledger import LedgerEntry, read_ledger
from pilotline_simulators.model import MachineModel
from pilotline_simulators.packml import Command
from pilotline_simulators.program import run
from pilotline_simulators.replay import Replay, ReplayedMachine
from pilotline_simulators.simulated_machine import SimulatedMachine
from pilotline_simulators.simulated_plant import SimulatedPlant

__all__ = [
    "BAD_NOT_CONNECTED",
    "BAD_SENSOR_FAILURE",
    "BAD_WAITING_FOR_INITIAL_DATA",
    "GOOD",
    "UNCERTAIN_LAST_USABLE_VALUE",
    "Command",
    "CommandRefusedError",
    "Emission",
    "EndpointError",
    "EndpointInUseError",
    "LedgerEntry",
    "LedgerError",
    "MachineModel",
    "RecordingError",
    "Replay",
    "ReplayedMachine",
    "SimulatedMachine",
    "SimulatedPlant",
    "SimulatorError",
    "UnknownMachineError",
    "UnknownTagError",
    "read_ledger",
    "run",
]
