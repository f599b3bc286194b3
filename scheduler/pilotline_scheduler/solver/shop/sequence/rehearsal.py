"""A small job shop on which every kernel is called once, so that all are compiled."""

import numpy as np

from pilotline_scheduler.solver.compilation import Compilation
from pilotline_scheduler.solver.shop.sequence.jobs import Jobs
from pilotline_scheduler.solver.shop.sequence.node import AFTER, BEFORE, LEFT, RIGHT, TICKS
from pilotline_scheduler.solver.shop.sequence.walk import MakespanWalk, TardinessWalk
from pilotline_scheduler.solver.shop.sequence.windows import narrow, open_windows, windows_of


def rehearse() -> None:
    """Call every kernel."""
    node = np.zeros((5, 8), np.int64)
    node[:, [BEFORE, AFTER, LEFT, RIGHT]] = 4
    node[:4, TICKS] = 1
    node[[1, 3], BEFORE], node[[0, 2], AFTER] = [0, 2], [1, 3]
    none = np.zeros(2, np.int64)
    jobs = Jobs(
        node=node,
        machine=np.array([0, 1, 1, 0]),
        machines=2,
        run_of=np.array([0, 0, 1, 1]),
        ends=np.array([1, 3]),
        due=none,
        weight=none,
        tardiness=False,
    )
    for walk in (MakespanWalk(jobs, 0), TardinessWalk(jobs, 0)):
        walk.put(np.arange(4))
        walk.advance(1, 1, 0)
        walk.member()
    windows = windows_of(jobs)
    open_windows(windows, 4)
    narrow(windows)


KERNELS = Compilation(rehearse)
"""Of this process."""
