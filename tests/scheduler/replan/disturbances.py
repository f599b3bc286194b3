"""Draws what may happen to a published plan."""

from dataclasses import replace

from hypothesis import strategies as st

from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Problem, Run
from pilotline_scheduler.replan import (
    CancelledRun,
    Disruption,
    LateMaterial,
    MachineDown,
    Overrun,
    PoolShortage,
    UrgentRun,
)


def published(problem: Problem, plan: Plan) -> Problem:
    """Return the problem with a plan as the published one."""
    return replace(problem, previous=plan.operations)


def urgent(run: Run) -> Run:
    """Return a new run like another one."""
    return replace(
        run,
        id="urgent",
        operations=tuple(replace(each, id=f"urgent-{each.id}") for each in run.operations),
        lags=tuple(
            replace(lag, before=f"urgent-{lag.before}", after=f"urgent-{lag.after}")
            for lag in run.lags
        ),
    )


@st.composite
def disturbances(draw: st.DrawFn, problem: Problem, now: int, last: int) -> list[Disruption]:
    """Return one to three disruptions of a problem with its published plan."""
    running = [each for each in problem.previous if each.start < now <= each.end]
    found: dict[object, Disruption] = {}
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, last))
        end = start + draw(st.integers(1, last // 2))
        run = draw(st.sampled_from(problem.runs))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            machine = draw(st.sampled_from(problem.machines)).id
            found[kind, machine] = MachineDown(machine, start, end)
        elif kind == 1 and running:
            each = draw(st.sampled_from(running))
            later = max(each.start + 1, each.end + draw(st.integers(-1, 5)))
            found[kind, each.operation] = Overrun(each.operation, later)
        elif kind == 2:
            part = draw(st.sampled_from([None, run.operations[-1].id]))
            found[kind, run.id] = LateMaterial(run.id, now + draw(st.integers(0, 6)), part)
        elif kind == 3:
            found[kind] = UrgentRun(urgent(run))
        elif kind == 4:
            found[kind] = CancelledRun(run.id)
        elif kind == 5:
            found[kind] = PoolShortage("people", draw(st.integers(1, 2)), start, end)
    return list(found.values())
