"""Ballast: disk space held back, so that a full disk can be left again."""

import os
from pathlib import Path

BYTES = 2 * 1024 * 1024


class Ballast:
    """A file of zeros beside the journal.

    Removing records needs disk space itself (SQLite's log, and its fold into the file). When the
    disk is full the ballast goes; nothing is taken until it could be laid down again.

    Characteristics
        bounded: 2 MiB, more than the journal's log
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def lay(self) -> bool:
        """Take the space and return whether there was room for it."""
        if self._path.exists():
            return True
        draft = self._path.with_suffix(".laying")
        try:
            with draft.open("wb") as file:
                file.write(bytes(BYTES))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            draft.unlink(missing_ok=True)
            return False
        draft.replace(self._path)
        return True

    def drop(self) -> None:
        """Give the space free."""
        self._path.unlink(missing_ok=True)
