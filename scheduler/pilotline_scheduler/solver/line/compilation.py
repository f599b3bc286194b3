"""Compiles the kernels of a line once per process, beside whatever else is done."""

import threading
from functools import lru_cache

from pilotline_scheduler.problem import Machine, Mode, Operation, Problem, Run
from pilotline_scheduler.solver.instance import compile_problem
from pilotline_scheduler.solver.search import Search

_POLL_S = 0.02


def compiled(search: Search) -> bool:
    """Wait until the kernels can run; return whether they can before the search is over.

    The first time on a machine this takes some ten seconds, which no search has to wait for.

    Raises:
        RuntimeError: they cannot be compiled; the thread that tried says why.
    """
    compilation = _compilation()
    while not search.over():
        if compilation.done.wait(_POLL_S):
            if compilation.error is not None:
                message = "the kernels of lines cannot be compiled"
                raise RuntimeError(message) from compilation.error
            return True
    return False


class _Compilation(threading.Thread):
    """Runs every kernel once on the smallest of lines; a process may end in the middle of it."""

    def __init__(self) -> None:
        super().__init__(name="pilotline-compile", daemon=True)
        self.done = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        """Run every kernel once."""
        try:
            _exercise()
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self.error = error
        self.done.set()


@lru_cache(maxsize=1)
def _compilation() -> _Compilation:
    compilation = _Compilation()
    compilation.start()
    return compilation


def _exercise() -> None:
    import numpy as np

    from pilotline_scheduler.solver.line.anneal import anneal
    from pilotline_scheduler.solver.line.board import Board
    from pilotline_scheduler.solver.line.build import line_of
    from pilotline_scheduler.solver.line.construction import begin, go_on

    operation = Operation("one", (Mode("machine", 1),))
    problem = Problem("one", (Machine("machine"),), (Run("one", "one", (operation,)),))
    line = line_of(compile_problem(problem))
    board = Board.of(line, 0)
    begin(line.data, board.data, line.decided)
    go_on(line.data, board.data, 2, 0)
    board.load_places(board.at.copy())
    anneal(line.data, board.data, np.ones(1), 1.0, 1, 1)
