"""How soon the desk answers quotes in a large plan.

Run ``python scheduler/benchmarks/quote.py``. Runs like those of the line are asked for at random
times; with ``--check`` the verifier checks every option in the whole plan.
"""

import argparse
import time
from dataclasses import replace
from random import Random

from pilotline_scheduler.generator import generate
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import Problem, Run
from pilotline_scheduler.quote import Option, Quote, QuoteDesk, Rates, Series
from pilotline_scheduler.solver.first_plan import first_plan
from pilotline_scheduler.verifier import verify

_DAY = 24 * 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=740)
    parser.add_argument("--machines", type=int, default=70)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quotes", type=int, default=200)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    problem = generate(options.runs, options.machines, options.seed)
    plan = first_plan(problem)
    if plan is None:
        raise SystemExit("the generated line has no first plan")
    began, cpu = time.perf_counter(), time.process_time()
    desk = QuoteDesk(problem, plan, rates=rates(problem))
    print(
        f"{len(plan.operations)} operations; desk built in {time.perf_counter() - began:.2f} s "
        f"({time.process_time() - cpu:.2f} s of processor)"
    )
    walls, cpus, answered, several = [], [], 0, 0
    for run in asked(problem, options.machines, options.quotes, options.seed):
        began, cpu = time.perf_counter(), time.process_time()
        quote = desk.quote(run)
        walls.append(1000 * (time.perf_counter() - began))
        cpus.append(1000 * (time.process_time() - cpu))
        answered += bool(quote.options)
        several += len(quote.options) > 1
        if options.check:
            check(problem, plan, quote)
    print(f"{answered} of {len(walls)} with options, {several} with several")
    for name, values in (("wall", sorted(walls)), ("cpu", sorted(cpus))):
        p95 = values[int(0.95 * (len(values) - 1))]
        print(
            f"{name}: median {values[len(values) // 2]:.1f} ms, p95 {p95:.1f}, max {values[-1]:.1f}"
        )


def rates(problem: Problem) -> Rates:
    """Return prices by machine, and a tariff and an intensity that are low at night."""
    last = max(calendar.open[-1].end for calendar in problem.calendars)
    steps = [
        (day * _DAY + hour * 60, value)
        for day in range(last // _DAY + 1)
        for hour, value in ((0, 1.0), (7, 3.0), (17, 4.0), (21, 1.0))
    ]
    hours = {machine.id: 50.0 + 5 * (index % 4) for index, machine in enumerate(problem.machines)}
    return Rates(hours, Series(tuple(steps)), Series(tuple(steps)))


def asked(problem: Problem, machines: int, count: int, seed: int) -> list[Run]:
    """Return runs like those of the line, released at any time while it has work."""
    random = Random(seed)
    last = max(run.release for run in problem.runs)
    return [
        renamed(run, random.randint(0, last)) for run in generate(count, machines, seed + 1).runs
    ]


def renamed(run: Run, release: int) -> Run:
    """Return a run with other names and times that draws energy."""
    by = release - run.release
    return replace(
        run,
        id=f"new-{run.id}",
        release=release,
        due=None if run.due is None else run.due + by,
        deadline=None,
        attendance=tuple(
            replace(each, start=each.start + by // _DAY * _DAY, end=each.end + by // _DAY * _DAY)
            for each in run.attendance
        )
        if by > 0
        else run.attendance,
        lags=tuple(
            replace(lag, before=f"new-{lag.before}", after=f"new-{lag.after}") for lag in run.lags
        ),
        operations=tuple(
            replace(
                each,
                id=f"new-{each.id}",
                modes=tuple(replace(mode, energy=mode.energy or 2) for mode in each.modes),
            )
            for each in run.operations
        ),
    )


def check(problem: Problem, plan: Plan, quote: Quote) -> None:
    """Hold every option against the verifier, in the whole plan.

    Setups of neighbours may have moved; the desk's own reservation shows them.
    """
    for option in quote.options:
        desk = QuoteDesk(problem, plan)
        desk.reserve(replace(quote, options=(option,)), option)
        violations = verify(desk.problem, desk.plan)
        moved = _moved(plan, desk.plan, option)
        if violations or moved:
            raise SystemExit(f"{violations[:3]} {moved}")


def _moved(before: Plan, after: Plan, option: Option) -> list[PlannedOperation]:
    own = {slot.operation for slot in option.slots}
    was = {each.operation: (each.machine, each.start, each.end) for each in before.operations}
    return [
        each
        for each in after.operations
        if each.operation not in own and was[each.operation] != (each.machine, each.start, each.end)
    ]


if __name__ == "__main__":
    main()
