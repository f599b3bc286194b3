"""The kernels of lines, compiled."""

from pilotline_scheduler.problem import Machine, Mode, Operation, Problem, Run
from pilotline_scheduler.solver.compilation import Compilation
from pilotline_scheduler.solver.instance import compile_problem


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


KERNELS = Compilation(_exercise)
"""Of this process."""
