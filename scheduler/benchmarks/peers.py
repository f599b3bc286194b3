"""PyJobShop, a textbook CP-SAT model and ours, side by side, with the same time and cores.

``uv pip install pyjobshop; python scheduler/benchmarks/peers.py --lines S,M --time 60``
``PILOTLINE_INSTANCES=FOLDER python scheduler/benchmarks/peers.py --only 'mk|ta' --every 10``

Each runs in a process of its own; building the model counts. Values are those of our own objective
on the plan that each one found. Where a peer cannot say a rule, it plans without it, and the table
tells how many rules its plan breaks: such a value is one that nobody may have. Mended is what it is
worth when our own construction builds it again with every rule, on its machines in its order.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from lines import SIZES, best_single_rule
from targets import TARGETS, entries

from pilotline_scheduler.generator import generate
from pilotline_scheduler.problem import Problem
from pilotline_scheduler.solver import solve
from pilotline_scheduler.solver.instance import (
    Instance,
    Schedule,
    compile_problem,
    objective,
    sequences,
)
from pilotline_scheduler.solver.seed.construction import Construction
from pilotline_scheduler.solver.seed.portfolio import attempt
from pilotline_scheduler.solver.seed.recipe import Recipe
from pilotline_scheduler.solver.seed.rules import recipes
from pilotline_scheduler.solver.seed.units import units
from pilotline_scheduler.verifier import verify

_PATIENCE = 2.0
"""Times the limit, and a minute more, after which a peer is not waited for."""
_LARGE = 3000
"""Operations from which only ours and the dispatching rules are run."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one solver made of one problem.

    Attributes:
        problem: its name.
        solver: whose plan it is.
        value: first level of our objective, or None without a plan.
        bound: lower bound it proved, or None.
        broken: rules that the plan breaks because the solver cannot say them.
        mended: the value once its plan is built anew, on its machines and in its order, so that it
            keeps every rule; None where that finds no plan.
        wall_s: seconds, model building included.
        remark: why there is no plan.
    """

    problem: str
    solver: str
    value: int | None
    bound: float | None
    broken: int
    mended: int | None
    wall_s: float
    remark: str = ""


def ours(problem: Problem, seconds: float) -> Result:
    """Return what our solver makes of it."""
    answer = solve(problem, time_limit_s=seconds)
    value = None if answer.objective is None else answer.objective[0]
    broken = 0 if answer.plan is None else len(verify(problem, answer.plan))
    bound = answer.bound[0] if answer.bound else None
    return Result(problem.name, "ours", value, bound, broken, value, answer.wall_s)


def best_rule(problem: Problem, seconds: float) -> Result:
    """Return what the best single dispatching rule makes of it, in whatever time that takes."""
    del seconds
    began = time.monotonic()
    name, value = best_single_rule(problem)
    return Result(problem.name, f"rule {name}", value, None, 0, value, time.monotonic() - began)


def textbook(problem: Problem, seconds: float) -> Result:
    """Return what a plain CP-SAT model makes of it."""
    from peer_textbook import Textbook

    began = time.monotonic()
    instance = compile_problem(problem)
    choices, bound = Textbook(instance).solve(began + seconds)
    return _judged(instance, "CP-SAT, textbook", choices, bound, began)


def pyjobshop(problem: Problem, seconds: float) -> Result:
    """Return what PyJobShop makes of it alone."""
    return _pyjobshop(problem, seconds, "PyJobShop", seeded=False)


def pyjobshop_seeded(problem: Problem, seconds: float) -> Result:
    """Return what PyJobShop makes of it, given our first plan."""
    return _pyjobshop(problem, seconds, "PyJobShop from our seed", seeded=True)


def _pyjobshop(problem: Problem, seconds: float, name: str, *, seeded: bool) -> Result:
    from peer_pyjobshop import PyJobShop

    began = time.monotonic()
    instance = compile_problem(problem)
    first = _seed(instance) if seeded else None
    choices, bound = PyJobShop(instance).solve(began + seconds, first)
    return _judged(instance, name, choices, bound, began)


def _seed(instance: Instance) -> Schedule | None:
    construction = Construction(instance, units(instance), lambda: False)
    return attempt(construction, recipes(instance)[0], [0] * len(instance.runs))


def _judged(
    instance: Instance,
    solver: str,
    choices: Sequence[tuple[int, int, int]] | None,
    bound: float,
    began: float,
) -> Result:
    """Return a peer's result, valued by our objective and checked by our verifier."""
    wall_s = time.monotonic() - began
    problem = instance.problem
    if choices is None:
        return Result(problem.name, solver, None, bound, 0, None, wall_s, "no plan in time")
    modes, starts, ends = map(tuple, zip(*choices, strict=True))
    schedule = _set_up(instance, Schedule(modes, starts, starts, ends))
    broken = len(verify(problem, schedule.plan(instance)))
    value = objective(instance, schedule)[0]
    mended = value if not broken else _mended(instance, schedule)
    return Result(problem.name, solver, value, bound, broken, mended, wall_s)


def _mended(instance: Instance, schedule: Schedule) -> int | None:
    construction = Construction(instance, units(instance), lambda: False)
    recipe = Recipe("mended", [float(start) for start in schedule.start], modes=schedule.mode)
    mended = attempt(construction, recipe, [0] * len(instance.runs))
    return None if mended is None else objective(instance, mended)[0]


def _set_up(instance: Instance, schedule: Schedule) -> Schedule:
    """Return a plan with its setups right before its operations."""
    setup_starts = list(schedule.start)
    for machine, sequence in zip(instance.machines, sequences(instance, schedule), strict=True):
        state = machine.initial
        for operation in sequence:
            needed = instance.modes[operation][schedule.mode[operation]].state
            if machine.changeover is not None and state >= 0 <= needed:
                setup_starts[operation] -= machine.changeover.ticks[state][needed]
            state = state if needed < 0 else needed
    return Schedule(schedule.mode, tuple(setup_starts), schedule.start, schedule.end)


Solver = Callable[[Problem, float], Result]
ALL: tuple[Solver, ...] = (ours, best_rule, textbook, pyjobshop, pyjobshop_seeded)
FOR_LARGE: tuple[Solver, ...] = (ours, best_rule)


def main() -> None:
    """Run all on the chosen problems and print a table."""
    options = _options()
    results: list[Result] = []
    for problem in _problems(options):
        operations = sum(len(run.operations) for run in problem.runs)
        for solver in ALL if operations <= _LARGE else FOR_LARGE:
            results.append(alone(solver, problem, options.time))
            print(_row(results[-1]), file=sys.stderr, flush=True)
        if options.json is not None:
            options.json.write_text(json.dumps([asdict(each) for each in results], indent=1) + "\n")
    print("| problem | solver | value | bound | rules broken | mended | wall | remark |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    print("\n".join(_row(each) for each in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    where = os.environ.get("PILOTLINE_INSTANCES")
    parser.add_argument("--instances", type=Path, default=where, help="folder of public instances")
    parser.add_argument("--only", help="families of public instances, by regular expression")
    parser.add_argument("--every", type=int, default=10, help="every k-th public instance")
    parser.add_argument("--lines", default="", help="generated lines: of S, M, L, XL")
    parser.add_argument("--time", type=float, default=60.0, help="seconds of each solve")
    parser.add_argument("--json", type=Path, help="file for every result")
    options = parser.parse_args()
    if options.only is not None and options.instances is None:
        parser.error("name the folder of instances, or set PILOTLINE_INSTANCES")
    return options


def _problems(options: argparse.Namespace) -> Iterator[Problem]:
    for name in filter(None, options.lines.split(",")):
        yield generate(SIZES[name].runs, SIZES[name].machines, 1)
    if options.only is None:
        return
    told: set[str] = set()
    for target in TARGETS:
        if re.search(options.only, f"{target.source} {target.pattern}"):
            for entry in entries(options.instances, target, options.every):
                if entry.key not in told:
                    told.add(entry.key)
                    yield entry.problem()


def alone(solver: Solver, problem: Problem, seconds: float) -> Result:
    """Return what a solver does in a process of its own, or that it does not come to an end."""
    began = time.monotonic()
    name = getattr(solver, "__name__", str(solver))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        future: Future[Result] = pool.submit(solver, problem, seconds)
        try:
            return future.result(timeout=_PATIENCE * seconds + 60)
        except TimeoutError:
            for process in list((pool._processes or {}).values()):  # noqa: SLF001 - it is stuck
                process.kill()
            remark = "killed: long past its limit"
        except BrokenProcessPool:
            remark = "died, of memory perhaps"
    return Result(problem.name, name, None, None, 0, None, time.monotonic() - began, remark)


def _row(each: Result) -> str:
    value, mended = ("-" if v is None else f"{v:,}" for v in (each.value, each.mended))
    bound = "-" if each.bound is None else f"{each.bound:,.0f}"
    return (
        f"| {each.problem} | {each.solver} | {value} | {bound} | {each.broken} | {mended} | "
        f"{each.wall_s:.1f} s | {each.remark} |"
    )


if __name__ == "__main__":
    main()
