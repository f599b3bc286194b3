"""What a plan achieves, in the units people plan with."""

from pilotline_api.plans.axis import TICK_S
from pilotline_api.plans.equipment import difference, union
from pilotline_api.plans.problem_building import PlanningCase
from pilotline_api.plans.schemas import KpisView
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Goal, Interval
from pilotline_scheduler.verifier import evaluate_goals


def kpis(case: PlanningCase, plan: Plan) -> KpisView:
    """Return what a plan without violations achieves from now on."""
    goals = evaluate_goals(case.problem, plan)
    now = max(0, case.axis.ceil(case.now))
    own = [planned for planned in plan.operations if planned.operation in case.operations]
    last_end = max((planned.end for planned in own), default=now)
    return KpisView(
        weighted_tardiness=_minutes(goals[Goal.WEIGHTED_TARDINESS]),
        tardy_runs=goals[Goal.TARDY_RUNS],
        makespan_minutes=_minutes(max(0, last_end - now)),
        changeover_minutes=_minutes(goals[Goal.CHANGEOVER_TIME]),
        utilisation_pct=_utilisation_pct(case, plan, Interval(now, max(now + 1, last_end))),
        runs=len({case.operations[planned.operation].run_id for planned in own}),
        operations=len(own),
    )


def _utilisation_pct(case: PlanningCase, plan: Plan, span: Interval) -> float:
    """Return the used share of the open time, within a span, of machines that are used at all."""
    open_ticks = {calendar.id: calendar.open for calendar in case.problem.calendars}
    outside = (Interval(min(0, span.start - 1), span.start), Interval(span.end, 2**31))
    used = available = 0
    for machine in {planned.machine for planned in plan.operations}:
        hours = difference(open_ticks[machine], outside)
        taken = union(
            Interval(planned.setup_start, planned.end)
            for planned in plan.operations
            if planned.machine == machine
        )
        total = _length(hours)
        available += total
        used += total - _length(difference(hours, taken))
    return round(100 * used / available, 1) if available else 0.0


def _length(intervals: list[Interval]) -> int:
    return sum(interval.end - interval.start for interval in intervals)


def _minutes(ticks: int) -> int:
    return ticks * TICK_S // 60
