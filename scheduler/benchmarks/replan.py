"""How soon a plan holds again after a machine stops, how much moves, and what a search adds.

Run ``python scheduler/benchmarks/replan.py``. Every run was promised its published end and up to
two days more. Wall and processor seconds count from problem and plan in memory to a verified plan.
"""

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from pilotline_scheduler.formats.pilotline_json import (
    read_plan,
    read_problem,
    write_plan,
    write_problem,
)
from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.replan import Certainty, MachineDown, Replan, replan
from pilotline_scheduler.solver.first_plan import first_plan

_DAY = 24 * 60


@dataclass(frozen=True)
class Measured:
    """A replan with what it took."""

    outcome: Replan
    wall_s: float
    cpu_s: float


def main() -> None:
    """Measure and print a line per stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=740)
    parser.add_argument("--machines", type=int, default=70)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stops", type=int, default=4, help="busy machines that stop, in turn")
    parser.add_argument("--time", type=float, default=0.0, help="seconds of search as well")
    parser.add_argument("--slack", type=float, default=2.0, help="days a promise may be later")
    options = parser.parse_args()
    problem = promised(generate(options.runs, options.machines, options.seed), options.slack)
    now = sorted(each.start for each in problem.previous)[len(problem.previous) // 3]
    print(f"{len(problem.previous)} operations; reading takes {_reading_s(problem):.2f} s")
    print(
        "machine          days  hit  cpu s  wall s  moved   %  machines  broken  of them impossible"
    )
    for machine in busiest(problem, now)[: options.stops]:
        for days in (0.25, 1, 3):
            down = MachineDown(machine, now, now + int(days * _DAY))
            show(problem, down, measured(problem, down, 0.0), days)
            if options.time:
                show(problem, down, measured(problem, down, options.time), days)


def promised(problem: Problem, slack_days: float) -> Problem:
    """Return the problem with a first plan as published, and promises that it keeps."""
    plan = first_plan(problem)
    if plan is None:
        message = "the generated line has no first plan"
        raise SystemExit(message)
    random = Random(1)
    ends = {each.operation: each.end for each in plan.operations}
    runs = tuple(
        replace(
            run,
            due=max(ends[each.id] for each in run.operations)
            + int(random.random() * slack_days * _DAY),
        )
        for run in problem.runs
    )
    return replace(problem, runs=runs, previous=plan.operations)


def busiest(problem: Problem, now: int) -> list[str]:
    """Return machines by their work in the three days after now, most first."""
    work: Counter[str] = Counter()
    for each in problem.previous:
        if now <= each.start < now + 3 * _DAY:
            work[each.machine] += each.end - each.start
    return [machine for machine, _ in work.most_common()]


def measured(problem: Problem, down: MachineDown, time_limit_s: float) -> Measured:
    """Return a replan and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = replan(problem, down.start, [down], time_limit_s=time_limit_s)
    return Measured(outcome, time.perf_counter() - wall, time.process_time() - cpu)


def show(problem: Problem, down: MachineDown, found: Measured, days: float) -> None:
    """Print a line."""
    hit = sum(
        each.machine == down.machine and each.end > down.start and each.setup_start < down.end
        for each in problem.previous
    )
    outcome = found.outcome
    impossible = sum(each.certainty is Certainty.IMPOSSIBLE for each in outcome.broken)
    others = len(outcome.moves) - hit
    share = 100 * max(0, others) / max(1, outcome.operations - hit)
    print(
        f"{down.machine:15} {days:5} {hit:4} {found.cpu_s:6.2f} {found.wall_s:7.2f} "
        f"{len(outcome.moves):6} {share:4.1f} {outcome.machine_changes:8} "
        f"{len(outcome.broken):7} {impossible:8}  {outcome.stage.value}",
        flush=True,
    )


def _reading_s(problem: Problem) -> float:
    with tempfile.TemporaryDirectory() as folder:
        document, plan = Path(folder) / "problem.json", Path(folder) / "plan.json"
        write_problem(replace(problem, previous=()), document)
        write_plan(Plan(problem.previous), plan)
        began = time.perf_counter()
        replace(read_problem(document), previous=read_plan(plan).operations)
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
