"""What can stop `pilotline` from starting.

::

    StartError
    ├── DataDirectoryError   the data directory cannot be made, written or locked
    ├── PortInUseError       another program listens where a part wants to
    └── PartFailedError      a part ended before it was ready
"""

from pathlib import Path


class StartError(Exception):
    """Base of every error of starting; its message says what to do."""


class DataDirectoryError(StartError):
    """The data directory cannot be made, written or locked."""


class PortInUseError(StartError):
    """Another program listens where a part wants to."""

    def __init__(self, host: str, port: int, what: str, remedy: str) -> None:
        super().__init__(f"{what} cannot listen on {host}:{port}: the port is in use. {remedy}")
        self.port = port


class PartFailedError(StartError):
    """A part ended before it was ready."""

    def __init__(self, part: str, code: int, log: Path, tail: str) -> None:
        super().__init__(
            f"{part} stopped with exit code {code} before it was ready; its log is {log}:\n{tail}"
        )
        self.part = part
