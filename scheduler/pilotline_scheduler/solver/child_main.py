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
    def report(incumbent: Incumbent, plan: Plan) -> None:
        _send(reports, Report(incumbent=incumbent, plan=plan))

    with (request.helpers or Help()).workforce() as workforce:
        answer = solve_since(
            min(request.started, time.monotonic()),
            request.problem,
            time_limit_s=request.time_limit_s,
            workers=request.workers,
            seed=request.seed,
            on_incumbent=report,
            cancel=cancel,
            executor=workforce,
        )
        # The best plan went out as the last incumbent; a large one takes long to send again.
        _send(reports, Report(answer=replace(answer, plan=None)))


def _send(reports: BinaryIO, report: Report) -> None:
    reports.write(report_line(report))
    reports.flush()


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
