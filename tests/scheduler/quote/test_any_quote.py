"""Whatever is planned and asked for: options hold, move nothing, and the soonest is the soonest."""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pilotline_scheduler.plan import Plan, Status
from pilotline_scheduler.problem import Goal, Objective, Pin, Problem, Run, Term
from pilotline_scheduler.quote import Aim, QuoteDesk, Rates, Series
from pilotline_scheduler.solver import first_plan, solve
from tests.scheduler.small_problems import problems
from tests.scheduler.test_small_problems import PATIENT

LAST = 40
RATES = Rates({"M": 60.0, "N": 30.0}, Series(((0, 3.0), (15, 1.0))), Series(((0, 1.0), (8, 0.5))))


def asked(problem: Problem) -> tuple[Problem, Plan, Run]:
    """Return a problem without its last run, a plan of it, and that run."""
    assume(len(problem.runs) > 1)
    rest = replace(problem, runs=problem.runs[:-1])
    plan = first_plan(rest)
    assume(plan is not None)
    assert plan is not None
    return rest, plan, problem.runs[-1]


@settings(max_examples=40, **PATIENT)  # type: ignore[arg-type]
@given(problems(last=LAST, most_runs=5))
def test_every_option_holds_in_the_whole_plan_and_moves_nothing(problem: Problem) -> None:
    rest, plan, run = asked(problem)
    quote = QuoteDesk(rest, plan, rates=RATES).quote(run)
    before = {each.operation: (each.machine, each.start, each.end) for each in plan.operations}
    for option in quote.options:
        desk = QuoteDesk(rest, plan, rates=RATES)
        desk.reserve(quote, option)  # has the verifier check the whole plan
        after = {each.operation: each for each in desk.plan.operations}
        for name, place in before.items():
            assert place == (after[name].machine, after[name].start, after[name].end)
        for slot in option.slots:
            now = after[slot.operation]
            assert (slot.machine, slot.setup_start, slot.start, slot.end) == (
                now.machine,
                now.setup_start,
                now.start,
                now.end,
            )
    if not quote.options:
        assert quote.hindrances or quote.soonest_end is None


@settings(max_examples=40, **PATIENT)  # type: ignore[arg-type]
@given(problems(last=LAST, most_runs=4), st.integers(0, 10))
def test_the_soonest_slot_of_an_operation_is_the_soonest_there_is(
    problem: Problem, now: int
) -> None:
    rest, plan, run = asked(problem)
    single = replace(run, operations=run.operations[:1], lags=(), release=max(now, run.release))
    quote = QuoteDesk(rest, plan, now=now).quote(single, aims=(Aim.SOONER,))
    soonest = _soonest_end(rest, plan, single, now)
    assert [option.end for option in quote.options] == ([] if soonest is None else [soonest])


def _soonest_end(rest: Problem, plan: Plan, run: Run, now: int) -> int | None:
    """Return the end that CP-SAT proves to be the soonest with all others where they are."""
    others = tuple(replace(each, due=None) for each in rest.runs)
    answer = solve(
        replace(
            rest,
            runs=(*others, replace(run, due=-1, weight=1)),
            pins=tuple(Pin(each.operation, each.machine, each.start) for each in plan.operations),
            frozen_until=now,
            objective=Objective((Term(Goal.WEIGHTED_TARDINESS),)),
        ),
        time_limit_s=20,
        workers=1,
    )
    if answer.objective is None:
        assert answer.status is Status.INFEASIBLE
        return None
    assert answer.objective == answer.bound
    return answer.objective[0] - 1
