"""Sends windows out, takes back what comes, and copes when nothing does."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, replace

import structlog

from pilotline_scheduler.solver.cp_model.effort import Effort, Outcome
from pilotline_scheduler.solver.cp_model.scope import Scope
from pilotline_scheduler.solver.instance import Schedule
from pilotline_scheduler.solver.search import Search
from pilotline_scheduler.solver.windows.job import Parcel, WindowJob, WindowResult
from pilotline_scheduler.solver.windows.merge import merged
from pilotline_scheduler.solver.windows.rebuild import Rebuilder
from pilotline_scheduler.solver.windows.worker import decide_window
from pilotline_scheduler.solver.windows.workforce import Workforce

log = structlog.get_logger(__name__)

_FIRST_PATIENCE_S = 20.0
"""Seconds past a window's own in which a workforce must answer first: it may have to start."""
_PATIENCE_S = 8.0
_LEAST_S = 0.3
"""A window that would get less is not sent."""
_MOST_LOST_RUNNING = 20
"""Losses without an answer between after which a workforce is taken for dead."""
_CLOSE_S = 0.5
"""Longest wait for an executor to take back what it has not begun."""


@dataclass(frozen=True, slots=True)
class Back:
    """A window that has come back.

    Attributes:
        outcome: what came of it; the plan in it is the best plan so far with the window's changes.
        took_s: seconds of work elsewhere.
        improved: whether it made the best plan better.
    """

    outcome: Outcome
    took_s: float
    improved: bool


@dataclass(frozen=True, slots=True)
class _Sent:
    job: WindowJob
    source: str
    at_s: float
    then: Callable[[Back], None]


class Dispatch:
    """The windows of one solve that are out.

    Characteristics:
        bound: as many windows out as the workforce has slots; more are refused by `has_room`.
        delivery: at most once; a lost window is not sent again, for the plan has moved on.
        order: as they come back.
        thread-safe: yes.

    A window that a worker could not begin, because it had not got the instance, goes out again
    with the instance. One that is late is given up; while none comes back at all, `trusted` is
    false, and a single window is out to hear whether there is life again.

    Args:
        search: the solve.
        workforce: who decides windows.
    """

    def __init__(self, search: Search, workforce: Workforce) -> None:
        self._search = search
        self._workforce = workforce
        self._rebuilder = Rebuilder(search)
        self._parcel: Parcel | None = None
        self._out: dict[Future[WindowResult], _Sent] = {}
        self._lock = threading.RLock()
        self._heard_s: float | None = None
        self._lost_running = 0
        self.trusted = True
        self.dead = False
        self.counts: Counter[str] = Counter()
        self._doubt_said: str | None = None

    def has_room(self) -> bool:
        """Return whether another window may be sent."""
        with self._lock:
            slots = self._workforce.slots() if self.trusted else 1
            return (
                not self.dead
                and len(self._out) < slots
                and self._search.left_s() > _LEAST_S
                and not self._search.over()
            )

    def send(
        self,
        scope: Scope,
        level: int,
        effort: Effort,
        source: str,
        then: Callable[[Back], None],
    ) -> None:
        """Send a window out.

        Args:
            scope: what may change, with the best plan as base.
            level: the level to minimise.
            effort: how hard to try; shortened to the time left.
            source: what incumbents name as theirs.
            then: called by `receive` when it has come back; not when it is lost.
        """
        with self._lock:
            if self._parcel is None:
                self._parcel = Parcel.of(self._search.instance)
            self.counts["sent"] += 1
            seconds = max(0.0, min(effort.seconds, self._search.left_s()))
            effort = replace(effort, seconds=seconds)
            seed = self._search.seed + self.counts["sent"]
            job = WindowJob(self._parcel.digest, None, scope, level, effort, seed)
            self._submit(_Sent(job, source, self._search.elapsed_s(), then))

    def receive(self, timeout_s: float) -> None:
        """Take in windows that have come back, after waiting for the first one.

        Args:
            timeout_s: longest wait; it is waited for where nothing is out, too.
        """
        with self._lock:
            out = list(self._out)
        if out:
            wait(out, timeout_s, FIRST_COMPLETED)
        else:
            time.sleep(timeout_s)
        for future in out:
            if future.done():
                with self._lock:
                    sent = self._out.pop(future, None)
                if sent is not None:
                    self._take(sent, future)
        self._give_up_late()

    def close(self) -> None:
        """Abandon what is out; windows that have not begun are cancelled, others end soon."""
        with self._lock:
            out = list(self._out)
            self._out.clear()
            self.dead = True
        _abandon(out).join(_CLOSE_S)
        log.info("windows.closed", workforce=self._workforce.name, **self.counts)

    def message(self) -> str:
        """Return what a person should know of losses, or nothing where there were none."""
        lost, sent = self.counts["lost"], self.counts["sent"]
        losses = f"{lost} of {sent} windows sent to {self._workforce.name} were lost"
        if self._doubt_said is not None:
            return f"{self._doubt_said}; {losses}"
        return losses if lost else ""

    def _submit(self, sent: _Sent) -> None:
        try:
            future = self._workforce.executor.submit(decide_window, sent.job)
        except Exception as error:  # noqa: BLE001 - executors raise what they like; it is told
            self._lose(sent, error)
            self._doubt(f"refused windows ({str(error) or repr(error)})", dead=True)
            return
        self._out[future] = sent

    def _take(self, sent: _Sent, future: Future[WindowResult]) -> None:
        try:
            result = future.result()
        except (Exception, CancelledError) as error:  # noqa: BLE001 - lost, whatever the reason
            with self._lock:
                self._lose(sent, error)
            return
        with self._lock:
            self._heard_s = self._search.elapsed_s()
            self._lost_running = 0
            self._trust()
            if not result.known and not self.dead:
                self._submit(replace(sent, job=replace(sent.job, parcel=self._parcel)))
        if result.known:
            sent.then(self._applied(sent, result))

    def _applied(self, sent: _Sent, result: WindowResult) -> Back:
        """Bring a result into the best plan there is now."""
        search, base, schedule = self._search, sent.job.scope.base, None
        self.counts["back"] += 1
        best: Schedule | None = search.best
        improved = False
        if result.changes and best is not None and base is not None:
            schedule = merged(search.instance, best, base, result.changes)
            if schedule is None:
                self.counts["rebuilt"] += 1
                schedule = self._rebuilder.rebuilt(best, result.changes)
            improved = schedule is not None and search.offer(schedule, sent.source)
            self.counts["improved" if improved else "no_gain"] += 1
        outcome = Outcome(schedule, None, result.complete, result.infeasible)
        return Back(outcome, result.took_s, improved)

    def _lose(self, sent: _Sent, reason: BaseException | str) -> None:
        self.counts["lost"] += 1
        self._lost_running += 1
        log.warning(
            "window.lost",
            workforce=self._workforce.name,
            source=sent.source,
            reason=str(reason) or repr(reason),
        )
        if self._lost_running >= _MOST_LOST_RUNNING:
            self._doubt("lost every window", dead=True)

    def _give_up_late(self) -> None:
        now = self._search.elapsed_s()
        with self._lock:
            patience = _FIRST_PATIENCE_S if self._heard_s is None else _PATIENCE_S
            for future, sent in list(self._out.items()):
                if now - sent.at_s > 2 * sent.job.effort.seconds + patience:
                    del self._out[future]
                    _abandon([future])
                    self._lose(sent, "late")
                    if self._heard_s is None or self._heard_s < sent.at_s:
                        self._doubt("did not answer", dead=False)

    def _doubt(self, what: str, *, dead: bool) -> None:
        if self.trusted:
            since = f"from {self._search.elapsed_s():.1f} s on"
            self._doubt_said = f"{self._workforce.name} {what} {since}; the solve went on without"
            log.warning("workforce.gone", workforce=self._workforce.name, what=what)
        self.trusted = False
        self.dead = self.dead or dead

    def _trust(self) -> None:
        if not self.trusted and not self.dead:
            log.info("workforce.back", workforce=self._workforce.name)
            self.trusted = True


def _abandon(futures: list[Future[WindowResult]]) -> threading.Thread:
    """Cancel in a thread: a cluster whose scheduler is gone keeps those waiting who ask it."""

    def cancel() -> None:
        for future in futures:
            future.cancel()

    thread = threading.Thread(target=cancel, name="pilotline-abandon", daemon=True)
    thread.start()
    return thread
