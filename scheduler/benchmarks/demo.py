"""How soon a pilot line has its first plan, from a cold start, and what a short solve makes of it.

Run ``python scheduler/benchmarks/demo.py``; each size is measured in fresh processes, imports,
reading and compiling included. One solve of the given length follows, in a process of its own.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pilotline_scheduler.formats.pilotline_json import write_problem
from pilotline_scheduler.generator import generate
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver import solve_in_child

SIZES = ((60, 10), (300, 30), (1500, 100))
"""Runs and machines; five operations to a run."""
REPEATS = 3
FIRST_PLAN = """
import sys
from pathlib import Path
from pilotline_scheduler.formats.pilotline_json import read_problem
from pilotline_scheduler.solver import first_plan
assert first_plan(read_problem(Path(sys.argv[1]))) is not None
"""


def main() -> None:
    """Measure and print a line per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time", type=float, default=20.0, help="seconds of the solve")
    parser.add_argument("--seed", type=int, default=1, help="of the generated lines")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many sizes")
    options = parser.parse_args()
    print("runs  operations  first plan, cold  objective first -> last              bound")
    for runs, machines in SIZES[: options.sizes]:
        problem = generate(runs, machines, options.seed)
        operations = sum(len(run.operations) for run in problem.runs)
        cold_s = min(_cold_first_plan_s(problem) for _ in range(REPEATS))
        answer = solve_in_child(problem, time_limit_s=options.time)
        first = answer.trajectory[0].objective if answer.trajectory else None
        print(
            f"{runs:4}  {operations:10}  {cold_s:14.2f} s  {first} -> {answer.objective} "
            f"in {answer.wall_s:.1f} s  {answer.bound}",
            flush=True,
        )


def _cold_first_plan_s(problem: Problem) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.json"
        write_problem(problem, path)
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", FIRST_PLAN, str(path)], check=True)
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
