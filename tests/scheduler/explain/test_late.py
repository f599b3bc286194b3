"""Why a run is late is told tick by tick, and nothing is told that a reader must not know."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings

from pilotline_scheduler.errors import AnalysisError
from pilotline_scheduler.explain import Cause, Lateness, View, explain_late
from pilotline_scheduler.explain.floor import Floor
from pilotline_scheduler.explain.room import Room
from pilotline_scheduler.generator import generate
from pilotline_scheduler.generator.features import Feature
from pilotline_scheduler.plan import Plan, PlannedOperation
from pilotline_scheduler.problem import (
    Calendar,
    Lag,
    Machine,
    Mode,
    Operation,
    Pin,
    Pool,
    Problem,
    Run,
    Running,
    Wall,
)
from pilotline_scheduler.solver import first_plan, solve
from tests.scheduler.small_problems import problems
from tests.scheduler.words import job, on, operation, setups, spans

M, N = Machine("M", hall="h"), Machine("N", hall="h")


def at(name: str, machine: str, start: int, end: int, setup: int | None = None) -> PlannedOperation:
    return PlannedOperation(name, machine, start if setup is None else setup, start, end)


def told(plan: Sequence[PlannedOperation], **facts: object) -> Lateness:
    """Explain run `late`, whose last work is x."""
    problem = Problem(**{"name": "late", "machines": (M, N), **facts})  # type: ignore[arg-type]
    return explain_late(problem, Plan(tuple(plan)), "late")


def late(*operations: Operation, **facts: object) -> Run:
    return job("late", *operations, **{"due": 3, **facts})


X = operation("x", ("M", 3))
OTHER = job("other", operation("o", ("M", 4)))


def test_a_rival_on_the_machine_is_named_with_its_client() -> None:
    found = told([at("o", "M", 0, 4), at("x", "M", 4, 7)], runs=(late(X), OTHER))
    assert (found.ticks, found.causes) == (4, ((Cause.MACHINE, 4),))
    assert found.waits[0].others == ("o",)
    assert found.sentences[-1] == "x waits from 0 until 4: M does o of run other (other) until 4"


def test_a_gap_that_is_too_short_is_told_with_its_size() -> None:
    plan = [at("o", "M", 2, 6), at("x", "M", 6, 9)]
    found = told(plan, runs=(late(X), OTHER), pins=(Pin("o", start=2),))
    assert "the 2 ticks left on M before o of run other (other) are too few" in found.sentences[-1]


def test_closed_hours_and_pauses_count_as_calendar() -> None:
    found = told(
        [at("x", "M", 10, 23)],
        machines=(Machine("M", calendar="hours"),),
        calendars=(Calendar("hours", spans((10, 12), (22, 40))),),
        runs=(late(operation("x", ("M", 3), pausable=True)),),
    )
    assert (found.ticks, found.causes) == (20, ((Cause.CALENDAR, 20),))
    assert "pauses for 10 ticks" in found.sentences[-1]


def test_a_changeover_is_told_with_its_states() -> None:
    found = told(
        [at("x", "M", 5, 8, setup=0)],
        machines=(Machine("M", changeover="setups", initial_setup="a"),),
        changeovers=(setups("ab", ((0, 5), (5, 0))),),
        runs=(late(operation("x", ("M", 3), setup_state="b")),),
    )
    assert found.causes == ((Cause.CHANGEOVER, 5),)
    assert "from a to b takes 5 ticks" in found.sentences[-1]


def test_those_who_hold_a_pool_are_named() -> None:
    found = told(
        [at("o", "N", 0, 4), at("x", "M", 4, 7)],
        pools=(Pool("people", ((0, 1),)),),
        runs=(
            late(Operation("x", on(("M", 3), people=1))),
            job("other", Operation("o", on(("N", 4), people=1))),
        ),
    )
    assert found.causes == ((Cause.POOL, 4),)
    assert "it needs 1 of people; of 1 at 0, o of run other (other) holds" in found.sentences[-1]


def test_a_wall_an_attendance_window_and_a_pin_are_told() -> None:
    walled = told(
        [at("o", "N", 0, 4), at("x", "M", 4, 7)],
        runs=(late(X), job("other", operation("o", ("N", 4)))),
        walls=(Wall(("late", "other")),),
    )
    assert walled.causes == ((Cause.WALL, 4),)
    visited = told(
        [at("x", "M", 6, 9)],
        runs=(late(operation("x", ("M", 3), attended=True), attendance=spans((6, 20))),),
    )
    assert visited.causes == ((Cause.ATTENDANCE, 6),)
    pinned = told([at("x", "M", 5, 8)], runs=(late(X),), pins=(Pin("x", start=5),))
    assert pinned.causes == ((Cause.PIN, 5),)
    frozen = told([at("x", "M", 4, 7)], runs=(late(X),), frozen_until=4)
    assert frozen.causes == ((Cause.FROZEN, 4),)


def test_what_nothing_holds_could_start_earlier() -> None:
    found = told([at("x", "M", 5, 8)], runs=(late(X),))
    assert found.causes == ((Cause.SLACK, 5),)
    assert found.sentences[-1].endswith("it could start earlier, at 0")


def test_the_chain_goes_back_through_the_run_and_counts_slower_machines() -> None:
    found = told(
        [at("w", "N", 1, 6), at("x", "M", 8, 11)],
        runs=(
            late(operation("w", ("M", 3), ("N", 5)), X, lags=(Lag("w", "x", 2),), due=9, release=1),
        ),
    )
    # 1 + 3 + 2 + 3 = 9 at best; N takes 2 more.
    assert found.chain == ("w", "x")
    assert (found.ticks, found.causes) == (2, ((Cause.SLOWER_MACHINE, 2),))


def test_an_operation_held_back_for_the_next_one_is_told() -> None:
    found = told(
        [at("o", "N", 0, 9), at("x", "M", 6, 9), at("y", "N", 9, 10)],
        runs=(
            late(X, operation("y", ("N", 1)), lags=(Lag("x", "y", 0, 0),)),
            job("other", operation("o", ("N", 9))),
        ),
        pins=(Pin("o", start=0),),
    )
    assert dict(found.causes)[Cause.MAXIMUM_LAG] == 6


def test_a_due_tick_too_early_for_the_work_alone_is_told() -> None:
    found = told([at("x", "M", 0, 3)], runs=(late(X, due=1),))
    assert found.causes == ((Cause.TIGHT, 2),)


def test_a_plan_that_breaks_rules_is_not_explained() -> None:
    with pytest.raises(AnalysisError, match="keeps every rule"):
        told([at("x", "M", 0, 4)], runs=(late(X),))
    with pytest.raises(AnalysisError, match="no run 'late' with a due tick"):
        told([at("x", "M", 0, 3)], runs=(late(X, due=None),))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_causes_add_up_to_the_lateness_and_waits_follow_each_other(problem: Problem) -> None:
    plan = first_plan(problem)
    if plan is None:
        return
    floor = Floor(problem, plan)
    for run in problem.runs:
        if run.due is None:
            continue
        found = explain_late(problem, plan, run.id, floor=floor)
        assert sum(ticks for _, ticks in found.causes) == found.ticks
        seen = explain_late(problem, plan, run.id, View(run.client), floor)
        assert sum(ticks for _, ticks in seen.causes) == found.ticks


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_the_place_an_operation_has_is_one_it_could_have(problem: Problem) -> None:
    plan = first_plan(problem)
    if plan is None:
        return
    floor = Floor(problem, plan)
    for planned in plan.operations:
        mode = floor.case.mode(planned)
        room = Room(floor, planned.operation, mode, View())
        waits, place = room.first(planned.start)
        assert (waits, place and place.end) == ((), planned.end)


def test_a_customer_reads_no_trace_of_another() -> None:
    problem = generate(30, 8, 2)
    plan = first_plan(problem)
    assert plan is not None
    floor = Floor(problem, plan)
    clients = {run.client for run in problem.runs}
    busy = 0
    for run in problem.runs:
        found = explain_late(problem, plan, run.id, View(run.client), floor)
        foreign = [other for other in problem.runs if other.client != run.client]
        words = " ".join(found.sentences)
        traces = {each.id for other in foreign for each in other.operations}
        traces |= {other.id for other in foreign} | (clients - {run.client})
        assert not [trace for trace in traces if trace in words.split()], words
        assert not any("(" in sentence for sentence in found.sentences)
        assert not set(dict(found.causes)) & {Cause.MACHINE, Cause.POOL, Cause.WALL}
        busy += dict(found.causes).get(Cause.BUSY, 0)
    assert busy > 0


def test_a_batch_waits_for_its_last_member() -> None:
    shared = (Mode("M", 4, batch="glaze"),)
    kiln = Machine("M", places=2)
    found = told(
        [at("x", "M", 5, 9), at("o", "M", 5, 9)],
        machines=(kiln,),
        runs=(
            job("late", Operation("x", shared), due=4),
            job("other", Operation("o", shared), release=5),
        ),
    )
    assert found.causes == ((Cause.BATCH, 5),)
    assert "x waits from 0 until 5: it shares M with o of run other (other)" in found.sentences[-1]


def test_what_runs_already_is_a_fact() -> None:
    found = told(
        [at("x", "M", 0, 8), at("y", "M", 8, 10)],
        runs=(late(X, operation("y", ("M", 2)), release=3),),
        running=(Running("x", "M", 0, 8),),
    )
    # 8 as it runs and 2: 10, against 3.
    assert (found.chain, found.causes) == (("x", "y"), ((Cause.TIGHT, 7),))


def test_everything_a_line_can_have_is_explained() -> None:
    problem = generate(20, 8, 1, features=tuple(Feature))
    plan = solve(problem, time_limit_s=4).plan
    assert plan is not None
    floor = Floor(problem, plan)
    for run in problem.runs:
        if run.due is not None:
            found = explain_late(problem, plan, run.id, floor=floor)
            assert sum(ticks for _, ticks in found.causes) == found.ticks
