"""Compiles the kernels of job shops beside the solve, for the first one after an install."""

import threading
from collections.abc import Callable

from pilotline_scheduler.solver.search import Search

_POLL_S = 0.01


class Compiled:
    """Runs a rehearsal that compiles kernels, so that a solve can end while it is not done.

    Args:
        rehearsal: calls every kernel once.
    """

    def __init__(self, rehearsal: Callable[[], None]) -> None:
        self._done = threading.Event()
        self._error: BaseException | None = None
        self._rehearsal = rehearsal
        threading.Thread(target=self._run, name="pilotline-compile", daemon=True).start()

    def wait(self, search: Search) -> bool:
        """Wait until kernels are compiled, or the search is over; return whether they are.

        Raises:
            BaseException: what the rehearsal raised.
        """
        while not self._done.wait(_POLL_S):
            if search.over():
                return False
        if self._error is not None:
            raise self._error
        return True

    def _run(self) -> None:
        try:
            self._rehearsal()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error
        self._done.set()
