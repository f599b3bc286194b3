"""Generated pilot lines of four sizes: how soon, how good, how much memory, and the limit kept.

``python scheduler/benchmarks/lines.py --sizes S,M --time 60``

The first plan counts from the start of the solve, compiling included. The best single dispatching
rule is the yardstick of a plan: the best of all rules, each alone and finished. Memory is the most
that the solve's processes hold together. The start is that of ``pilotline schedule solve`` on S, to
its first plan: cold with an empty cache of compiled kernels, then warm.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from pilotline_scheduler.formats.pilotline_json import read_plan, write_problem
from pilotline_scheduler.generator import generate
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver.instance import compile_problem, objective
from pilotline_scheduler.solver.seed.construction import Construction
from pilotline_scheduler.solver.seed.portfolio import attempt
from pilotline_scheduler.solver.seed.rules import recipes
from pilotline_scheduler.solver.seed.units import units
from pilotline_scheduler.verifier import verify


@dataclass(frozen=True, slots=True)
class Size:
    """A size with its bars.

    Attributes:
        runs, machines: of the generated line; about six operations to a run.
        first_s: bar for the first plan.
        better_pct: bar for the plan against the best single rule, or None.
        memory_gb: bar for memory, or None.
    """

    runs: int
    machines: int
    first_s: float
    better_pct: float | None = None
    memory_gb: float | None = None


SIZES = {
    "S": Size(60, 10, 0.3),
    "M": Size(300, 30, 1.0),
    "L": Size(1500, 100, 2.0, 25.0, 1.0),
    "XL": Size(15000, 1000, 15.0, 25.0, 4.0),
}
COLD_S, WARM_S = 5.0, 1.5
_OVER_LIMIT_S = 1.0
_TIMES_S = (1, 5, 10, 30, 60, 120, 300)
_SAMPLED_EVERY_S = 0.1
_SOLVE = (sys.executable, "-m", "pilotline", "schedule", "solve")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; `bar` is the most it may be, or None."""

    size: str
    what: str
    value: float | None
    unit: str
    bar: float | None

    @property
    def met(self) -> bool:
        """Whether the bar is met, or there is none."""
        return self.bar is None or (self.value is not None and self.value <= self.bar)


def main() -> int:
    """Measure, print a table; return 0 when all bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="S,M,L", help="of S, M, L and XL")
    parser.add_argument("--time", type=float, default=60.0, help="seconds of a solve")
    parser.add_argument("--seed", type=int, default=1, help="of the generated lines")
    parser.add_argument("--workers", type=int, help="threads of a solve")
    parser.add_argument("--no-start", action="store_true", help="leave the cold start out")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    figures: list[Figure] = []
    for name in options.sizes.split(","):
        size = SIZES[name]
        problem = generate(size.runs, size.machines, options.seed)
        figures += _measured(name, size, problem, options.time, options.workers)
    if not options.no_start:
        figures += start_figures()
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n")
    print(markdown(figures))
    return 0 if all(figure.met for figure in figures) else 1


def _measured(
    name: str, size: Size, problem: Problem, seconds: float, workers: int | None
) -> Iterator[Figure]:
    operations = sum(len(run.operations) for run in problem.runs)
    _tell(f"{name}: {operations} operations, a solve of {seconds:g} s")
    with peak_memory() as peak_gb:
        told = solved(problem, seconds, workers)
    yield Figure(name, "operations", operations, "", None)
    yield Figure(name, "first plan", told["first_s"], "s", size.first_s)
    for limit_s in _TIMES_S:
        if limit_s <= seconds:
            yield Figure(name, f"value at {limit_s} s", _value_at(told, limit_s), "", None)
    yield Figure(name, "bound", told["bound"], "", None)
    yield Figure(name, "past the limit", told["wall_s"] - seconds, "s", _OVER_LIMIT_S)
    yield Figure(name, "memory", peak_gb(), "GB", size.memory_gb)
    _tell(f"{name}: every dispatching rule alone")
    rule, value = best_single_rule(problem)
    yield Figure(name, f"best single rule ({rule})", value, "", None)
    if told["objective"] is not None and value:
        share = 100 * told["objective"] / value
        bar = None if size.better_pct is None else 100 - size.better_pct
        yield Figure(name, "of the best single rule", share, "%", bar)


def solved(problem: Problem, seconds: float, workers: int | None) -> dict[str, Any]:
    """Return what ``pilotline schedule solve --json`` says, once the plan has been checked."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "problem.json", Path(folder) / "plan.json"
        write_problem(problem, path)
        words = ["--time", str(seconds), "--json", "--out", str(out)]
        words += [] if workers is None else ["--workers", str(workers)]
        done = subprocess.run(
            [*_SOLVE, str(path), *words], check=False, capture_output=True, text=True
        )
        if done.returncode:
            message = f"no plan of {problem.name}: {done.stdout} {done.stderr}"
            raise AssertionError(message)
        violations = verify(problem, read_plan(out))
        if violations:
            message = f"the verifier refuses the plan of {problem.name}: {violations[0]}"
            raise AssertionError(message)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _value_at(told: dict[str, Any], limit_s: float) -> int | None:
    values = [each["objective"] for each in told["trajectory"] if each["wall_s"] <= limit_s]
    return values[-1] if values else None


def best_single_rule(problem: Problem) -> tuple[str, int]:
    """Return the dispatching rule whose plan is best, and the first level of its objective."""
    instance = compile_problem(problem)
    construction = Construction(instance, units(instance), lambda: False)
    found: list[tuple[tuple[int, ...], str]] = []
    for recipe in recipes(instance):
        schedule = attempt(construction, recipe, [0] * len(instance.runs))
        if schedule is not None:
            found.append((objective(instance, schedule), recipe.name))
    value, name = min(found)
    return name, value[0]


@contextmanager
def peak_memory() -> Iterator[Callable[[], float]]:
    """Watch the processes below this one; what is yielded tells the most they held, in GB."""
    most = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(_SAMPLED_EVERY_S):
            most = max(most, sum(_held(each) for each in psutil.Process().children(recursive=True)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: most / 1e9
    finally:
        done.set()
        watcher.join()


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def start_figures() -> list[Figure]:
    """Return how long the command takes to its first plan, with cold and with warm kernels."""
    size = SIZES["S"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.json"
        write_problem(generate(size.runs, size.machines, 1), path)
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(Path(folder) / "kernels")}
        cold_s = first_line_s(path, environment, ends=True)
        warm_s = min(first_line_s(path, environment, ends=False) for _ in range(3))
    return [
        Figure("S", "start to first plan, cold", cold_s, "s", COLD_S),
        Figure("S", "start to first plan, warm", warm_s, "s", WARM_S),
    ]


def first_line_s(path: Path, environment: dict[str, str], *, ends: bool) -> float:
    """Return seconds from starting the command to its first plan.

    Args:
        path: the problem.
        environment: of the command.
        ends: whether the command may solve to its end, so that all kernels get compiled.
    """
    command = [*_SOLVE, str(path), "--time", "30"]
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        if process.stderr is None or not process.stderr.readline():
            message = "the command ended without a plan"
            raise AssertionError(message)
        took_s = time.perf_counter() - began
        if not ends:
            process.kill()
        process.stderr.read()
    return took_s


def markdown(figures: Sequence[Figure]) -> str:
    """Return the table of figures."""
    lines = ["| size | figure | value | bar | met |", "| --- | --- | ---: | ---: | --- |"]
    for each in figures:
        bar = "" if each.bar is None else f"≤ {each.bar:g} {each.unit}"
        met = "" if each.bar is None else "yes" if each.met else "no"
        lines.append(
            f"| {each.size} | {each.what} | {_shown(each.value)} {each.unit} | {bar} | {met} |"
        )
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
