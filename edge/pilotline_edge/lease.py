"""Lease: one agent per data directory."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from pilotline_edge.data_directory import prepare
from pilotline_edge.errors import LeaseHeld


class Lease:
    """Holds a data directory for this process; the system frees it when the process ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "agent.lock"
        self._handle: int | None = None

    def __enter__(self) -> Self:
        """Take the lease.

        Raises:
            DataDirectoryUnusable: it cannot be made, or is not ours to write.
            LeaseHeld: another agent has it; the message names its process.
        """
        prepare(self._path.parent)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            text = os.read(handle, 32).decode("ascii", "replace").strip()
            os.close(handle)
            pid = int(text) if text.isdecimal() else None
            raise LeaseHeld(
                f"another edge agent (process {pid or 'unknown'}) uses {self._path.parent}; "
                "stop it first, or give this one its own --data directory",
                pid,
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._handle = handle
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lease back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
