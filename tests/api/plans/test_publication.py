"""Publishing: nobody overwrites what they have not seen, and no promise is broken."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from pilotline_api.accounts.models import Role
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.events import Audience, after, newest_id
from tests.api.live.running import RunningApi
from tests.api.world import (
    NEXT_WEEK,
    Placed,
    ask,
    at,
    book,
    draft,
    move_into_the_past,
    publish,
    published_version,
    spread,
)


def test_there_is_no_published_plan_at_first(api: RunningApi) -> None:
    answer = api.browser(Role.PLANNER).get("/plans/published")

    assert answer.status_code == 404


def test_a_draft_is_published_against_the_version_that_was_seen(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    run = ask(planner, client="nordbeton")
    plan = draft(api, spread(run, NEXT_WEEK))
    path = f"/plans/{plan}/publication"

    blind = planner.post(path)
    assert blind.status_code == 428
    assert blind.json()["code"] == "if_match_required"
    stale = planner.post(path, headers={"If-Match": '"999"'})
    assert stale.status_code == 412
    assert stale.json()["code"] == "stale_plan"
    assert stale.json()["published_version"] == 0
    assert stale.headers["etag"] == '"0"'
    done = planner.post(path, headers={"If-Match": '"0"'})

    assert done.status_code == 200
    assert done.json()["status"] == "published"
    assert done.headers["etag"] == f'"{done.json()["version"]}"'
    read = planner.get("/plans/published")
    assert read.json()["id"] == plan
    assert read.headers["etag"] == done.headers["etag"]
    assert [slot["operation"]["name"] for slot in read.json()["slots"]] == [
        each["name"] for each in run["operations"]
    ]


@pytest.mark.parametrize("tag", ["3", "*", 'W/"3"', '"x"', '"1", "2"', '"-1"'])
def test_an_if_match_that_is_no_version_is_refused(api: RunningApi, tag: str) -> None:
    planner = api.browser(Role.PLANNER)
    plan = draft(api, spread(ask(planner, client="nordbeton"), NEXT_WEEK))

    answer = planner.post(f"/plans/{plan}/publication", headers={"If-Match": tag})

    assert answer.status_code == 422


def test_of_planners_who_publish_at_once_one_succeeds(api: RunningApi) -> None:
    planners = [api.browser(Role.PLANNER) for _ in range(8)]
    run = ask(planners[0], client="nordbeton")
    plans = [
        draft(api, spread(run, NEXT_WEEK + timedelta(days=10, hours=number)))
        for number in range(len(planners))
    ]
    seen = published_version(planners[0])

    with ThreadPoolExecutor(len(planners)) as together:
        answers = list(
            together.map(
                lambda pair: pair[0].post(
                    f"/plans/{pair[1]}/publication", headers={"If-Match": f'"{seen}"'}
                ),
                zip(planners, plans, strict=True),
            )
        )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [412] * (len(planners) - 1)
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert planners[0].get("/plans/published").json()["id"] == winner.json()["id"]


def test_the_former_plan_is_superseded_and_cannot_come_back(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    run = ask(planner, client="nordbeton")
    first, second = (draft(api, spread(run, NEXT_WEEK + timedelta(days=day))) for day in (1, 2))
    assert publish(planner, first).status_code == 200
    assert publish(planner, second).status_code == 200

    assert planner.get(f"/plans/{first}").json()["status"] == "superseded"
    again = publish(planner, first)
    assert again.status_code == 409
    assert again.json()["code"] == "not_a_draft"
    assert planner.get("/plans/published").json()["id"] == second


def test_a_plan_that_meets_a_later_booking_is_refused_as_a_whole(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    start = NEXT_WEEK + timedelta(days=3)
    plan = draft(api, spread(ask(planner, client="nordbeton"), start))
    before = published_version(planner)
    taken = book(
        planner, machine="mill-1", start=at(start), end=at(start + timedelta(hours=2)), client=None
    )
    assert taken.status_code == 201

    answer = publish(planner, plan)

    assert answer.status_code == 409
    assert answer.json()["code"] == "does_not_fit"
    assert published_version(planner) == before
    assert planner.get(f"/plans/{plan}").json()["status"] == "draft"


def test_a_plan_that_brings_walled_clients_together_is_refused(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    start = NEXT_WEEK + timedelta(days=4)
    plan = draft(api, spread(ask(planner, client="nordbeton"), start))
    book(
        planner,
        machine="mill-1",
        start=at(start),
        end=at(start + timedelta(minutes=30)),
        client="fjordform",
    )

    answer = publish(planner, plan)

    assert answer.status_code == 409
    assert answer.json()["code"] == "does_not_fit"


def test_a_plan_that_would_have_begun_by_now_is_refused(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    run = ask(planner, client="nordbeton")
    plan = draft(api, spread(run, utc_now() - timedelta(minutes=10)))

    answer = publish(planner, plan)

    assert answer.status_code == 409
    assert answer.json()["code"] == "outdated_plan"
    assert run["title"] in answer.json()["detail"]


def test_what_has_begun_stays_where_it_is(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    start = NEXT_WEEK + timedelta(days=20)
    run = ask(planner, client="nordbeton")
    mix, cure, face = spread(run, start)
    assert publish(planner, draft(api, [mix, cure, face])).status_code == 200
    ago = start - utc_now() + timedelta(minutes=10)
    move_into_the_past(api, run, ago)
    begun = Placed(mix.operation, mix.machine, mix.start - ago)
    later = [
        Placed(each.operation, each.machine, each.start - ago + timedelta(hours=5))
        for each in (cure, face)
    ]

    moved = Placed(mix.operation, mix.machine, begun.start + timedelta(hours=4))
    assert publish(planner, draft(api, [moved, *later])).json()["code"] == "outdated_plan"
    assert publish(planner, draft(api, [begun, *later])).status_code == 200


def test_slots_of_runs_that_are_done_stay_in_force(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    done, next_run = ask(planner, client="nordbeton"), ask(planner, client="nordbeton")
    start = NEXT_WEEK + timedelta(days=25)
    publish(planner, draft(api, spread(done, start)))
    move_into_the_past(api, done, start - utc_now() + timedelta(hours=3))

    publish(planner, draft(api, spread(next_run, start)))

    assert planner.get(f"/trial-runs/{done['id']}").json()["status"] == "done"
    slots = planner.get(f"/trial-runs/{done['id']}").json()["operations"]
    assert all(each["slot"] for each in slots)


def test_a_cancelled_run_takes_no_machine_time_from_an_older_draft(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    run = ask(planner, client="nordbeton")
    start = NEXT_WEEK + timedelta(days=30)
    plan = draft(api, spread(run, start))
    planner.post(f"/trial-runs/{run['id']}/cancellation")

    assert publish(planner, plan).status_code == 200

    there = {"start": at(start), "end": at(start + timedelta(hours=2))}
    assert planner.get("/slots", params=there).json() == []
    assert planner.get(f"/trial-runs/{run['id']}").json()["status"] == "cancelled"


def test_everyone_is_told_of_a_published_plan_and_only_planners_of_the_rest(
    api: RunningApi,
) -> None:
    planner = api.browser(Role.PLANNER)
    run = ask(planner, client="nordbeton")
    with api.services.database.reading() as session:
        seen = newest_id(session)

    plan = publish(planner, draft(api, spread(run, NEXT_WEEK + timedelta(days=35)))).json()

    with api.services.database.reading() as session:
        told = after(session, seen)
    plans = [event for event in told if event.kind == "plan"]
    assert [event.payload for event in plans if event.payload["status"] == "published"] == [
        {"id": plan["id"], "version": plan["version"], "status": "published"}
    ]
    assert {event.audience for event in plans} == {Audience.EVERYONE}
    assert {"id": run["id"], "status": "planned"} in [
        event.payload for event in told if event.kind == "run"
    ]


def test_plans_are_compared_figure_by_figure_and_operation_by_operation(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    kept, gone, fresh = (ask(planner, client="nordbeton", title=f"Run {n}") for n in range(3))
    start = NEXT_WEEK + timedelta(days=40)
    first = draft(api, [*spread(kept, start), *spread(gone, start + timedelta(hours=4))])
    mix, *rest = spread(kept, start)
    moved = Placed(mix.operation, "mill-1", mix.start - timedelta(hours=1))
    second = draft(api, [moved, *rest, *spread(fresh, start + timedelta(hours=4))])

    answer = planner.get(f"/plans/{second}/comparison", params={"with": first}).json()

    assert [each["name"] for each in answer["kpis"]][:2] == ["weighted_tardiness", "tardy_runs"]
    assert answer["moved"] == [
        {
            "operation": {"id": mix.operation, "name": "Mix"},
            "run": {"id": kept["id"], "title": "Run 0"},
            "from": {"machine": "mixer-1", "start": at(start)},
            "to": {"machine": "mill-1", "start": at(start - timedelta(hours=1))},
        }
    ]
    assert {each["run"]["title"] for each in answer["added"]} == {"Run 2"}
    assert {each["run"]["title"] for each in answer["removed"]} == {"Run 1"}
    assert len(answer["added"]) == len(answer["removed"]) == 3


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/plans"),
        ("GET", "/plans/published"),
        ("GET", "/plans/{plan}"),
        ("GET", "/plans/{plan}/comparison?with={plan}"),
        ("POST", "/plans/{plan}/publication"),
        ("GET", "/solves"),
        ("POST", "/solves"),
    ],
)
@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.OPERATOR, Role.ENGINEER])
def test_only_planners_meet_plans(api: RunningApi, role: Role, method: str, path: str) -> None:
    planner = api.browser(Role.PLANNER)
    plan = draft(api, spread(ask(planner, client="nordbeton"), NEXT_WEEK))
    browser = api.browser(role, "nordbeton" if role is Role.CUSTOMER else "institute")

    answer = browser.request(method, path.format(plan=plan), json={"time_limit_s": 5})

    assert answer.status_code == 403
