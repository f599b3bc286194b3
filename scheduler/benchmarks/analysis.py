"""Measures how long it takes to weigh, explain and question plans of generated lines.

Run: python scheduler/benchmarks/analysis.py [RUNS MACHINES]
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from pilotline_scheduler.explain import explain_conflict, explain_late
from pilotline_scheduler.explain.floor import Floor
from pilotline_scheduler.explain.late import late_runs
from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.robustness import risk, with_usual_spread
from pilotline_scheduler.solver import first_plan

_SAMPLES = 1000
_SEEDS = 20

Result = TypeVar("Result")


def main() -> None:
    """Print CPU seconds, compiling of kernels apart."""
    runs, machines = map(int, sys.argv[1:3] or ("60", "10"))
    problem, plan = planned(runs, machines)
    print(f"{problem.name}: {len(plan.operations)} operations")
    uncertain = with_usual_spread(problem, 0.1, 0.3)
    timed("first execution, kernels compiled or loaded", lambda: risk(uncertain, plan, samples=1))
    timed(f"{_SAMPLES} executions", lambda: risk(uncertain, plan, samples=_SAMPLES))
    late = late_runs(problem, plan)

    def explain_all() -> None:
        floor = Floor(problem, plan)
        for run in late:
            explain_late(problem, plan, run, floor=floor)

    timed(f"{len(late)} late runs explained", explain_all)
    last = problem.runs[-1]
    stuck = replace(last, deadline=last.release + 1)
    asked = replace(problem, runs=(*problem.runs[:-1], stuck))
    found = timed("a deadline nobody can keep, found", lambda: explain_conflict(asked))
    print(found.message)


def planned(runs: int, machines: int) -> tuple[Problem, Plan]:
    """Return a generated line that a dispatching rule can plan, with that plan."""
    for seed in range(_SEEDS):
        problem = generate(runs, machines, seed)
        plan = first_plan(problem)
        if plan is not None:
            return problem, plan
    message = f"no plan for {runs} runs on {machines} machines with the first {_SEEDS} seeds"
    raise SystemExit(message)


def timed(what: str, work: Callable[[], Result]) -> Result:
    """Return what some work returns, and print its CPU time."""
    before = time.process_time()
    result = work()
    print(f"{what}: {time.process_time() - before:.2f} s")
    return result


if __name__ == "__main__":
    main()
