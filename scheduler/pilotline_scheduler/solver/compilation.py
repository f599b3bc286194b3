"""Compiles kernels once per process, beside whatever else is done."""

import threading
from collections.abc import Callable

from pilotline_scheduler.solver.search import Search

_POLL_S = 0.02


class Compilation:
    """Runs kernels on a tiny case so that they are compiled; a solve may end while it does not.

    The first time on a machine this takes some ten seconds, later less than one.

    Characteristics:
        thread-safe: yes.
        thread: one, a daemon, so that a process may end in the middle of it.

    Args:
        exercise: calls every kernel once.
    """

    def __init__(self, exercise: Callable[[], None]) -> None:
        self._exercise = exercise
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._done = threading.Event()
        self._error: Exception | None = None

    def start(self) -> None:
        """Begin, unless that was done before."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="pilotline-compile", daemon=True
                )
                self._thread.start()

    def wait(self, search: Search, until_left_s: float = 0.0) -> bool:
        """Wait until kernels can run, or so little time is left; return whether they can.

        A search that must be repeatable waits as long as it is not over.

        Raises:
            RuntimeError: they cannot be compiled; its cause says why.
        """
        self.start()
        while not search.over() and (search.repeatable or search.left_s() > until_left_s):
            if self._done.wait(_POLL_S):
                self.finish()
                return True
        return False

    def finish(self) -> None:
        """Compile, however long it takes.

        Raises:
            RuntimeError: they cannot be compiled; its cause says why.
        """
        self.start()
        self._done.wait()
        if self._error is not None:
            message = f"{self._exercise.__module__}: the kernels cannot be compiled"
            raise RuntimeError(message) from self._error

    def _run(self) -> None:
        try:
            self._exercise()
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error
        self._done.set()
