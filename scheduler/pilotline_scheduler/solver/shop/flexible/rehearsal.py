"""A small flexible shop on which every kernel is called once, so that all are compiled."""

import numpy as np

from pilotline_scheduler.solver.compilation import Compilation
from pilotline_scheduler.solver.shop.flexible.graph import Graph
from pilotline_scheduler.solver.shop.flexible.walk import Walk


def rehearse() -> None:
    """Call every kernel."""
    none = np.zeros(2, dtype=np.int64)
    graph = Graph(
        mode_at=np.array([0, 2, 4]),
        mode_machine=np.array([0, 1, 0, 1]),
        mode_ticks=np.ones(4, dtype=np.int64),
        mode_entering=np.zeros(4, dtype=np.int64),
        mode_leaving=np.zeros(4, dtype=np.int64),
        after_at=np.array([0, 1, 1]),
        after=np.array([1]),
        after_lag=np.zeros(1, dtype=np.int64),
        before_at=np.array([0, 0, 1]),
        before=np.array([0]),
        before_lag=np.zeros(1, dtype=np.int64),
        earliest=none,
        row_at=np.array([0, 2, 4]),
        fresh=none,
        setup=np.zeros(1, dtype=np.int64),
    )
    walk = Walk(graph, np.random.default_rng(0))
    walk.put(np.array([0, 2]), np.array([0, 1]))
    walk.advance(1)
    walk.member()


KERNELS = Compilation(rehearse)
"""Of this process."""
