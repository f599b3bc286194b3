"""Log watch: tells when a reader keeps the write-ahead log from being folded into the file."""

import os
from pathlib import Path
from typing import Final

import structlog

_log = structlog.get_logger("pilotline.historian")

LONG_LOG_BYTES: Final = 512 * 2**20
"""A log of this size is folded no more: its limit between checkpoints is 64 MiB."""


class LogWatch:
    """Looks at the size of the log after each write.

    Pilotline's own readers leave the file after each step. Another program that stays in a read
    transaction (a shell, a copy that was stopped) makes the log grow with each write, until the
    disk is full; the writer cannot end it, so a person is told.

    Characteristics
        told: once, and again when it has been short in between

    Args:
        path: of the store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = f"{path}-wal"
        self._told = False

    def look(self) -> None:
        """Tell when the log has grown long."""
        try:
            size = os.stat(self._log).st_size  # noqa: PTH116 - a third of the time of a Path
        except OSError:
            return
        if size < LONG_LOG_BYTES:
            self._told = False
        elif not self._told:
            self._told = True
            _log.warning(
                "historian.log_held",
                file=str(self._path),
                log_bytes=size,
                hint="a program has been reading the file in one transaction for long; end it",
            )
