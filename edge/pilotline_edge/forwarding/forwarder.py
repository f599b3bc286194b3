"""Forwarder: moves the journal's records into the historian."""

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from pilotline_edge.backoff import Backoff
from pilotline_edge.errors import JournalFailed
from pilotline_edge.forwarding.dead_letters import DeadLetters
from pilotline_edge.forwarding.lanes import Lanes
from pilotline_edge.forwarding.release import release
from pilotline_edge.journal.journal import Journal
from pilotline_edge.journal.reader import Backlog, BacklogReader, Lane
from pilotline_edge.journal.writer import DAMAGE, damage_marker
from pilotline_historian import (
    COVERED,
    Historian,
    HistorianRefused,
    HistorianUnavailable,
)

log = structlog.get_logger("pilotline.edge")

BATCH = 5000
SPLIT_FROM = 10 * BATCH
"""Values in the journal from which new ones no longer wait for old ones."""

_IDLE_S = 0.25
_BETWEEN_BATCHES_S = 0.005
_REMOVED_WITHIN_S = 30.0
_RETRY_FIRST_S = 0.5
_RETRY_CAP_S = 60.0
_RETRY_AFTER_CAP_S = 600.0


@dataclass(slots=True)
class ForwarderState:
    """How forwarding goes.

    Attributes:
        samples: values delivered since the start.
        gaps: gaps delivered since the start.
        events: events delivered since the start.
        rejected: values and events that went to the dead letters.
        corrupt: damaged records skipped.
        problem: why nothing is delivered now, or None.
        problem_since: wall-clock second at which that began, or None.
        delivered_ns: publish time up to which every record is delivered, per machine.
        delivered_at: wall-clock second of the last delivery, or None.
        writing_since: wall-clock second at which a write began that has not ended, or None.
        retry_at: wall-clock second of the next attempt while there is a problem, or None.
        oldest: machine and publish time (ns, its clock) of the oldest record, None when empty.
    """

    samples: int = 0
    gaps: int = 0
    events: int = 0
    rejected: int = 0
    corrupt: int = 0
    problem: str | None = None
    problem_since: float | None = None
    delivered_ns: dict[str, int] = field(default_factory=dict)
    delivered_at: float | None = None
    writing_since: float | None = None
    retry_at: float | None = None
    oldest: tuple[str, int] | None = None


class Forwarder:
    """Reads the journal's oldest records, writes them, and only then removes them.

    Characteristics
        delivery: at least once; a point's identity makes the second time harmless
        order: as the records came; behind a long backlog new ones go first, a batch a second
            or every other batch, so that neither waits for the other
        buffered: one batch
        retries: for ever, with a growing wait up to 60 s, or as long as the historian asks
        refused values: to the dead letters, with the reason
        thread: its own, so that a historian that hangs delays neither reading nor the stop

    Attributes:
        state: how it goes.
        failure: why the thread ended by itself, or None.
    """

    def __init__(
        self,
        journal: Journal,
        historian: Historian,
        dead_letters: DeadLetters,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._historian = historian
        self._dead_letters = dead_letters
        self._backoff = backoff or Backoff(_RETRY_FIRST_S, _RETRY_CAP_S)
        self._reader = BacklogReader(journal.path)
        self._lanes = Lanes(self._reader.delivered_ns, clock)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pilotline-forwarder", daemon=True)
        self.failure: JournalFailed | None = None
        self.state = ForwarderState(delivered_ns=dict(self._reader.delivered_ns))

    def start(self) -> None:
        """Begin to forward in a thread."""
        self._thread.start()

    def stop(self, within_s: float) -> bool:
        """Ask the thread to end and return whether it did in time.

        A write that hangs is left behind: its records stay in the journal.
        """
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(within_s)
        ended = not self._thread.is_alive()
        if ended:
            self._reader.close()
        return ended

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            try:
                wait_s = self.step()
            except JournalFailed as error:
                self.failure = error
                return
            except Exception as error:
                # The historian's own faults must not end forwarding; the records are still there.
                log.exception("edge.forwarder_failed")
                release(error)
                wait_s = self._problem(f"{type(error).__name__}: {error}", None)

    def step(self) -> float:
        """Deliver one batch and return the seconds to wait before the next.

        Raises:
            JournalFailed: the journal cannot be read or records cannot be removed.
        """
        try:
            lane, backlog = self._next()
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF in DAMAGE:
                damage_marker(self._journal.path).touch()
            raise JournalFailed(
                f"the journal {self._journal.path} cannot be read: {error}; restart the agent, "
                "which saves what can be read"
            ) from error
        if lane is self._lanes.old:
            self.state.oldest = backlog.oldest
        if not backlog:
            self._well()
            return _IDLE_S
        self.state.writing_since = time.time()
        try:
            self._deliver(lane, backlog)
        except HistorianUnavailable as error:
            release(error)
            return self._problem(str(error), error.retry_after_s)
        except HistorianRefused as error:
            release(error)
            return self._problem(f"refused: {error}", None)
        finally:
            self.state.writing_since = None
        self._well()
        full = backlog.count >= BATCH // 2
        self._lanes.delivered(lane, backlog, full=full)
        if self._lanes.live is None and self._journal.size.samples >= SPLIT_FROM:
            self._lanes.split(self._reader.newest())
        return _BETWEEN_BATCHES_S if full or self._lanes.live is not None else _IDLE_S

    def _next(self) -> tuple[Lane, Backlog]:
        """Return the oldest records of the lane whose turn it is."""
        lane = self._lanes.turn()
        backlog = self._reader.read(BATCH, lane)
        if backlog or self._lanes.live is None:
            return lane, backlog
        if lane is self._lanes.old:
            self._journal.remove(0, self._lanes.join()).result(_REMOVED_WITHIN_S)
            self.state.delivered_ns.update(self._lanes.old.published_ns)
        else:
            self._lanes.delivered(lane, backlog, full=False)
        lane = self._lanes.old
        return lane, self._reader.read(BATCH, lane)

    def _deliver(self, lane: Lane, backlog: Backlog) -> None:
        # Gaps go first: were they refused after the values, those would be sorted out anew.
        if backlog.gaps:
            self._historian.write_gaps(backlog.gaps)
        refused = self._historian.write_events(backlog.events) if backlog.events else ()
        samples = backlog.samples
        if lane is self._lanes.live:
            samples = samples.without(COVERED)
        result = self._historian.write(samples) if samples else None
        rejected = result.rejected if result is not None else ()
        letters = [*backlog.refused, *((each.sample, each.reason) for each in rejected)]
        self._dead_letters.write(letters)
        self._dead_letters.write_events((each.event, each.reason) for each in refused)
        # What lies behind the backlog is not "delivered up to" while that is not, nor vouched for.
        reached = backlog.published_ns if lane is self._lanes.old else {}
        self._journal.remove(backlog.upto, reached, lane.after).result(_REMOVED_WITHIN_S)
        state = self.state
        state.samples += result.stored if result is not None else 0
        state.gaps += len(backlog.gaps)
        state.events += len(backlog.events) - len(refused)
        state.rejected += len(letters) + len(refused)
        state.corrupt += backlog.corrupt
        state.delivered_ns.update(reached)
        state.delivered_at = time.time()
        if letters:
            log.warning("edge.samples_rejected", count=len(letters), reason=letters[0][1])
        if refused:
            log.warning("edge.events_rejected", count=len(refused), reason=refused[0].reason)

    def _problem(self, problem: str, asked_s: float | None) -> float:
        state = self.state
        if state.problem is None:
            log.warning("edge.historian_away", reason=problem)
            state.problem_since = time.time()
        state.problem = problem
        wait_s = max(self._backoff.wait_s(), min(asked_s or 0.0, _RETRY_AFTER_CAP_S))
        state.retry_at = time.time() + wait_s
        return wait_s

    def _well(self) -> None:
        if self.state.problem is not None:
            log.info("edge.historian_back", backlog=self._journal.size.samples)
        state = self.state
        state.problem = state.problem_since = state.retry_at = None
        self._backoff.reset()
