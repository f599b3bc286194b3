"""Solves in a child process that may crash, hang or run out of memory without harm."""

import contextlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from typing import IO, BinaryIO

from pilotline_scheduler.errors import SolveError
from pilotline_scheduler.plan import Answer, Incumbent, Plan, Status
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.solver.child_protocol import (
    CANCEL,
    Report,
    Request,
    read_report,
    request_line,
)
from pilotline_scheduler.solver.search import OnIncumbent
from pilotline_scheduler.solver.solve import check_settings
from pilotline_scheduler.solver.windows.workforce import Help

_POLL_S = 0.05
_CANCEL_GRACE_S = 3.0
"""Seconds the child gets to hand over its best plan after it was asked to stop."""
_LIMIT_GRACE_S = 2.0
"""Seconds past the time limit after which the child is killed."""
_LAST_WORDS_CHARS = 400


def solve_in_child(
    problem: Problem,
    *,
    time_limit_s: float,
    workers: int | None = None,
    seed: int = 0,
    on_incumbent: OnIncumbent | None = None,
    cancel: threading.Event | None = None,
    memory_limit_mb: int | None = None,
    helpers: Help | None = None,
) -> Answer:
    """Do what `solve` does in a process of its own, which is killed when it does not keep time.

    The answer has status FAILED, a message and the best plan reported so far when the child
    crashes, hangs or runs out of memory.

    Args:
        problem: what is to be planned.
        time_limit_s: seconds in all, start of the child included.
        workers: threads; None for one per core.
        seed: seeds every random choice.
        on_incumbent: called with each better plan, from the calling thread; where plans are so
            large that sending one takes long, with some of them, the last one always.
        cancel: asks the child to stop; it is killed when it does not within three seconds.
        memory_limit_mb: cap of the child's address space, and of each process it starts, or None.
        helpers: processes or a cluster that decide windows besides the child's threads, or None.

    Raises:
        ProblemError: the problem is not well formed.
        SolveError: a setting is impossible.
    """
    check_settings(time_limit_s, workers)
    validate(problem)
    started = time.monotonic()
    request = Request(problem, started, time_limit_s, workers, seed, memory_limit_mb, helpers)
    with tempfile.TemporaryFile() as last_words:
        command = [sys.executable, "-m", "pilotline_scheduler.solver.child_main"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=last_words
        ) as process:
            if process.stdin is None or process.stdout is None:
                message = "the child of a solve has no pipes"
                raise SolveError(message)
            watch = _Watch(process, process.stdin, process.stdout, request, on_incumbent, cancel)
            try:
                return watch.answer(last_words)
            finally:
                process.kill()
                watch.close()


class _Watch:
    """Talks with one child and decides when it must go."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        requests: IO[bytes],
        reports: IO[bytes],
        request: Request,
        on_incumbent: OnIncumbent | None,
        cancel: threading.Event | None,
    ) -> None:
        self._process = process
        self._requests = requests
        self._request = request
        self._on_incumbent = on_incumbent
        self._cancel = cancel
        self._asked = threading.Event()
        self._cancelled_at: float | None = None
        self._told = False
        self._trajectory: list[Incumbent] = []
        self._plan: Plan | None = None
        self._reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._ask),
            threading.Thread(target=self._hear, args=(reports,)),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Wait for the threads, once the process is gone."""
        for thread in self._threads:
            thread.join()
        with contextlib.suppress(BrokenPipeError):  # what the dead child did not take
            self._requests.close()

    def _ask(self) -> None:
        """Send the request; a thread does, for a child that hangs would never take it."""
        self._tell(self._requests, request_line(self._request))
        self._asked.set()

    def _hear(self, lines: IO[bytes]) -> None:
        for line in lines:
            if line.endswith(b"\n"):
                self._reports.put(read_report(line))
        self._reports.put(None)

    @staticmethod
    def _tell(lines: IO[bytes], line: bytes) -> None:
        try:
            lines.write(line)
            lines.flush()
        except BrokenPipeError:
            return  # the child is gone; the end of its reports tells

    def answer(self, last_words: BinaryIO) -> Answer:
        """Return the child's answer, or what is left of it."""
        hard_limit = self._request.started + self._request.time_limit_s + _LIMIT_GRACE_S
        while True:
            now = time.monotonic()
            if now > hard_limit:
                return self._remains(
                    Status.FAILED, f"the solver did not end {_LIMIT_GRACE_S:g} s after its limit"
                )
            if self._cancel_is_due(now):
                return self._remains(
                    Status.CANCELLED, "stopped by the caller; the solver had to be killed"
                )
            try:
                report = self._reports.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if report is None:
                return self._remains(Status.FAILED, self._death(last_words))
            if report.failure is not None:
                return self._remains(Status.FAILED, f"the solver {report.failure}")
            if report.answer is not None:
                return replace(report.answer, plan=self._plan)
            self._take(report)

    def _take(self, report: Report) -> None:
        if report.incumbent is None or report.plan is None:
            return
        self._trajectory.append(report.incumbent)
        self._plan = report.plan
        if self._on_incumbent is not None:
            self._on_incumbent(report.incumbent, report.plan)

    def _cancel_is_due(self, now: float) -> bool:
        """Pass a wish to stop on to the child; return whether its time to obey is over."""
        if self._cancel is None or not self._cancel.is_set():
            return False
        if self._cancelled_at is None:
            self._cancelled_at = now
        if not self._told and self._asked.is_set():
            self._told = True
            self._tell(self._requests, CANCEL)
        return now > self._cancelled_at + _CANCEL_GRACE_S

    def _death(self, last_words: BinaryIO) -> str:
        code = self._process.wait()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        last_words.seek(0)
        said = last_words.read().decode(errors="replace").strip()[-_LAST_WORDS_CHARS:]
        return f"the solver ended without an answer: {how}" + (f"; it said: {said}" if said else "")

    def _remains(self, status: Status, message: str) -> Answer:
        last = self._trajectory[-1] if self._trajectory else None
        return Answer(
            status=status,
            plan=self._plan,
            objective=None if last is None else last.objective,
            bound=() if last is None else last.bound,
            bound_source="none" if last is None else "last-incumbent",
            first_s=self._trajectory[0].wall_s if self._trajectory else None,
            wall_s=time.monotonic() - self._request.started,
            trajectory=tuple(self._trajectory),
            message=message,
        )
