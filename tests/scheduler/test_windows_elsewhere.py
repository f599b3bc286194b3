"""Windows may be decided in processes or on machines that die; the plan never suffers for it."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import psutil
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pilotline_scheduler.errors import SolveError
from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import Answer, Status
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver import solve, solve_in_child
from pilotline_scheduler.solver.cp_model.effort import Effort
from pilotline_scheduler.solver.instance import NoPlanError, Schedule
from pilotline_scheduler.solver.windows.dispatch import Dispatch
from pilotline_scheduler.solver.windows.job import Parcel, WindowJob
from pilotline_scheduler.solver.windows.merge import changes_between, merged
from pilotline_scheduler.solver.windows.rebuild import Rebuilder
from pilotline_scheduler.solver.windows.rules import keeps_rules
from pilotline_scheduler.solver.windows.worker import decide_window
from pilotline_scheduler.solver.windows.workforce import Help, Workforce, cluster, processes
from pilotline_scheduler.verifier import evaluate, verify
from tests.real_parts import need
from tests.scheduler.small_problems import problems
from tests.scheduler.test_small_problems import PATIENT
from tests.scheduler.test_windows import scope, searching

LINE = generate(40, 8, 1)
BUSY = generate(120, 12, 1)
PATIENT_S = 90
"""Seconds of solves that end long before, on a machine with nothing else to do."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


_OTHERS: set[psutil.Process] = set()
"""Servers of other tests, which may run for the whole session."""


@pytest.fixture(scope="module", autouse=True)
def the_tracker_that_python_keeps() -> None:
    """Start what Python starts with its first pool, and ends only with itself."""
    resource_tracker.ensure_running()
    _OTHERS.update(psutil.Process().children(recursive=True))


def children() -> list[psutil.Process]:
    """Return the processes below this one but for Python's own tracker and other tests' servers."""
    below = set(psutil.Process().children(recursive=True)) - _OTHERS
    return [each for each in below if is_ours(each)]


def is_ours(process: psutil.Process) -> bool:
    try:
        return "resource_tracker" not in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def assert_good(problem: Problem, answer: Answer) -> None:
    assert answer.status in (Status.FEASIBLE, Status.CANCELLED)
    assert answer.plan is not None
    assert verify(problem, answer.plan) == []
    assert evaluate(problem, answer.plan) == answer.objective


@settings(max_examples=80, **PATIENT)  # type: ignore[arg-type]
@given(problems(last=30, most_runs=4), st.data())
def test_a_changed_plan_is_taken_only_where_it_keeps_every_rule(
    problem: Problem, data: st.DataObject
) -> None:
    try:
        search = searching(problem)
    except NoPlanError:
        assume(False)
    best, instance = search.best, search.instance
    assume(best is not None)
    assert best is not None
    operation = data.draw(st.integers(0, len(best.start) - 1))
    mode = data.draw(st.integers(0, len(instance.modes[operation]) - 1))
    start = best.start[operation] + data.draw(st.integers(-6, 6))
    size = instance.modes[operation][mode].starts.size_at(start)
    end = start + data.draw(st.sampled_from([1, best.end[operation] - best.start[operation]]))
    if size is not None:
        end = start + size
    setup_start = start - data.draw(st.integers(0, 3))
    rows = [list(row) for row in (best.mode, best.setup_start, best.start, best.end)]
    for row, value in zip(rows, (mode, setup_start, start, end), strict=True):
        row[operation] = value
    changed = Schedule(*map(tuple, rows))
    sound = setup_start >= 0 and not verify(problem, changed.plan(instance))
    sound = sound and end <= instance.latest[operation]
    assert keeps_rules(instance, changed, best, [operation]) == sound


def test_a_window_brings_its_changes_into_a_plan_that_has_moved_on() -> None:
    search = searching(BUSY)
    base, instance = search.best, search.instance
    assert base is not None
    parcel = Parcel.of(instance)
    order = sorted(range(len(base.start)), key=lambda each: base.start[each])
    found = []
    for first in range(0, len(order), 40):
        piece = set(order[first : first + 40])
        begin = min(base.setup_start[each] for each in piece)
        window = scope(base, begin, max(base.end[each] for each in piece), piece)
        job = WindowJob(parcel.digest, parcel, window, 0, Effort(3, 2, thorough=False), 0)
        result = decide_window(job)
        assert result.known
        found += [result.changes] if result.changes else []
        if len(found) == 2:
            break
    one, other = found
    moved = merged(instance, base, base, one)
    assert moved is not None
    assert verify(BUSY, moved.plan(instance)) == []
    assert changes_between(base, moved) == one
    assert merged(instance, moved, base, one) is None
    both = merged(instance, moved, base, other)
    touched = {each.operation for each in one} & {each.operation for each in other}
    assert both is None or (not touched and verify(BUSY, both.plan(instance)) == [])
    rebuilt = Rebuilder(search).rebuilt(moved, other)
    assert rebuilt is not None
    assert verify(BUSY, rebuilt.plan(instance)) == []


def test_a_worker_that_has_not_got_the_problem_asks_for_it() -> None:
    search = searching(LINE)
    assert search.best is not None
    window = scope(search.best, 0, max(search.best.end), {0})
    job = WindowJob("never sent", None, window, 0, Effort(1, 1), 0)
    assert not decide_window(job).known


class Watched(Executor):
    """Hands jobs on, and tells how many have been done."""

    def __init__(self, executor: Executor, on_result: Callable[[int], None]) -> None:
        self._executor = executor
        self._on_result = on_result
        self.results = 0

    def submit(
        self,
        fn: Callable[_Arguments, _Result],
        /,
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> Future[_Result]:
        future = self._executor.submit(fn, *args, **kwargs)
        future.add_done_callback(self._note)
        return future

    def _note(self, future: Future[_Result]) -> None:
        if not future.cancelled() and future.exception() is None:
            self.results += 1
            self._on_result(self.results)


def watched(workforce: Workforce, on_result: Callable[[int], None]) -> Workforce:
    return Workforce(Watched(workforce.executor, on_result), workforce.slots, workforce.name)


class Broken(Executor):
    """Takes some jobs and never answers, or refuses them."""

    def __init__(self, *, refuses: bool, asked: Callable[[], None] = lambda: None) -> None:
        self.refuses = refuses
        self.asked = asked
        self.taken: list[Future[object]] = []

    def submit(
        self,
        fn: Callable[_Arguments, _Result],
        /,
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> Future[_Result]:
        self.asked()
        if self.refuses:
            raise RuntimeError("gone fishing")
        future: Future[_Result] = Future()
        self.taken.append(future)  # type: ignore[arg-type]
        return future


class Harm:
    """Does harm once so many windows are done, and ends the solve some windows after that."""

    def __init__(self, at: int, harm: Callable[[], None], more: int) -> None:
        self.at = at
        self.end = at + more
        self.done = 0
        self.cancel = threading.Event()
        self._harm = harm

    def __call__(self, count: int) -> None:
        """Take the number of windows that are done."""
        self.done = count
        if count == self.at:
            self._harm()
        if count >= self.end:
            self.cancel.set()


def solved_under(harm: Harm, workforce: Workforce) -> Answer:
    executor = watched(workforce, harm)
    return solve(BUSY, time_limit_s=PATIENT_S, executor=executor, cancel=harm.cancel)


def ending_after_a_loss(
    cancel: threading.Event, monkeypatch: pytest.MonkeyPatch, after_s: float = 2.0
) -> None:
    """End a solve some seconds after the first window that is lost."""
    lose = Dispatch._lose

    def noted(self: Dispatch, sent: Any, reason: BaseException | str) -> None:  # noqa: ANN401 - private to Dispatch
        lose(self, sent, reason)
        if self.counts["lost"] == 1:
            threading.Timer(after_s, cancel.set).start()

    monkeypatch.setattr(Dispatch, "_lose", noted)


def test_processes_decide_windows_and_end_with_the_pool() -> None:
    nothing = Harm(3, lambda: None, 0)
    with processes(2) as workforce:
        assert_good(BUSY, solved_under(nothing, workforce))
    assert nothing.done >= 3
    assert not children()


@pytest.mark.slow
def test_processes_that_are_killed_are_replaced() -> None:
    def kill() -> None:
        next(each for each in children() if "spawn_main" in " ".join(each.cmdline())).kill()

    harm = Harm(2, kill, 3)
    with processes(2) as workforce:
        answer = solved_under(harm, workforce)
    assert_good(BUSY, answer)
    assert harm.done >= harm.end
    assert "windows sent to the pool of 2 processes were lost" in answer.message


def test_a_refusing_executor_leaves_the_solve_to_this_machine() -> None:
    cancel = threading.Event()
    refusing = Broken(refuses=True, asked=cancel.set)
    answer = solve(BUSY, time_limit_s=PATIENT_S, executor=refusing, cancel=cancel)
    assert_good(BUSY, answer)
    assert "the Broken refused windows (gone fishing)" in answer.message
    assert "the solve went on without" in answer.message


def test_a_silent_executor_is_doubted_and_its_windows_are_abandoned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pilotline_scheduler.solver.windows.dispatch._FIRST_PATIENCE_S", -2.0)
    cancel = threading.Event()
    silent = Broken(refuses=False, asked=lambda: cancel.set() if len(silent.taken) > 2 else None)
    workforce = Workforce(silent, lambda: 2, "the moon")
    answer = solve(BUSY, time_limit_s=PATIENT_S, executor=workforce, cancel=cancel)
    assert_good(BUSY, answer)
    assert "the moon did not answer" in answer.message
    assert silent.taken[-1].cancelled()


@pytest.mark.alone
def test_cancelling_does_not_wait_for_windows_elsewhere() -> None:
    cancel = threading.Event()
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        cancel.set()

    silent = Broken(refuses=False, asked=ask)
    answer = solve(BUSY, time_limit_s=PATIENT_S, executor=silent, cancel=cancel)
    assert time.monotonic() - asked[0] <= 3.0
    assert answer.status is Status.CANCELLED


def test_a_repeatable_solve_keeps_to_itself() -> None:
    executor = Broken(refuses=False)
    solve(LINE, time_limit_s=2, workers=1, executor=executor)
    assert not executor.taken


@pytest.mark.alone
def test_any_executor_will_do() -> None:
    with ThreadPoolExecutor(2) as executor:
        began = time.monotonic()
        answer = solve(BUSY, time_limit_s=4, executor=executor)
        assert time.monotonic() - began <= 5
        assert_good(BUSY, answer)


def test_a_child_has_processes_of_its_own_and_takes_them_along() -> None:
    answer = solve_in_child(LINE, time_limit_s=6, helpers=Help(processes=2))
    assert answer.plan is not None
    assert verify(LINE, answer.plan) == []
    deadline = time.monotonic() + 5
    while children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not children()


def test_help_of_two_kinds_at_once_is_refused() -> None:
    with pytest.raises(SolveError, match="not both"):
        Help(processes=2, cluster="tcp://localhost:1")
    with pytest.raises(SolveError, match="not 0"):
        Help(processes=0)


class Cluster:
    """A Dask scheduler and workers, each a process that may be killed."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        # It ends by itself should the tests be cut off.
        where = ("--idle-timeout", "60 s", "--scheduler-file", str(self._file))
        self.scheduler = self._begin("scheduler", *words, *where)
        self.workers = [self.worker() for _ in range(workers)]
        deadline = time.monotonic() + 30
        while not self._file.exists():
            assert time.monotonic() < deadline, "the scheduler did not begin"
            time.sleep(0.05)
        import json

        self.address: str = json.loads(self._file.read_text())["address"]

    def worker(self) -> "subprocess.Popen[bytes]":
        words = (
            "--nthreads",
            "1",
            "--death-timeout",
            "30",
            "--no-nanny",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
        )
        where = ("--scheduler-file", str(self._file), "--local-directory", str(self._folder))
        return self._begin("worker", *words, *where)

    def _begin(self, part: str, *words: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + part, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@contextmanager
def dask(folder: Path, workers: int) -> Iterator[Cluster]:
    need(find_spec("distributed") is not None, "distributed (pip install 'pilotline[cluster]')")
    found = Cluster(folder, workers)
    try:
        yield found
    finally:
        found.end()


@pytest.mark.slow
def test_a_worker_of_a_cluster_may_be_killed_while_it_solves(tmp_path: Path) -> None:
    with dask(tmp_path, 2) as found:
        harm = Harm(2, found.workers[0].kill, 3)
        with cluster(found.address) as workforce:
            assert_good(BUSY, solved_under(harm, workforce))
    assert harm.done >= harm.end


@pytest.mark.slow
def test_a_cluster_that_dies_leaves_the_solve_to_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilotline_scheduler.solver.windows.dispatch._PATIENCE_S", 0.0)
    with dask(tmp_path, 1) as found:
        harm = Harm(2, found.end, 1000)
        ending_after_a_loss(harm.cancel, monkeypatch)
        with cluster(found.address) as workforce:
            answer = solved_under(harm, workforce)
        assert_good(BUSY, answer)
        assert f"the cluster at {found.address}" in answer.message


def test_a_cluster_that_cannot_be_reached_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    need(find_spec("distributed") is not None, "distributed (pip install 'pilotline[cluster]')")
    monkeypatch.setattr("pilotline_scheduler.solver.windows.workforce._CONNECT_S", 0.5)
    cancel = threading.Event()
    ending_after_a_loss(cancel, monkeypatch, 0.0)
    with cluster("tcp://127.0.0.1:9") as workforce:
        answer = solve(BUSY, time_limit_s=PATIENT_S, executor=workforce, cancel=cancel)
    assert answer.plan is not None
    assert "the cluster at tcp://127.0.0.1:9 refused windows" in answer.message
