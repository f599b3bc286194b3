"""Windows in threads against windows in processes: windows and improvements a second.

``python scheduler/benchmarks/windows.py --runs 1500 --machines 100 --time 60 --processes 2``

Both search with the same threads besides, in turns, each in a process of its own. Seconds are those
of the processor as well, all processes together, for on a machine with other work the clock says
little.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing import get_context

import psutil

from pilotline_scheduler.generator import generate
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver import solve
from pilotline_scheduler.solver.cp_model.effort import Outcome
from pilotline_scheduler.solver.improve import window_search
from pilotline_scheduler.solver.windows.workforce import processes


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one solve.

    Attributes:
        windows: windows decided.
        improved: windows that made the best plan better.
        wall_s: seconds by the clock.
        cpu_s: seconds of the processor.
        first, last: value of the first and of the last plan.
    """

    windows: int
    improved: int
    wall_s: float
    cpu_s: float
    first: tuple[int, ...]
    last: tuple[int, ...]


def measured(problem: Problem, seconds: float, count: int) -> Result:
    """Return what a solve with so many processes does; none leaves windows to threads."""
    counts: Counter[str] = Counter()
    window_search.WindowSearch._learn = _counted(counts)  # type: ignore[method-assign]  # noqa: SLF001 - to count what it learns from
    with processes(count) if count else nullcontext() as workforce:
        answer = solve(problem, time_limit_s=seconds, executor=workforce)
        here = psutil.Process()
        times = [each.cpu_times() for each in (here, *here.children(recursive=True))]
    if answer.objective is None:
        message = "no plan"
        raise AssertionError(message)
    return Result(
        windows=counts["windows"],
        improved=counts["improved"],
        wall_s=answer.wall_s,
        cpu_s=sum(each.user + each.system for each in times),
        first=answer.trajectory[0].objective,
        last=answer.objective,
    )


def _counted(counts: Counter[str]) -> Callable[..., None]:
    learn = window_search.WindowSearch._learn  # noqa: SLF001 - as above

    def counting(
        search: window_search.WindowSearch,
        arm: window_search._Arm,
        outcome: Outcome,
        took_s: float,
        *,
        improved: bool,
    ) -> None:
        counts["windows"] += 1
        counts["improved"] += improved
        learn(search, arm, outcome, took_s, improved=improved)

    return counting


def main() -> int:
    """Measure threads and processes in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1500)
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--time", type=float, default=60.0, help="seconds of a solve")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    problem = generate(options.runs, options.machines, 1)
    print("| windows in | decided | improved | a second | a processor second | value |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for count in (0, options.processes) * options.repeats:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found = pool.submit(measured, problem, options.time, count).result()
        print(
            f"| {f'{count} processes' if count else 'threads'} | {found.windows} | "
            f"{found.improved} | {found.improved / found.wall_s:.2f} | "
            f"{found.improved / found.cpu_s:.2f} | {found.first} -> {found.last} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
