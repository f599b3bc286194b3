"""The kernels of project searches, compiled."""

import numpy as np

from pilotline_scheduler.solver.compilation import Compilation
from pilotline_scheduler.solver.project.population import Population
from pilotline_scheduler.solver.project.project import Net, ints

_CHILDREN = 20


def _exercise() -> None:
    """Breed schedules of a project of one activity after another."""
    one = ints([1, 1])
    net = Net(
        ticks=one,
        earliest=ints([0, 0]),
        before_at=ints([0, 0, 1]),
        before=ints([0]),
        before_wait=ints([1]),
        after_at=ints([0, 1, 1]),
        after=ints([1]),
        after_wait=ints([1]),
        rate=ints([0, 0]),
        need=np.zeros((2, 1), np.int64),
        guard=ints([0]),
        free=np.zeros((4, 1), np.int64),
    )
    population = Population(net, 2, 0)
    population.advance(_CHILDREN, 0)
    population.advance(_CHILDREN, 0)


KERNELS = Compilation(_exercise)
"""Of this process."""
