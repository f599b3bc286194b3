"""A solver that crashes, hangs or eats memory harms nobody, and its best plan is kept."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import Incumbent, Plan, Status
from pilotline_scheduler.solver import solve_in_child
from pilotline_scheduler.solver.child_protocol import Report, Request, read_report, request_line
from pilotline_scheduler.verifier import verify

LINE = generate(40, 8, 1)


def child() -> psutil.Process:
    """Return the solving child of this process."""
    return next(
        process
        for process in psutil.Process().children(recursive=True)
        if "pilotline_scheduler.solver.child_main" in process.cmdline()
    )


class Saboteur:
    """Sends a signal to the child with its first incumbent, and keeps what it reported."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number
        self.plans: list[Plan] = []

    def __call__(self, incumbent: Incumbent, plan: Plan) -> None:
        """Take an incumbent."""
        del incumbent
        self.plans.append(plan)
        if len(self.plans) == 1:
            os.kill(child().pid, self.number)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_crash_is_told_and_the_last_plan_is_kept(number: signal.Signals) -> None:
    saboteur = Saboteur(number)
    answer = solve_in_child(LINE, time_limit_s=30, on_incumbent=saboteur)
    assert answer.status is Status.FAILED
    assert number.name in answer.message
    assert answer.plan == saboteur.plans[-1]
    assert verify(LINE, saboteur.plans[-1]) == []
    assert answer.objective == answer.trajectory[-1].objective
    assert answer.wall_s < 20


@pytest.mark.alone
def test_a_child_that_hangs_is_killed_two_seconds_after_its_limit() -> None:
    saboteur = Saboteur(signal.SIGSTOP)
    answer = solve_in_child(LINE, time_limit_s=6, on_incumbent=saboteur)
    assert answer.status is Status.FAILED
    assert "did not end" in answer.message
    assert answer.plan == saboteur.plans[-1]
    assert 8.0 <= answer.wall_s <= 9.5


def test_a_child_that_hangs_is_killed_when_the_caller_cancels() -> None:
    cancel = threading.Event()
    saboteur = Saboteur(signal.SIGSTOP)

    def stop(incumbent: Incumbent, plan: Plan) -> None:
        saboteur(incumbent, plan)
        cancel.set()

    answer = solve_in_child(LINE, time_limit_s=60, on_incumbent=stop, cancel=cancel)
    assert answer.status is Status.CANCELLED
    assert "killed" in answer.message
    assert answer.plan == saboteur.plans[-1]
    assert answer.wall_s < 20


def test_a_child_that_eats_memory_is_ended_by_its_cap() -> None:
    answer = solve_in_child(LINE, time_limit_s=20, memory_limit_mb=100)
    assert answer.status is Status.FAILED
    assert answer.message
    assert answer.wall_s < 20


def test_an_error_of_the_caller_ends_the_child() -> None:
    def fail(incumbent: Incumbent, plan: Plan) -> None:
        raise RuntimeError("nobody to tell")

    with pytest.raises(RuntimeError, match="nobody to tell"):
        solve_in_child(LINE, time_limit_s=30, on_incumbent=fail)
    with pytest.raises(StopIteration):
        child()


def test_an_orphan_ends_by_itself() -> None:
    request = Request(LINE, time.monotonic(), 120, None, 0, None)
    with subprocess.Popen(
        [sys.executable, "-m", "pilotline_scheduler.solver.child_main"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as orphan:
        assert orphan.stdin is not None
        assert orphan.stdout is not None
        orphan.stdin.write(request_line(request))
        orphan.stdin.flush()
        first: Report = read_report(orphan.stdout.readline())
        assert first.plan is not None
        with contextlib.suppress(BrokenPipeError):
            orphan.stdin.close()
        reports = [read_report(line) for line in orphan.stdout]
        assert reports[-1].answer is not None
        assert reports[-1].answer.status is Status.CANCELLED
        orphan.wait(timeout=15)
