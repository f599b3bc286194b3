"""What can go wrong with simulated machines.

::

    SimulatorError
    ├── UnknownMachineError     the plant has no machine of this id
    ├── UnknownTagError         the machine has no tag of this id
    ├── CommandRefusedError     the machine's state does not accept the PackML command
    ├── EndpointError           a machine's endpoint, node id or browse path cannot be served
    │   └── EndpointInUseError  another program listens where the machine wants to
    ├── RecordingError          a recording cannot be replayed; names file, line and column
    └── LedgerError             the ledger cannot be written or read
"""

from collections.abc import Iterable
from pathlib import Path

from pilotline_plant import PackMLState


class SimulatorError(Exception):
    """Base of every error of this room; catch it to catch them all."""


class UnknownMachineError(SimulatorError):
    """The plant has no machine of this id."""

    def __init__(self, machine: str, known: Iterable[str]) -> None:
        super().__init__(f"no simulated machine {machine!r}; there are: {', '.join(known)}")
        self.machine = machine


class UnknownTagError(SimulatorError):
    """The machine has no tag of this id."""

    def __init__(self, machine: str, tag: str, known: Iterable[str]) -> None:
        super().__init__(f"machine {machine!r} has no tag {tag!r}; it has: {', '.join(known)}")
        self.tag = tag


class CommandRefusedError(SimulatorError):
    """The machine's state does not accept the PackML command.

    Attributes:
        state: the state the machine is in.
    """

    def __init__(self, command: str, state: PackMLState, allowed: Iterable[str]) -> None:
        choices = ", ".join(allowed) or "none; wait until the state completes"
        super().__init__(f"'{command}' is not allowed in state {state.word}; allowed: {choices}")
        self.state = state


class EndpointError(SimulatorError):
    """A machine's endpoint, node id or browse path cannot be served."""

    def __init__(self, machine: str, reason: str) -> None:
        super().__init__(f"machine {machine!r} cannot be served: {reason}")
        self.machine = machine


class EndpointInUseError(EndpointError):
    """Another program listens where the machine wants to."""

    def __init__(self, machine: str, host: str, port: int) -> None:
        super().__init__(
            machine,
            f"port {port} of {host} is in use. Stop the program that listens there "
            "(another `pilotline simulate` or `pilotline up`?), or give the machine another "
            "endpoint in the plant file.",
        )
        self.port = port


class RecordingError(SimulatorError):
    """A recording cannot be replayed.

    Attributes:
        file: the recording.
        line: line in it, from 1.
        column: header of the column, or its number from 1 where it has none; empty for the line.
    """

    def __init__(self, file: Path, line: int, column: str, reason: str) -> None:
        where = f"{file}:{line}" + (f", column {column}" if column else "")
        super().__init__(f"{where}: {reason}")
        self.file = file
        self.line = line
        self.column = column


class LedgerError(SimulatorError):
    """The ledger cannot be written or read."""
