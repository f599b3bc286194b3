"""What `pilotline schedule` shows people and tells programs."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from pilotline_scheduler.benchmark import Measurement
    from pilotline_scheduler.plan import Answer, Incumbent, Plan
    from pilotline_scheduler.problem import Problem


class Progress:
    """What a person sees while a solve runs: a table on a terminal, a line per plan elsewhere."""

    def __init__(self, time_limit_s: float, *, lines: bool) -> None:
        self._started = time.monotonic()
        self._time_limit_s = time_limit_s
        self._lines = lines
        self._last: Incumbent | None = None
        self._count = 0

    def take(self, incumbent: "Incumbent", plan: "Plan") -> None:
        """Note a better plan."""
        del plan
        self._last = incumbent
        self._count += 1
        if self._lines:
            value = figures(incumbent.objective)
            typer.echo(f"{incumbent.wall_s:8.2f} s  {value}  {incumbent.source}", err=True)

    def table(self) -> "Table":
        """Return the state of the solve."""
        from rich.table import Table

        last = self._last
        table = Table("Time", "Objective", "Bound", "Gap", "Plans", "Found by")
        elapsed = time.monotonic() - self._started
        table.add_row(
            f"{elapsed:.0f} of {self._time_limit_s:g} s",
            "-" if last is None else figures(last.objective),
            "-" if last is None else figures(last.bound),
            "-" if last is None else _percent(_gap(last.objective[0], last.bound[0])),
            str(self._count),
            "-" if last is None else f"{last.source} at {last.wall_s:.1f} s",
        )
        return table


def _gap(objective: int, bound: int | None) -> float | None:
    if bound is None:
        return None
    return 0.0 if objective <= bound else (objective - bound) / objective


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def figures(values: "tuple[int | None, ...] | None") -> str:
    """Return values of the levels, such as ``1,234 / 56``."""
    if values is None:
        return "-"
    return " / ".join("-" if value is None else f"{value:,}" for value in values)


def report(problem: "Problem", answer: "Answer") -> dict[str, object]:
    """Return what ``solve --json`` prints."""
    from pilotline_scheduler.benchmark import optimality_gap

    return {
        "name": problem.name,
        "status": answer.status.value,
        "objective": None if answer.objective is None else answer.objective[0],
        "objectives": answer.objective,
        "bound": answer.bound[0] if answer.bound else None,
        "bounds": answer.bound,
        "bound_source": answer.bound_source,
        "gap": optimality_gap(answer),
        "first_s": answer.first_s,
        "wall_s": answer.wall_s,
        "message": answer.message,
        "trajectory": [
            {
                "wall_s": each.wall_s,
                "objective": each.objective[0],
                "objectives": each.objective,
                "bound": each.bound[0] if each.bound else None,
                "source": each.source,
            }
            for each in answer.trajectory
        ],
    }


def print_answer(answer: "Answer", out: Path | None) -> None:
    """Print what a person wants to know of an answer."""
    from pilotline_scheduler.benchmark import optimality_gap

    first = "-" if answer.first_s is None else f"{answer.first_s:.2f} s"
    lines = [
        f"status     {answer.status.value}" + (f": {answer.message}" if answer.message else ""),
        f"objective  {figures(answer.objective)}",
        f"bound      {figures(answer.bound)} ({answer.bound_source})",
        f"gap        {_percent(optimality_gap(answer))}",
        f"time       {answer.wall_s:.2f} s, first plan after {first}",
        f"plans      {len(answer.trajectory)}",
    ]
    if out is not None and answer.plan is not None:
        lines.append(f"plan       {out}")
    for line in lines:
        typer.echo(line)


def table_of_results(
    shown: "list[Measurement]", results: "list[Measurement]", solving: str | None = None
) -> "Table":
    """Return results of a bench beside the best known values.

    Args:
        shown: the results to list.
        results: all results, for the mean gap below.
        solving: what is being solved now, or None at the end.
    """
    from rich.table import Table

    table = Table()
    table.add_column("Instance", overflow="fold", min_width=14)
    table.add_column("Status", overflow="fold")
    for heading in ("Objective", "Bound", "Known", "Gap", "First", "Time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in shown:
        table.add_row(
            each.name,
            each.status,
            figures((each.objective,)),
            figures((each.bound,)),
            figures((each.best_known,)),
            "-" if each.gap_pct is None else f"{each.gap_pct:.2f} %",
            "-" if each.first_s is None else f"{each.first_s:.2f} s",
            f"{each.wall_s:.1f} s",
        )
    if solving is not None:
        table.add_row(solving, "solving")
    gaps = [each.gap_pct for each in results if each.gap_pct is not None]
    if gaps:
        mean = sum(gaps) / len(gaps)
        table.caption = f"mean gap {mean:.2f} % over {len(gaps)} of {len(results)} instances"
    return table
