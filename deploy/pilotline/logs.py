"""Logs of the command line: plain lines on standard error, so that answers stay clean.

A log quotes machines and servers: whatever they say, one event stays one line that commands no
terminal, and the lines of a traceback are set in, so that none passes for an event.
"""

import io
import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from pilotline_plant.printable import escaped

if TYPE_CHECKING:
    from structlog.typing import Processor

_PRIORITIES = {"critical": 2, "error": 3, "exception": 3, "warning": 4, "info": 6}
"""syslog's numbers (RFC 5424, 6.2.1) of structlog's levels; others are debug, 7."""

_LONGEST = 2_000
_INDENT = "    "


class _StandardError:
    """Standard error as it is at the time; a line that it cannot take is lost and ends nothing.

    A terminal that was closed and a file on a full disk refuse every line. Whoever replaces
    standard error, as tests do, gets what is logged from then on.
    """

    def write(self, text: str) -> int:
        """Write, or lose what cannot be written."""
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or lose what cannot be written."""
        with suppress(OSError):
            sys.stderr.flush()


def log_to_stderr(*, warnings_only: bool = False) -> None:
    """Write structlog's events as plain lines to standard error.

    structlog's default draws an error with all its local variables, which holds an event loop up
    for seconds; here an error is its ordinary traceback. Libraries that use `logging` write the
    same way. Where standard error is the system's journal, lines carry their priority in place of
    time and level, which it keeps by itself.

    Args:
        warnings_only: for a command whose answer says itself that all went well.
    """
    import structlog

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *_rendering(in_journal())],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.WARNING if warnings_only else logging.NOTSET
        ),
        logger_factory=lambda *_: structlog.WriteLogger(cast("TextIO", _StandardError())),
    )
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_LibraryFormatter("%(levelname)s %(name)s: %(message)s"))


def in_journal() -> bool:
    """Return whether standard error is a stream to systemd's journal (``JOURNAL_STREAM``)."""
    try:
        there = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


def prioritised(level: str, text: str) -> str:
    """Return a text whose every line begins with its level's priority (sd-daemon(3))."""
    mark = f"<{_PRIORITIES.get(level, 7)}>"
    return "\n".join(f"{mark}{line}" for line in text.splitlines())


def _rendering(journal: bool) -> "list[Processor]":
    import structlog

    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_traceback)
    if not journal:
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        return [structlog.processors.add_log_level, stamp, _harmless, plain]

    def with_priority(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:  # noqa: ANN401 - structlog's type
        return prioritised(name, plain(logger, name, event))

    return [_harmless, with_priority]


def _harmless(_logger: object, _name: str, event: MutableMapping[str, Any]) -> Any:  # noqa: ANN401 - structlog's type
    """Escape the texts of an event and cut those beyond all measure."""
    for key, held in event.items():
        if isinstance(held, str):
            event[key] = _cut(held)
    return event


def _cut(text: str) -> str:
    if len(text) > _LONGEST:
        return f"{escaped(text[:_LONGEST])}… ({len(text)} characters)"
    return escaped(text)


def _traceback(stream: TextIO, error: Any) -> None:  # noqa: ANN401 - structlog's type
    import structlog

    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, error)
    stream.write(_set_in(plain.getvalue()))


def _set_in(text: str) -> str:
    """Return lines so that none begins where an event does."""
    return "\n".join(_INDENT + _cut(line) for line in text.strip("\n").split("\n"))


class _LibraryFormatter(logging.Formatter):
    """Writes what libraries log as one line, and a traceback set in behind it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return _cut(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - the library's name and type
        return _set_in(super().formatException(ei))
