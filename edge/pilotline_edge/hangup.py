"""Hangup: what SIGHUP means, which both closed terminals and administrators send."""

import asyncio
import os
import signal
from collections.abc import Callable

_TERMINAL = "/dev/tty"


def has_terminal() -> bool:
    """Return whether the process belongs to a terminal that is still open."""
    try:
        handle = os.open(_TERMINAL, os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    os.close(handle)
    return True


def handle_hangup(
    loop: asyncio.AbstractEventLoop, again: Callable[[], None] | None, stop: Callable[[], None]
) -> None:
    """Take SIGHUP as daemons do, and as programs in a terminal do once that is closed.

    Where it is ignored, as under ``nohup``, it stays so.

    Args:
        loop: the running loop of the main thread.
        again: reads the settings again, or None when there are none to read.
        stop: ends the program.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return
    in_terminal = has_terminal()

    def hung_up() -> None:
        if again is None or (in_terminal and not has_terminal()):
            stop()
        else:
            again()

    loop.add_signal_handler(signal.SIGHUP, hung_up)
