"""The plant as each role may see it."""

import pytest

from pilotline_api.accounts.models import Role
from tests.api.live.running import RunningApi

EVERYONE = [
    (Role.OPERATOR, "institute"),
    (Role.PLANNER, "institute"),
    (Role.ENGINEER, "institute"),
    (Role.ADMINISTRATOR, "institute"),
    (Role.CUSTOMER, "nordbeton"),
]


@pytest.mark.parametrize(("role", "organisation"), EVERYONE)
def test_everyone_sees_sites_machines_and_procedures(
    api: RunningApi, role: Role, organisation: str
) -> None:
    browser = api.browser(role, organisation)

    plant = browser.get("/plant").json()
    assert plant["name"] == "Bench"
    assert plant["sites"][0]["time_zone"] == "Europe/Copenhagen"
    assert plant["sites"][0]["halls"] == [{"id": "workshop", "name": "Workshop"}]
    assert [machine["id"] for machine in browser.get("/machines").json()] == [
        "mixer-1",
        "oven-1",
        "mill-1",
    ]
    procedures = {each["id"]: each for each in browser.get("/procedures").json()}
    assert [step["id"] for step in procedures["mortar-prisms"]["steps"]] == ["mix", "cure", "face"]


def test_staff_see_what_a_machine_measures_and_a_customer_does_not(api: RunningApi) -> None:
    staff = api.browser(Role.OPERATOR).get("/machines/oven-1").json()
    customer = api.browser(Role.CUSTOMER, "nordbeton").get("/machines/oven-1").json()

    temperature = next(tag for tag in staff["tags"] if tag["id"] == "temperature")
    assert temperature["unit"] == {"ucum": "Cel", "symbol": "°C"}
    assert temperature["limits"] == {"low_low": None, "low": 15, "high": 190, "high_high": 205}
    assert temperature["key"] is True
    assert customer["tags"] == []
    assert {name: value for name, value in staff.items() if name != "tags"} == {
        name: value for name, value in customer.items() if name != "tags"
    }


def test_working_time_is_in_utc_without_holidays_and_maintenance(api: RunningApi) -> None:
    browser = api.browser(Role.CUSTOMER, "nordbeton")
    week = {"start": "2026-12-07T00:00:00Z", "end": "2026-12-09T00:00:00Z"}

    mill = browser.get("/machines/mill-1/working-time", params=week).json()
    mixer = browser.get("/machines/mixer-1/working-time", params=week).json()

    assert mixer == [
        {"start": f"2026-12-0{day}T06:00:00Z", "end": f"2026-12-0{day}T14:30:00Z"} for day in (7, 8)
    ]
    # Spindle service on the first morning until ten.
    assert mill[0] == {"start": "2026-12-07T10:00:00Z", "end": "2026-12-07T14:30:00Z"}


@pytest.mark.parametrize("path", ["/machines/nothing", "/machines/nothing/working-time"])
def test_an_unknown_machine_is_not_found(api: RunningApi, path: str) -> None:
    answer = api.browser(Role.OPERATOR).get(path)

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    "window",
    [
        {"start": "2026-12-07T00:00:00Z", "end": "2026-12-06T00:00:00Z"},
        {"start": "2026-12-07T00:00:00Z", "end": "2029-12-06T00:00:00Z"},
        {"start": "2026-12-07T00:00:00"},
        {"start": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_window_that_makes_no_sense_is_refused(api: RunningApi, window: dict[str, str]) -> None:
    answer = api.browser(Role.OPERATOR).get("/machines/mill-1/working-time", params=window)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] in {"query:start", "query:end"}


def test_only_staff_learn_who_the_clients_are(api: RunningApi) -> None:
    assert [each["id"] for each in api.browser(Role.PLANNER).get("/clients").json()] == [
        "nordbeton",
        "fjordform",
    ]
    assert api.browser(Role.CUSTOMER, "nordbeton").get("/clients").status_code == 403
