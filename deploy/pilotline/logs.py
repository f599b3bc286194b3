"""Logs of the command line: plain lines on standard error, so that answers stay clean."""

import sys


def log_to_stderr() -> None:
    """Write structlog's events as plain lines to standard error.

    structlog's default draws an error with all its local variables, which holds an event loop up
    for seconds; here an error is its ordinary traceback.
    """
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        # Whoever replaces standard error, as tests do, gets what is logged from then on.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
    )
