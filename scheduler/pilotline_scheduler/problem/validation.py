"""Finds every contradiction in a problem before anyone plans with it."""

from itertools import pairwise

from pilotline_scheduler.errors import ProblemError
from pilotline_scheduler.problem.decision_validation import check_decisions
from pilotline_scheduler.problem.findings import MAX_WEIGHT, Findings
from pilotline_scheduler.problem.objective_validation import check_objective
from pilotline_scheduler.problem.problem import Problem
from pilotline_scheduler.problem.resources import Calendar, Changeover, Machine, Pool
from pilotline_scheduler.problem.run_validation import check_runs


def validate(problem: Problem) -> None:
    """Check that a problem is well formed: every id known, every number in range.

    A well-formed problem may still have no plan; finding that out is the solver's work.

    Raises:
        ProblemError: with every mistake, by JSON pointer into the problem's document.
    """
    findings = Findings()
    _check_frame(problem, findings)
    _check_machines(problem, findings)
    for index, calendar in enumerate(problem.calendars):
        _check_calendar(f"/calendars/{index}", calendar, findings)
    for index, changeover in enumerate(problem.changeovers):
        _check_changeover(f"/changeovers/{index}", changeover, problem, findings)
    for index, pool in enumerate(problem.pools):
        _check_pool(f"/pools/{index}", pool, findings)
    check_objective(problem, findings)
    check_runs(problem, findings)
    check_decisions(problem, findings)
    if findings.mistakes:
        raise ProblemError(findings.mistakes)


def _check_frame(problem: Problem, findings: Findings) -> None:
    findings.unique("/machines", (each.id for each in problem.machines), "machine")
    findings.unique("/calendars", (each.id for each in problem.calendars), "calendar")
    findings.unique("/changeovers", (each.id for each in problem.changeovers), "changeover")
    findings.unique("/pools", (each.id for each in problem.pools), "pool")
    findings.unique("/runs", (each.id for each in problem.runs), "run")
    findings.tick("/tick_s", problem.tick_s, lowest=1)
    findings.tick("/frozen_until", problem.frozen_until)
    if problem.origin is not None and problem.origin.utcoffset() is None:
        findings.add("/origin", problem.origin, "needs a time zone; write it in UTC")


def _check_machines(problem: Problem, findings: Findings) -> None:
    calendars = {calendar.id for calendar in problem.calendars}
    changeovers = {changeover.id: changeover for changeover in problem.changeovers}
    for index, machine in enumerate(problem.machines):
        pointer = f"/machines/{index}"
        findings.known(f"{pointer}/calendar", machine.calendar, calendars, "calendar")
        if not 1 <= machine.places <= MAX_WEIGHT:
            findings.add(f"{pointer}/places", machine.places, f"must be from 1 to {MAX_WEIGHT}")
        if findings.known(f"{pointer}/changeover", machine.changeover, changeovers, "changeover"):
            _check_initial_setup(f"{pointer}/initial_setup", machine, changeovers, findings)


def _check_initial_setup(
    pointer: str, machine: Machine, changeovers: dict[str, Changeover], findings: Findings
) -> None:
    if machine.initial_setup is None or machine.changeover is None:
        return
    if machine.initial_setup not in changeovers[machine.changeover].states:
        findings.add(
            pointer, machine.initial_setup, f"is no state of changeover {machine.changeover!r}"
        )


def _check_calendar(pointer: str, calendar: Calendar, findings: Findings) -> None:
    for index, interval in enumerate(calendar.open):
        findings.interval(f"{pointer}/open/{index}", interval)
    for index, (before, after) in enumerate(pairwise(calendar.open)):
        if after.start <= before.end:
            findings.add(
                f"{pointer}/open/{index + 1}/start",
                after.start,
                f"must be after {before.end}, the end of the interval before; join them or sort",
            )


def _check_changeover(
    pointer: str, changeover: Changeover, problem: Problem, findings: Findings
) -> None:
    findings.unique(f"{pointer}/states", changeover.states, "state")
    for name, matrix in (("ticks", changeover.ticks), ("cost", changeover.cost)):
        size = len(changeover.states)
        if len(matrix) != size or any(len(row) != size for row in matrix):
            shape = [len(row) for row in matrix]
            findings.add(f"{pointer}/{name}", shape, f"must have {size} rows of {size} numbers")
        for i, row in enumerate(matrix):
            for j, value in enumerate(row):
                findings.tick(f"{pointer}/{name}/{i}/{j}", value)
    if changeover.pool is None:
        if changeover.pool_units:
            findings.add(f"{pointer}/pool_units", changeover.pool_units, "needs a pool")
        return
    pools = {pool.id for pool in problem.pools}
    findings.known(f"{pointer}/pool", changeover.pool, pools, "pool")
    findings.tick(f"{pointer}/pool_units", changeover.pool_units, lowest=1)


def _check_pool(pointer: str, pool: Pool, findings: Findings) -> None:
    if not pool.levels:
        findings.add(f"{pointer}/levels", [], "needs a level at tick 0")
    findings.steps(f"{pointer}/levels", pool.levels)
