"""Runs public scheduling instances against the bars in `targets`, and says which are met.

``PILOTLINE_INSTANCES=FOLDER python scheduler/benchmarks/literature.py --every 10``

The folder holds ``manifest.csv`` (set, name, path, best_known) and the files it names; the gap is
to the best value published, or to the best of any run of ours where none is. Each solve runs in a
process of its own, and its plan is checked by the independent verifier. ``--record`` keeps the best
values of a run in ``best_values.csv``; record on a machine with nothing else to do.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from targets import TARGETS, BestValues, Entry, Rule, Target, entries

from pilotline_scheduler.benchmark import gap_pct
from pilotline_scheduler.solver import solve_in_child
from pilotline_scheduler.verifier import verify

BEST_VALUES = Path(__file__).parent / "best_values.csv"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one instance in one run.

    Attributes:
        target: name of the target.
        seconds: time limit.
        name: the instance, with its set.
        seed: of the solve.
        objective: of the best plan, or None without one.
        bound: proven lower bound, or None.
        reference: best value published, or of any run; None where there is none.
        gap_pct: percent above the reference, or None.
        first_s: seconds to the first plan, or None.
        wall_s: seconds in all.
        status: of the answer, or ``invalid`` where the verifier refuses the plan.
        as_known: whether it found a plan where there is one and a proof where there is none.
    """

    target: str
    seconds: float
    name: str
    seed: int
    objective: int | None
    bound: int | None
    reference: int | None
    gap_pct: float | None
    first_s: float | None
    wall_s: float
    status: str
    as_known: bool


def main() -> int:
    """Run the chosen targets; return 0 when all bars are met."""
    options = _options()
    best = BestValues(BEST_VALUES)
    results: list[Result] = []
    rows: list[list[str]] = []
    met = True
    for target in _chosen(options.only, options.time):
        found = _measured(target, best, options)
        results += found
        rows.append(_row(target, found))
        met = met and rows[-1][-1] == "yes"
        if options.json is not None:
            options.json.write_text(json.dumps([asdict(each) for each in results], indent=1) + "\n")
        if options.record:
            best.note(
                [(r.name, r.objective) for r in found if _counts(r) and r.objective is not None]
            )
    table = markdown(rows)
    print(table)
    if options.markdown is not None:
        options.markdown.write_text(table + "\n", encoding="utf-8")
    return 0 if met else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    where = os.environ.get("PILOTLINE_INSTANCES")
    parser.add_argument(
        "instances",
        nargs="?",
        type=Path,
        default=where,
        help="folder of instances; PILOTLINE_INSTANCES where it is left out",
    )
    parser.add_argument(
        "--only", default="", help="sets, or families in them, by regular expression"
    )
    parser.add_argument("--time", type=float, help="only the bars at this many seconds")
    parser.add_argument("--every", type=int, default=1, help="every k-th instance of a set")
    parser.add_argument("--repeats", type=int, default=1, help="seeds")
    parser.add_argument("--workers", type=int, help="threads of a solve")
    parser.add_argument("--json", type=Path, help="file for every result")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    parser.add_argument("--record", action="store_true", help=f"update {BEST_VALUES.name}")
    options = parser.parse_args()
    if options.instances is None:
        parser.error("name the folder of instances, or set PILOTLINE_INSTANCES")
    return options


def _chosen(only: str, seconds: float | None) -> list[Target]:
    return [
        target
        for target in TARGETS
        if re.search(only, f"{target.source} {target.name} {target.pattern}")
        and seconds in (None, target.seconds)
    ]


def _measured(target: Target, best: BestValues, options: argparse.Namespace) -> list[Result]:
    found: list[Result] = []
    for entry in entries(options.instances, target, options.every):
        for seed in range(options.repeats):
            found.append(measure(target, entry, best.reference(entry), seed, options.workers))
            print(_line(found[-1]), file=sys.stderr, flush=True)
    return found


def measure(
    target: Target, entry: Entry, reference: int | None, seed: int, workers: int | None
) -> Result:
    """Return what a solve in a process of its own makes of an instance."""
    problem = entry.problem()
    answer = solve_in_child(problem, time_limit_s=target.seconds, workers=workers, seed=seed)
    sound = answer.plan is None or not verify(problem, answer.plan)
    objective = None if answer.objective is None else answer.objective[0]
    if entry.infeasible:
        as_known = answer.status.value == "infeasible"
    else:
        as_known = answer.plan is not None and sound
    return Result(
        target=target.name,
        seconds=target.seconds,
        name=entry.key,
        seed=seed,
        objective=objective,
        bound=answer.bound[0] if answer.bound else None,
        reference=reference,
        gap_pct=gap_pct(objective, reference),
        first_s=answer.first_s,
        wall_s=answer.wall_s,
        status=answer.status.value if sound else "invalid",
        as_known=as_known,
    )


def _counts(result: Result) -> bool:
    return result.objective is not None and result.status != "invalid"


def is_met(target: Target, results: Sequence[Result]) -> bool:
    """Return whether a bar is met: nothing invalid, nothing without a plan, and the gap."""
    if not results or not all(result.as_known for result in results):
        return False
    if target.rule is Rule.BEST:
        return all(
            result.status == "optimal"
            or (
                result.objective is not None
                and result.reference is not None
                and result.objective <= result.reference
            )
            for result in results
        )
    mean = _mean(result.gap_pct for result in results)
    return mean is not None and mean <= target.bar_pct


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _row(target: Target, results: Sequence[Result]) -> list[str]:
    gaps = [result.gap_pct for result in results if result.gap_pct is not None]
    bar = "as good as any run" if target.rule is Rule.BEST else f"≤ {target.bar_pct:g} %"
    return [
        target.name,
        str(len(results)),
        f"{target.seconds:g} s",
        f"{_mean(gaps):.2f} %" if gaps else "-",
        f"{max(gaps):.2f} %" if gaps else "-",
        str(sum(result.status == "optimal" for result in results)),
        str(sum(not result.as_known for result in results)),
        bar,
        "yes" if is_met(target, results) else "no",
    ]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return the table of targets."""
    head = ("set", "n", "time", "mean gap", "max gap", "optimal", "unsolved", "bar", "met")
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(result: Result) -> str:
    gap = "-" if result.gap_pct is None else f"{result.gap_pct:.2f} %"
    first = "-" if result.first_s is None else f"{result.first_s:.2f} s"
    return (
        f"{result.name} {result.seconds:g} s: {result.objective} ({result.reference}) {gap} "
        f"{result.status}, first {first}, wall {result.wall_s:.1f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
