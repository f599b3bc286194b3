"""Dead letters: values and events the historian will never take, kept for a person."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pilotline_historian import Event, Sample

_MOST_BYTES = 64 * 1024 * 1024


class DeadLetters:
    """A file of JSON lines, one per value or event.

    Characteristics
        durable: a letter is on disk before its record leaves the journal
        bounded: a file of 64 MiB and the one before it; older letters go
        at least once: after a crash a letter may stand there twice
        any text: also what UTF-8 cannot say, which would hold up all that is to be delivered
        secret: readable by the agent's user only, as the values are
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.written = 0

    def write(self, letters: Iterable[tuple[Sample, str]]) -> None:
        """Keep values with the reason for each.

        Raises:
            OSError: the file cannot be written.
        """
        self._keep(
            {
                "reason": reason,
                "site": sample.series.site,
                "machine": sample.series.machine,
                "tag": sample.series.tag,
                "source_time_ns": sample.source_time_ns,
                "value": sample.value,
                "status": sample.status,
                "server_time_ns": sample.server_time_ns,
            }
            for sample, reason in letters
        )

    def write_events(self, letters: Iterable[tuple[Event, str]]) -> None:
        """Keep events with the reason for each.

        Raises:
            OSError: the file cannot be written.
        """
        self._keep({"reason": reason, "event": asdict(event)} for event, reason in letters)

    def _keep(self, letters: Iterable[dict[str, Any]]) -> None:
        now = datetime.now(UTC).isoformat()
        lines = [_line({"at": now, **letter}) for letter in letters]
        if not lines:
            return
        if self._path.exists() and self._path.stat().st_size > _MOST_BYTES:
            self._path.replace(self._path.with_suffix(".1.jsonl"))
        with open(self._path, "a", encoding="utf-8", opener=_for_us_alone) as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.written += len(lines)


def _line(letter: dict[str, Any]) -> str:
    """Return a letter that a terminal shows as it stands; what is no text is escaped."""
    text = json.dumps(letter, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(letter)


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
