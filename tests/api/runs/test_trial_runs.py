"""Trial runs: asked for, listed, cancelled, each within its organisation."""

from datetime import timedelta

import pytest

from pilotline_api.accounts.models import Role
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.events import Audience, after, newest_id
from tests.api.live.running import RunningApi
from tests.api.world import (
    NEXT_WEEK,
    ask,
    at,
    draft,
    move_into_the_past,
    publish,
    request,
    spread,
)


def test_a_customer_asks_for_a_run_of_a_procedure(api: RunningApi) -> None:
    run = ask(api.browser(Role.CUSTOMER, "nordbeton"), size=1.5)

    assert run["client"] == {"id": "nordbeton", "name": "Nordbeton"}
    assert run["procedure"] == {"id": "mortar-prisms", "name": "Mortar prisms"}
    assert run["status"] == "requested"
    assert run["planned_start"] is run["planned_end"] is run["late_minutes"] is None
    steps = [(each["capability"], each["minutes"]) for each in run["operations"]]
    # Mixing and facing grow with the size, curing takes what it takes.
    assert [capability for capability, _ in steps] == ["mixing", "curing", "milling"]
    assert steps[1][1] == 480
    assert all(each["slot"] is None for each in run["operations"])


def test_staff_name_the_client_and_customers_cannot_name_another(api: RunningApi) -> None:
    planner = api.browser(Role.PLANNER)
    assert ask(planner, client="fjordform")["client"]["id"] == "fjordform"

    for browser, client in (
        (planner, None),
        (planner, "nobody"),
        (api.browser(Role.CUSTOMER, "nordbeton"), "fjordform"),
        (api.browser(Role.CUSTOMER, "nordbeton"), "nobody"),
    ):
        answer = browser.post("/trial-runs", json=request(client=client))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "unknown_client"


def test_asking_for_another_client_says_no_more_than_asking_for_nobody(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    answers = [
        browser.post("/trial-runs", json=request(client=client)).json()
        for client in ("fjordform", "nobody")
    ]

    for answer in answers:
        answer.pop("request_id")
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"procedure": "alchemy"}, "unknown_procedure"),
        ({"due": at(NEXT_WEEK + timedelta(days=900))}, "too_far"),
        (
            {"attendance": [{"start": at(NEXT_WEEK), "end": at(NEXT_WEEK + timedelta(minutes=5))}]},
            "no_room",
        ),
    ],
)
def test_what_could_never_be_planned_is_refused_with_its_reason(
    api: RunningApi, changes: dict[str, object], code: str
) -> None:
    answer = api.browser(Role.CUSTOMER, "nordbeton").post("/trial-runs", json=request(**changes))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code


@pytest.mark.parametrize(
    "changes",
    [
        {"due": at(NEXT_WEEK)},
        {"size": "NaN"},
        {"size": 0},
        {"title": "  "},
        {"title": "two\nlines"},
        {"weight": 1000},
        {"status": "done"},
        {"organisation_id": "another"},
        {"attendance": [{"start": at(NEXT_WEEK), "end": at(NEXT_WEEK), "busy": True}]},
    ],
)
def test_wrong_and_unknown_fields_are_refused(api: RunningApi, changes: dict[str, object]) -> None:
    answer = api.browser(Role.CUSTOMER, "nordbeton").post("/trial-runs", json=request(**changes))

    assert answer.status_code == 422


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ENGINEER])
def test_who_neither_plans_nor_pays_asks_for_nothing(api: RunningApi, role: Role) -> None:
    browser = api.browser(role)
    run = ask(api.browser(Role.CUSTOMER, "nordbeton"))

    assert browser.post("/trial-runs", json=request(client="nordbeton")).status_code == 403
    assert browser.post(f"/trial-runs/{run['id']}/cancellation").status_code == 403
    assert browser.get(f"/trial-runs/{run['id']}").json() == run


def test_a_repeated_key_asks_once_and_answers_the_same(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    key = {"Idempotency-Key": "one-run"}

    first = browser.post("/trial-runs", json=request(title="Once"), headers=key)
    second = browser.post("/trial-runs", json=request(title="Once"), headers=key)
    other = browser.post("/trial-runs", json=request(title="Twice"), headers=key)

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    titles = [run["title"] for run in browser.get("/trial-runs").json()["items"]]
    assert titles.count("Once") == 1
    assert "Twice" not in titles


def test_a_key_of_one_person_means_nothing_for_another(api: RunningApi) -> None:
    key = {"Idempotency-Key": "shared-by-chance"}
    runs = [
        api.browser(Role.CUSTOMER, client).post("/trial-runs", json=request(), headers=key).json()
        for client in ("nordbeton", "fjordform")
    ]

    assert runs[0]["id"] != runs[1]["id"]
    assert runs[0]["client"]["id"] != runs[1]["client"]["id"]


def test_pages_follow_one_another_without_gap_or_repeat(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "fjordform")
    asked = [ask(browser, title=f"Page {number}")["id"] for number in range(5)]
    seen: list[str] = []
    after_cursor: str | None = None
    while True:
        parameters = {"limit": "2"} | ({"after": after_cursor} if after_cursor else {})
        page = browser.get("/trial-runs", params=parameters).json()
        seen += [run["id"] for run in page["items"]]
        after_cursor = page["next"]
        if after_cursor is None:
            break

    assert seen[:5] == asked[::-1]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("cursor", ["nonsense", "e30", "%00", "ÅÅ"])
def test_a_cursor_nobody_gave_out_is_refused(api: RunningApi, cursor: str) -> None:
    answer = api.browser(Role.PLANNER).get("/trial-runs", params={"after": cursor})

    assert answer.status_code == 422


def test_another_organisations_run_is_as_unknown_as_none(api: RunningApi) -> None:
    run = ask(api.browser(Role.CUSTOMER, "nordbeton"))
    other = api.browser(Role.CUSTOMER, "fjordform")

    for method, path in (("GET", ""), ("POST", "/cancellation")):
        foreign = other.request(method, f"/trial-runs/{run['id']}{path}").json()
        nobodys = other.request(method, f"/trial-runs/{'0' * 32}{path}").json()
        foreign.pop("request_id")
        nobodys.pop("request_id")
        assert foreign == nobodys
        assert foreign["status"] == 404
    assert run["id"] not in [each["id"] for each in other.get("/trial-runs").json()["items"]]


def test_a_run_is_planned_runs_and_is_done_by_the_published_plan(api: RunningApi) -> None:
    customer, planner = api.browser(Role.CUSTOMER, "nordbeton"), api.browser(Role.PLANNER)
    run = ask(customer, due=at(NEXT_WEEK + timedelta(minutes=60)))
    publish(planner, draft(api, spread(run, NEXT_WEEK, minutes=30)))

    def now() -> dict[str, object]:
        read: dict[str, object] = customer.get(f"/trial-runs/{run['id']}").json()
        return read

    planned = now()
    assert planned["status"] == "planned"
    assert planned["planned_start"] == at(NEXT_WEEK)
    assert planned["planned_end"] == at(NEXT_WEEK + timedelta(minutes=90))
    assert planned["late_minutes"] == 30
    operations = planned["operations"]
    assert isinstance(operations, list)
    assert [each["slot"]["machine"] for each in operations] == ["mixer-1", "oven-1", "mill-1"]

    # Until now it is half an hour into its hour and a half.
    move_into_the_past(api, run, NEXT_WEEK - utc_now() + timedelta(minutes=30))
    assert now()["status"] == "running"
    assert customer.post(f"/trial-runs/{run['id']}/cancellation").json()["code"] == "has_begun"

    move_into_the_past(api, run, timedelta(hours=2))
    assert now()["status"] == "done"
    assert customer.post(f"/trial-runs/{run['id']}/cancellation").status_code == 409


def test_a_run_can_be_cancelled_until_it_begins(api: RunningApi) -> None:
    customer, planner = api.browser(Role.CUSTOMER, "nordbeton"), api.browser(Role.PLANNER)
    start = NEXT_WEEK + timedelta(hours=3)
    run = ask(customer)
    publish(planner, draft(api, spread(run, start)))

    cancelled = customer.post(f"/trial-runs/{run['id']}/cancellation").json()

    assert cancelled["status"] == "cancelled"
    assert all(each["slot"] is None for each in cancelled["operations"])
    again = customer.post(f"/trial-runs/{run['id']}/cancellation")
    assert again.status_code == 200
    taken = {"start": at(start), "end": at(start + timedelta(hours=2))}
    assert planner.get("/slots", params=taken).json() == []


def test_statuses_can_be_asked_for(api: RunningApi) -> None:
    customer, planner = api.browser(Role.CUSTOMER, "nordbeton"), api.browser(Role.PLANNER)
    cancelled, planned, requested = (ask(customer) for _ in range(3))
    customer.post(f"/trial-runs/{cancelled['id']}/cancellation")
    publish(planner, draft(api, spread(planned, NEXT_WEEK + timedelta(hours=6))))

    def ids(status: str) -> list[str]:
        page = customer.get("/trial-runs", params={"status": status}).json()
        return [run["id"] for run in page["items"]]

    assert ids("cancelled")[0] == cancelled["id"]
    assert planned["id"] in ids("planned")
    assert ids("requested")[0] == requested["id"]
    assert customer.get("/trial-runs", params={"status": "odd"}).status_code == 422


def test_open_pages_are_told_of_a_run_within_its_organisation(api: RunningApi) -> None:
    with api.services.database.reading() as session:
        seen = newest_id(session)
    run = ask(api.browser(Role.CUSTOMER, "nordbeton"))

    with api.services.database.reading() as session:
        told = [event for event in after(session, seen) if event.kind == "run"]
    assert [(event.payload, event.audience) for event in told] == [
        ({"id": run["id"], "status": "requested"}, Audience.ORGANISATION)
    ]
    assert told[0].organisation == api.organisation("nordbeton")
