"""The data directory of one `pilotline up`: its paths, and that only one uses it at a time."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pilotline.errors import DataDirectoryError


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Where everything that must survive a restart lies.

    Attributes:
        root: the directory.
    """

    root: Path

    @property
    def logs(self) -> Path:
        """One log file for each part; the former run's has the suffix ``.1``."""
        return self.root / "logs"

    @property
    def edge(self) -> Path:
        """The edge agent's journal, certificates and status."""
        return self.root / "edge"

    @property
    def certificates(self) -> Path:
        """The simulated machines' own certificates."""
        return self.root / "simulators" / "certificates"

    @property
    def historian_url(self) -> str:
        """The embedded historian."""
        return f"sqlite:///{(self.root / 'historian.sqlite').absolute()}"

    def prepare(self) -> None:
        """Make the directories.

        Raises:
            DataDirectoryError: it cannot be made or written.
        """
        try:
            for folder in (self.root, self.logs, self.edge, self.certificates):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.root / ".write-probe"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise DataDirectoryError(
                f"the data directory {self.root} cannot be written: {error.strerror}. "
                "Give this user the right to write there, or choose another one with --data DIR."
            ) from error

    def lock(self) -> TextIO:
        """Take the directory for this process; closing the returned file gives it back.

        Raises:
            DataDirectoryError: another `pilotline up` holds it.
        """
        path = self.root / "up.lock"
        handle = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            handle.close()
            raise DataDirectoryError(
                f"the data directory {self.root} is in use by process {holder}. "
                "Stop that one first, or choose another directory with --data DIR."
            ) from error
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        return handle
