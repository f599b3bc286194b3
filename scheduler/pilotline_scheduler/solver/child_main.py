"""The child process of a solve: ``python -m pilotline_scheduler.solver.child_main``."""

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from typing import BinaryIO

from pilotline_scheduler.plan import Incumbent, Plan
from pilotline_scheduler.solver.child_protocol import (
    CANCEL,
    Report,
    Request,
    read_request,
    report_line,
)
from pilotline_scheduler.solver.solve import solve_since
from pilotline_scheduler.solver.windows.workforce import Help

_LARGE_BYTES = 2**20
_PAUSE = 10
_ORPHAN_GRACE_S = 5.0
"""Seconds an orphan gets to stop by itself once its parent is gone."""


def main() -> int:
    """Solve the problem on standard input and report on what was standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's interrupt is the parent's to handle
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    lines = sys.stdin.buffer
    request = read_request(lines.readline())
    if request.memory_limit_mb is not None:
        _limit_memory(request.memory_limit_mb)
    cancel = threading.Event()
    threading.Thread(target=_listen, args=(lines, cancel), daemon=True).start()
    try:
        _solve(request, cancel, reports)
    except MemoryError:
        _send(reports, Report(failure="ran out of memory"))
        return 1
    return 0


def _solve(request: Request, cancel: threading.Event, reports: BinaryIO) -> None:
    incumbents = _Incumbents(reports)
    with (request.helpers or Help()).workforce() as workforce:
        answer = solve_since(
            min(request.started, time.monotonic()),
            request.problem,
            time_limit_s=request.time_limit_s,
            workers=request.workers,
            seed=request.seed,
            on_incumbent=incumbents.take,
            cancel=cancel,
            executor=workforce,
        )
        incumbents.send_kept()
        # The best plan went out as the last incumbent; a large one takes long to send again.
        _send(reports, Report(answer=replace(answer, plan=None)))


class _Incumbents:
    """Sends incumbents; of large ones that come fast, the newest now and then.

    Characteristics:
        bound: one incumbent kept back.
        overflow: the newest takes its place; the answer's trajectory has all.
        pause: ten times what the last one took to send, where it was more than a megabyte, so
            that sending takes a tenth of the time at most.
    """

    def __init__(self, reports: BinaryIO) -> None:
        self._reports = reports
        self._kept: Report | None = None
        self._free_at = 0.0

    def take(self, incumbent: Incumbent, plan: Plan) -> None:
        """Send an incumbent, or keep it for later; called by one thread at a time."""
        self._kept = Report(incumbent=incumbent, plan=plan)
        if time.monotonic() >= self._free_at:
            self.send_kept()

    def send_kept(self) -> None:
        """Send the incumbent that was kept back, if there is one."""
        if self._kept is None:
            return
        began = time.monotonic()
        size = _send(self._reports, self._kept)
        self._kept = None
        if size > _LARGE_BYTES:
            ended = time.monotonic()
            self._free_at = ended + _PAUSE * (ended - began)


def _send(reports: BinaryIO, report: Report) -> int:
    """Send a report; return how many bytes it took."""
    line = report_line(report)
    reports.write(line)
    reports.flush()
    return len(line)


def _listen(lines: BinaryIO, cancel: threading.Event) -> None:
    """Cancel when asked to; end the process when nobody listens any more."""
    told = lines.readline()
    cancel.set()
    if told == CANCEL:
        told = lines.readline()
    time.sleep(_ORPHAN_GRACE_S)
    os._exit(1)


def _limit_memory(megabytes: int) -> None:
    import resource

    limit = megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    sys.exit(main())
