"""Compiles the solver's kernels before they are needed, several at once; on disk they stay.

Run it as ``python deploy/kernels.py``. A fresh checkout takes a minute of processor time for it,
which a solve or a test would have to wait for; afterwards it takes a second.
"""

from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

SOLVER = "pilotline_scheduler.solver."
SLOWEST_FIRST = (
    "line.compilation",
    "shop.sequence.rehearsal",
    "project.compilation",
    "shop.flexible.rehearsal",
)


def finish(module: str) -> None:
    """Compile the kernels of one module."""
    import_module(SOLVER + module).KERNELS.finish()


def main() -> int:
    """Compile all kernels and return the exit status."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for _ in pool.map(finish, SLOWEST_FIRST):
            pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
