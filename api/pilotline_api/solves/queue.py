"""The queue between the API, which asks for solves, and the worker, which runs them."""

from collections.abc import Callable
from pathlib import Path

from huey import SqliteHuey
from huey.consumer import Consumer

_TASK = "solve"


class SolveQueue:
    """A queue of solve ids in one SQLite file.

    The queue only wakes a worker: what is to be done stands in the ``solve`` table, and a worker
    that finds a queued solve there runs it even if its id was lost on the way here.

    Characteristics
        buffered: on disk, no limit; the API lets one solve in at a time
        delivery: at most once from here, at least once together with the table
        order: first in, first out
        threads: one object serves all of them

    Args:
        path: the SQLite file; made when missing.
        work: what a worker does with an id; a queue that only asks needs none.
    """

    def __init__(self, path: Path, work: Callable[[str], None] | None = None) -> None:
        self._huey = SqliteHuey("pilotline", filename=str(path), results=False, fsync=True)
        chosen = work or _only_asking

        # Named by this module and word on both sides, whoever does the work.
        @self._huey.task(name=_TASK)  # type: ignore[untyped-decorator]
        def solve(solve_id: str) -> None:
            chosen(solve_id)

        self._task = solve

    def ask(self, solve_id: str) -> None:
        """Wake a worker for a solve."""
        self._task(solve_id)
        self.close()

    def consumer(self) -> Consumer:
        """Return a consumer that runs one solve at a time, in a thread of this process."""
        return self._huey.create_consumer(
            workers=1,
            periodic=False,
            initial_delay=0.1,
            max_delay=0.5,
            shutdown_timeout=15,
        )

    def close(self) -> None:
        """Close this thread's connection to the file; the next use opens it again."""
        self._huey.storage.close()


def _only_asking(solve_id: str) -> None:
    msg = f"solve {solve_id} was taken by a process that runs no solves"
    raise NotImplementedError(msg)
