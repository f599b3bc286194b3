"""Ledger: every sample the simulated machines emitted, written before it is emitted.

One JSON object a line::

    {"machine": "mill-1", "tag": "spindle_speed", "source_time_ns": 1763794372000000000,
     "value": 12004.0, "status": 0}

``value`` is null when ``status`` is bad. A line with ``"repeat": true`` tells that a value was
written again with a new source time; a client sees it only with the trigger StatusValueTimestamp.
Not-a-number and the infinities are written ``NaN`` and ``Infinity``, as Python's `json` reads them.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pilotline_simulators.emission import GOOD, Emission, Value
from pilotline_simulators.errors import LedgerError


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of a ledger.

    Attributes:
        machine: machine id.
        tag: tag id.
        source_time_ns: nanoseconds since 1970 UTC.
        value: what every client decodes; None when `status` is bad.
        status: OPC UA status code.
        repeat: whether only clients with the trigger StatusValueTimestamp see it.
    """

    machine: str
    tag: str
    source_time_ns: int
    value: Value
    status: int
    repeat: bool = False


class Ledger:
    """Appends what is about to be emitted to a file.

    Characteristics:
        Unbuffered: `record` has handed all lines to the operating system when it returns, so they
        outlive a SIGKILL of this process (not a power cut).
        Full disk: raises, and the samples are not emitted.
        A file that is there is continued; a last line cut short by a full disk is taken off.
        Not thread-safe: one event loop.

    Args:
        path: the file.

    Raises:
        LedgerError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._prefixes: dict[tuple[str, str], str] = {}
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            _take_off_cut_line(self._descriptor)
        except OSError as error:
            raise LedgerError(f"the ledger {path} cannot be opened: {error.strerror}") from error

    def record(self, machine: str, emissions: Sequence[Emission]) -> None:
        """Write emissions of a machine.

        Raises:
            LedgerError: they cannot be written.
        """
        text = "".join(self._line(machine, emission) for emission in emissions)
        data = memoryview(text.encode())
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            raise LedgerError(
                f"the ledger {self._path} cannot be written: {error.strerror}. "
                "The simulators stop, since they emit nothing that is not in it."
            ) from error

    def _line(self, machine: str, emission: Emission) -> str:
        key = (machine, emission.tag)
        prefix = self._prefixes.get(key)
        if prefix is None:
            prefix = (
                f'{{"machine": {json.dumps(machine)}, "tag": {json.dumps(emission.tag)}, '
                '"source_time_ns": '
            )
            self._prefixes[key] = prefix
        mark = ', "repeat": true' if emission.repeat else ""
        value = json.dumps(emission.value)
        return (
            f'{prefix}{emission.source_time_ns}, "value": {value}, "status": {emission.status}'
            f"{mark}}}\n"
        )

    def close(self) -> None:
        """Close the file; a closed ledger stays closed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def read_ledger(path: Path, *, repeats: bool = False) -> Iterator[LedgerEntry]:
    """Read a ledger, oldest line first.

    Args:
        path: the file; a last line that is still being written is left out.
        repeats: whether to include lines that only clients with the trigger StatusValueTimestamp
            see. Without them the ledger is what every client must see; with them it is what a
            client may see.

    Raises:
        LedgerError: the file cannot be read or a line is no entry.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith("\n"):
                    return
                entry = _entry(path, number, line)
                if repeats or not entry.repeat:
                    yield entry
    except OSError as error:
        raise LedgerError(f"the ledger {path} cannot be read: {error.strerror}") from error


def _entry(path: Path, number: int, line: str) -> LedgerEntry:
    try:
        fields = json.loads(line)
        return LedgerEntry(
            machine=fields["machine"],
            tag=fields["tag"],
            source_time_ns=fields["source_time_ns"],
            value=fields["value"],
            status=fields.get("status", GOOD),
            repeat=fields.get("repeat", False),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{path}:{number}: is no ledger entry: {line.strip()!r}") from error


def _take_off_cut_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, min(size, 65536), max(size - 65536, 0))
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(descriptor, size - len(tail) + tail.rfind(b"\n") + 1)
