"""Solves a large line on a Dask cluster whose workers are killed, one after the other, meanwhile.

``python scheduler/benchmarks/cluster.py --runs 1500 --machines 100 --time 60 --kill-every 15``

A scheduler and workers run as processes of this machine. Each kill is a SIGKILL; a new worker takes
the place. The solve must end in time with a plan that keeps every rule.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pilotline_scheduler.generator import generate
from pilotline_scheduler.solver import solve
from pilotline_scheduler.solver.windows.workforce import cluster
from pilotline_scheduler.verifier import verify

_START_S = 30.0


class LocalCluster:
    """A Dask scheduler and workers of one thread each, as processes that may be killed.

    Args:
        folder: for their files.
        workers: how many.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._scheduler = self._begun(
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--no-show",
            "--idle-timeout",
            "120 s",
        )
        self.workers = [self._worker() for _ in range(workers)]
        self.killed = 0

    def address(self) -> str:
        """Return the scheduler's address, once it has one.

        Raises:
            TimeoutError: it did not begin.
        """
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._file.exists():
                return str(json.loads(self._file.read_text())["address"])
            time.sleep(0.1)
        message = f"no Dask scheduler within {_START_S:g} s; is distributed installed?"
        raise TimeoutError(message)

    def kill_one(self) -> None:
        """Kill a worker and begin another."""
        index = random.randrange(len(self.workers))
        self.workers[index].kill()
        self.workers[index].wait()
        self.workers[index] = self._worker()
        self.killed += 1

    def end(self) -> None:
        """Kill all of it."""
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()

    def _worker(self) -> "subprocess.Popen[bytes]":
        folder = str(self._folder)
        words = (
            "--nthreads",
            "1",
            "--death-timeout",
            "60",
            "--no-nanny",
            "--no-dashboard",
            "--local-directory",
            folder,
        )
        return self._begun("worker", "--host", "127.0.0.1", *words)

    def _begun(self, part: str, *words: str) -> "subprocess.Popen[bytes]":
        module = f"distributed.cli.dask_{part}"
        return subprocess.Popen(
            [sys.executable, "-m", module, *words, "--scheduler-file", str(self._file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def under_fire(local: LocalCluster, every_s: float) -> Iterator[None]:
    """Kill a worker every so many seconds meanwhile; none where it is 0."""
    done = threading.Event()

    def fire() -> None:
        while every_s and not done.wait(every_s):
            local.kill_one()

    thread = threading.Thread(target=fire)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def main() -> int:
    """Solve once under fire; return 0 when the plan is sound and the limit was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1500)
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--time", type=float, default=60.0, help="seconds of the solve")
    parser.add_argument("--workers", type=int, default=2, help="of the cluster")
    parser.add_argument("--kill-every", type=float, default=15.0, help="seconds; 0 for never")
    options = parser.parse_args()
    problem = generate(options.runs, options.machines, 1)
    operations = sum(len(run.operations) for run in problem.runs)
    with tempfile.TemporaryDirectory() as folder:
        local = LocalCluster(Path(folder), options.workers)
        try:
            with cluster(local.address()) as workforce, under_fire(local, options.kill_every):
                answer = solve(problem, time_limit_s=options.time, executor=workforce)
        finally:
            local.end()
    sound = answer.plan is not None and not verify(problem, answer.plan)
    first = answer.trajectory[0].objective if answer.trajectory else None
    sources = Counter(each.source.partition(":")[0] for each in answer.trajectory)
    print(f"{operations} operations, {options.time:g} s: {first} -> {answer.objective}")
    print(f"{local.killed} workers killed; improvements by {dict(sources)}")
    print(f"wall {answer.wall_s:.1f} s, {answer.status.value}, {'sound' if sound else 'NOT SOUND'}")
    print(answer.message)
    return 0 if sound and answer.wall_s <= options.time + 1.0 else 1


if __name__ == "__main__":
    sys.exit(main())
