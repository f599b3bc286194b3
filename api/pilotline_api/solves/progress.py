"""Keeps a running solve's row alive and current, and listens for its cancellation."""

import threading
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database
from pilotline_api.solves.models import Solve, SolveIncumbent, SolveStatus
from pilotline_api.solves.service import LEASE, tell
from pilotline_scheduler.plan import Incumbent

_LOOK_S = 0.2
_RENEW_S = 5.0

_log = structlog.get_logger("pilotline.api.worker")


class ProgressKeeper:
    """Writes incumbents, renews the lease, and sets `cancel` when somebody asked to stop.

    Characteristics
        buffered: incumbents wait in memory up to 200 ms and are written together
        pace: at most five writes a second, and a renewed lease each 5 s
        a database that does not answer: logged, and tried again at the next look
        threads: one of its own; `found` may be called from any

    Args:
        database: where the solve's row is.
        solve_id: the solve.
        stopping: tells whether the worker itself is to stop.
    """

    def __init__(self, database: Database, solve_id: str, stopping: Callable[[], bool]) -> None:
        self.cancel = threading.Event()
        self.stopped_by_worker = False
        self._database = database
        self._solve_id = solve_id
        self._stopping = stopping
        self._found: list[Incumbent] = []
        self._lock = threading.Lock()
        self._written = 0
        self._renewed_s = monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="solve-progress", daemon=True)

    def __enter__(self) -> Self:
        """Begin to keep."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what is left and stop keeping."""
        self._over.set()
        self._thread.join()
        self._look()

    def found(self, incumbent: Incumbent) -> None:
        """Note a better plan."""
        with self._lock:
            self._found.append(incumbent)

    def _run(self) -> None:
        while not self._over.wait(_LOOK_S):
            self._look()

    def _look(self) -> None:
        if self._stopping() and not self.cancel.is_set():
            self.stopped_by_worker = True
            self.cancel.set()
        with self._lock:
            fresh, self._found = self._found, []
        try:
            self._write(fresh)
        except SQLAlchemyError as error:
            _log.warning("solve.progress_not_written", solve=self._solve_id, error=str(error))
            with self._lock:
                self._found = fresh + self._found

    def _write(self, fresh: list[Incumbent]) -> None:
        renew = monotonic() - self._renewed_s >= _RENEW_S
        if not fresh and not renew:
            with self._database.reading() as session:
                solve = session.get_one(Solve, self._solve_id)
                self._heed(solve)
            return
        now = utc_now()
        with self._database.writing() as session:
            solve = session.get_one(Solve, self._solve_id, with_for_update=True)
            self._heed(solve)
            if solve.status is SolveStatus.RUNNING:
                solve.lease_until = now + LEASE
                for number, incumbent in enumerate(fresh, start=self._written):
                    session.add(_row(self._solve_id, number, incumbent))
                if fresh:
                    _advance(solve, fresh[-1], self._written + len(fresh))
                    tell(session, solve, now)
        self._written += len(fresh)
        self._renewed_s = monotonic()

    def _heed(self, solve: Solve) -> None:
        gone = solve.status is not SolveStatus.RUNNING
        if gone or solve.cancel_requested_at is not None:
            self.cancel.set()


def gap_pct(objective: int, bound: int | None) -> float | None:
    """Return how far an objective may be above the optimum, in per cent of it."""
    if bound is None:
        return None
    if objective == 0:
        return 0.0
    return round(100 * (objective - bound) / objective, 2)


def _advance(solve: Solve, newest: Incumbent, count: int) -> None:
    objective, bound = newest.objective[0], newest.bound[0] if newest.bound else None
    solve.wall_s = newest.wall_s
    solve.objective, solve.bound = objective, bound
    solve.gap_pct = gap_pct(objective, bound)
    solve.incumbents = count


def _row(solve_id: str, number: int, incumbent: Incumbent) -> SolveIncumbent:
    return SolveIncumbent(
        solve_id=solve_id,
        number=number,
        wall_s=incumbent.wall_s,
        objective=incumbent.objective[0],
        bound=incumbent.bound[0] if incumbent.bound else None,
    )
