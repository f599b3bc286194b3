"""The problem the solver is given says what the plant, the clients and the published plan say."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from pilotline_api.accounts.models import Role
from pilotline_api.bookings.models import Booking
from pilotline_api.kit.base import utc_now
from pilotline_api.occupancy.models import Occupancy
from pilotline_api.plans.problem_building import PlanningCase, build_case
from pilotline_api.runs.models import TrialRun
from pilotline_scheduler.plan import Plan
from pilotline_scheduler.problem import Interval, Lag, Mode, Problem, Run
from pilotline_scheduler.problem.validation import validate
from pilotline_scheduler.solver import first_plan
from pilotline_scheduler.verifier import verify
from tests.api.live.running import RunningApi
from tests.api.world import (
    NEXT_WEEK,
    Json,
    Placed,
    ask,
    at,
    book,
    draft,
    move_into_the_past,
    publish,
    spread,
)

MONDAY = datetime(2026, 12, 7, 6, tzinfo=UTC)
"""A winter Monday on which the bench's day shift begins, 07:00 in Copenhagen."""


@pytest.fixture(autouse=True)
def nothing_is_asked(api: RunningApi) -> None:
    with api.services.database.writing() as session:
        session.execute(delete(Occupancy))
        session.execute(delete(Booking))
        for run in session.query(TrialRun):
            run.cancelled_at = utc_now()


def case(api: RunningApi, now: datetime, **changes: timedelta) -> PlanningCase:
    wishes = {
        "frozen_horizon": timedelta(hours=2),
        "planning_horizon": timedelta(days=42),
        "lead": timedelta(minutes=10),
    } | changes
    with api.services.database.reading() as session:
        built = build_case(session, api.services.plant, now=now, **wishes)
    validate(built.problem)
    return built


def only_run(problem: Problem) -> Run:
    (run,) = problem.runs
    return run


def planned(problem: Problem) -> Plan:
    plan = first_plan(problem)
    assert plan is not None
    assert verify(problem, plan) == []
    return plan


def test_a_run_becomes_operations_with_modes_lags_and_dates(api: RunningApi) -> None:
    run = ask(
        api.browser(Role.CUSTOMER, "nordbeton"),
        procedure="resin-plates",
        release=at(MONDAY + timedelta(hours=1)),
        due=at(MONDAY + timedelta(days=2)),
    )

    built = case(api, MONDAY)
    problem = built.problem

    mix, dry, mill = (each["id"] for each in run["operations"])
    asked = only_run(problem)
    assert (problem.tick_s, problem.origin) == (60, MONDAY)
    assert (asked.client, asked.release, asked.due, asked.weight) == ("nordbeton", 60, 2880, 1)
    assert asked.lags == (
        Lag(mix, dry, 0, 0),
        Lag(dry, mill, 30, 2880),
    )
    by_id = {operation.id: operation for operation in asked.operations}
    # The oven dries at a rate of 0.8: 180 nominal minutes take 225.
    assert by_id[dry].modes == (Mode("oven-1", 225),)
    assert by_id[mix].setup_state == "resin"
    assert by_id[mill].pausable
    assert by_id[mill].attended
    assert by_id[mill].modes[0].demands == (("operators", 1),)


def test_machines_have_their_own_hours_in_ticks_of_utc(api: RunningApi) -> None:
    problem = case(api, MONDAY).problem
    hours = {calendar.id: calendar.open for calendar in problem.calendars}

    assert hours["mixer-1"][:2] == (Interval(0, 510), Interval(1440, 1950))
    # Service until ten o'clock in Copenhagen is until 10:00 UTC in the file.
    assert hours["mill-1"][0] == Interval(240, 510)
    assert hours["oven-1"] == (Interval(0, 42 * 1440),)
    changeover = problem.changeovers[0]
    assert changeover.ticks[1] == (20, 0, 35)
    assert (changeover.pool, changeover.pool_units) == ("operators", 1)
    assert problem.machines[0].initial_setup == "clean"
    assert problem.walls[0].clients == ("nordbeton", "fjordform")


def test_a_pool_keeps_its_level_while_nothing_that_draws_on_it_could_run(api: RunningApi) -> None:
    """So that milling may pause overnight though the operators have gone home."""
    ask(api.browser(Role.CUSTOMER, "nordbeton"), release=at(MONDAY), due=at(MONDAY + timedelta(9)))

    (pool,) = case(api, MONDAY).problem.pools

    assert pool.levels == ((0, 2),)


def test_a_pool_lends_nothing_in_closed_hours_to_a_machine_that_is_open(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    ask(browser, release=at(MONDAY), due=at(MONDAY + timedelta(9)))
    evening = MONDAY + timedelta(hours=12)
    # A booking opens the mixer at night; the operators are not there then.
    book(browser, start=at(evening), end=at(evening + timedelta(hours=1)))

    (pool,) = case(api, MONDAY).problem.pools

    assert pool.levels[:3] == ((0, 2), (720, 0), (780, 2))


def test_bookings_stay_where_they_are_even_outside_working_time(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    ask(browser, release=at(MONDAY), due=at(MONDAY + timedelta(days=9)))
    night = MONDAY + timedelta(days=1, hours=15)
    booking = book(
        browser, machine="mill-1", start=at(night), end=at(night + timedelta(hours=2))
    ).json()

    problem = case(api, MONDAY).problem
    plan = planned(problem)

    (kept,) = [each for each in plan.operations if each.operation == f"booking:{booking['id']}"]
    assert (kept.machine, kept.start, kept.end) == ("mill-1", 2340, 2460)


def published_run(api: RunningApi, placed: list[Placed] | None = None) -> Json:
    planner = api.browser(Role.PLANNER)
    run = ask(planner, client="nordbeton", release=at(utc_now()), due=at(NEXT_WEEK))
    answer = publish(planner, draft(api, placed or spread(run, NEXT_WEEK)))
    assert answer.status_code == 200, answer.text
    return run


def test_what_is_published_and_near_is_frozen(api: RunningApi) -> None:
    run = published_run(api)

    near = case(api, NEXT_WEEK - timedelta(minutes=50)).problem
    far = case(api, NEXT_WEEK - timedelta(hours=9)).problem

    assert near.frozen_until == 120
    previous = {planned.operation: planned for planned in near.previous}
    first = previous[run["operations"][0]["id"]]
    assert (first.machine, first.start, first.end) == ("mixer-1", 50, 80)
    assert len(near.previous) == 3
    assert all(planned.start < near.frozen_until for planned in near.previous)
    assert all(planned.start > far.frozen_until for planned in far.previous)


def test_without_a_published_plan_nothing_is_frozen_but_the_time_to_publish(
    api: RunningApi,
) -> None:
    ask(api.browser(Role.CUSTOMER, "nordbeton"), release=at(MONDAY), due=at(MONDAY + timedelta(9)))

    problem = case(api, MONDAY, lead=timedelta(minutes=7)).problem

    assert problem.frozen_until == 7
    assert problem.previous == ()


def test_a_run_under_way_keeps_what_it_has_done(api: RunningApi) -> None:
    """Planning begins where the oldest run under way began, in the past."""
    run = published_run(api)
    ago = NEXT_WEEK - utc_now() + timedelta(minutes=45)
    move_into_the_past(api, run, ago)

    built = case(api, utc_now(), frozen_horizon=timedelta(minutes=15))
    problem = built.problem

    begun = (NEXT_WEEK - ago).replace(second=0, microsecond=0)
    assert problem.origin == begun
    mixed = next(each for each in problem.previous if each.machine == "mixer-1")
    assert (mixed.start, mixed.end) == (0, 30)
    assert 59 <= problem.frozen_until <= 61
    assert set(built.kept) == {each["id"] for each in run["operations"][:2]} | (
        {run["operations"][2]["id"]} if problem.frozen_until > 60 else set()
    )


def test_a_changeover_under_way_holds_its_operation(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    run = ask(planner, client="nordbeton", release=at(utc_now()), due=at(NEXT_WEEK))
    mix = run["operations"][0]["id"]
    placed = Placed(mix, "mixer-1", NEXT_WEEK, 30, setup_minutes=20)
    publish(planner, draft(api, [placed]))

    problem = case(
        api, NEXT_WEEK - timedelta(minutes=30), frozen_horizon=timedelta(minutes=20)
    ).problem

    (pin,) = problem.pins
    assert (pin.operation, pin.machine, pin.start) == (mix, "mixer-1", 30)


def test_what_a_done_run_left_a_machine_in_is_where_the_next_begins(api: RunningApi) -> None:
    run = published_run(api)
    move_into_the_past(api, run, NEXT_WEEK - utc_now() + timedelta(hours=5))

    problem = case(api, utc_now()).problem

    states = {machine.id: machine.initial_setup for machine in problem.machines}
    assert states["mixer-1"] == "mortar"
    assert run["id"] not in {each.id for each in problem.runs}


def test_a_done_run_between_others_still_counts_for_setups(api: RunningApi) -> None:
    """It began after the oldest run under way, so it lies inside the problem's time."""
    planner = api.browser(Role.PLANNER)
    long, short = (
        ask(planner, client="nordbeton", release=at(utc_now()), due=at(NEXT_WEEK)) for _ in range(2)
    )
    start = NEXT_WEEK + timedelta(days=2)
    first = spread(long, start, minutes=100)
    second = Placed(short["operations"][0]["id"], "mixer-1", start + timedelta(minutes=110), 30)
    publish(planner, draft(api, [*first, second]))
    ago = start - utc_now() + timedelta(minutes=150)
    for run in (long, short):
        move_into_the_past(api, run, ago)

    built = case(api, utc_now(), frozen_horizon=timedelta(0))

    assert planner.get(f"/trial-runs/{short['id']}").json()["status"] == "done"
    done = next(each for each in built.problem.runs if each.id == short["id"])
    assert [operation.id for operation in done.operations] == [second.operation]
    assert done.due is None
    assert second.operation not in built.operations


def test_missed_attendance_windows_do_not_leave_everyone_without_a_plan(api: RunningApi) -> None:
    window = {"start": at(NEXT_WEEK), "end": at(NEXT_WEEK + timedelta(days=5))}
    run = ask(
        api.browser(Role.CUSTOMER, "nordbeton"),
        release=at(NEXT_WEEK),
        due=at(NEXT_WEEK + timedelta(days=9)),
        attendance=[window],
    )

    before = case(api, NEXT_WEEK)
    after = case(api, NEXT_WEEK + timedelta(days=6))

    assert only_run(before.problem).attendance == (Interval(0, 5 * 1440),)
    assert before.notes == ()
    assert only_run(after.problem).attendance == ()
    assert run["title"] in after.notes[0]
