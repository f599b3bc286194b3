"""Alarms over HTTP: raised by what the edge pushes, listed, streamed, acknowledged."""

import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from pilotline_api.accounts.models import Role
from pilotline_api.alarms.models import Alarm, Severity
from pilotline_api.kit.base import new_id
from tests.api.live.floor import GOOD, body
from tests.api.live.running import RunningApi, stream

STAFF = set(Role) - {Role.CUSTOMER}
_ticks = count(time.time_ns())


def say(api: RunningApi, value: float, tag: str = "speed", machine: str = "mixer-1") -> None:
    answer = api.push(body([(machine, tag, next(_ticks), value, GOOD)], {machine: True}))
    assert answer.status_code == 204, answer.text


def raise_alarm(api: RunningApi, value: float = 400.0) -> dict[str, Any]:
    """Let a fresh alarm rise on the mixer's speed and return it as the stream tells it.

    News of alarms of the test before may still be on its way; they are passed over.
    """
    former = api.browser(Role.OPERATOR).get("/alarms?state=all&limit=200&machine=mixer-1").json()
    known = {each["id"] for each in former["items"]}
    with stream(api.browser(Role.OPERATOR)) as reader:
        reader.next("snapshot")
        say(api, 0.0)
        say(api, value)
        while True:
            alarm: dict[str, Any] = reader.next("alarm")
            if alarm["tag"] == "speed" and alarm["id"] not in known:
                return alarm


@pytest.fixture
def alarm(api: RunningApi) -> dict[str, Any]:
    # Chattering alarms are held open; a fresh monitor state keeps the tests apart.
    for watch in api.live.keeper.monitor._watches.values():
        watch.rises_s.clear()
    return raise_alarm(api)


def test_only_staff_may_see_alarms(api: RunningApi) -> None:
    assert api.client().get("/alarms").status_code == 401
    assert api.browser(Role.CUSTOMER, "acme").get("/alarms").status_code == 403
    for role in STAFF:
        assert api.browser(role).get("/alarms").status_code == 200


def test_only_staff_may_acknowledge(api: RunningApi, alarm: dict[str, Any]) -> None:
    path = f"/alarms/{alarm['id']}/acknowledgement"

    assert api.client().post(path, json={"comment": ""}).status_code == 401
    customer = api.browser(Role.CUSTOMER, "acme")
    assert customer.post(path, json={"comment": ""}).status_code == 403
    assert api.browser(Role.OPERATOR).post(path, json={"comment": ""}).status_code == 200


@pytest.mark.parametrize("alarm_id", ["0" * 32, "ghost", "x" * 65, "%0a"])
def test_an_alarm_that_does_not_exist_is_not_found(api: RunningApi, alarm_id: str) -> None:
    answer = api.browser(Role.OPERATOR).post(
        f"/alarms/{alarm_id}/acknowledgement", json={"comment": ""}
    )

    assert answer.status_code == 404


def test_an_alarm_reaches_stream_and_list_alike(api: RunningApi, alarm: dict[str, Any]) -> None:
    [newest] = api.browser(Role.OPERATOR).get("/alarms?limit=1&machine=mixer-1").json()["items"]

    assert newest == alarm
    assert alarm["machine"] == "mixer-1"
    assert alarm["severity"] == "warning"
    assert (alarm["value"], alarm["limit"]) == (400.0, 380.0)
    assert "Rotor speed 400" in alarm["message"]


def test_an_acknowledgement_says_who_when_and_why(api: RunningApi, alarm: dict[str, Any]) -> None:
    operator = api.client(api.sign_in(Role.OPERATOR, name="Ane Østergård"))
    comment = "<b>checked</b> the belt, all well"
    with stream(api.browser(Role.PLANNER)) as reader:
        reader.next("snapshot")
        answer = operator.post(f"/alarms/{alarm['id']}/acknowledgement", json={"comment": comment})
        while (told := reader.next("alarm"))["acknowledged_at"] is None:
            pass

    acknowledged = answer.json()
    assert answer.status_code == 200
    assert acknowledged["comment"] == comment
    assert acknowledged["acknowledged_by"]["name"] == "Ane Østergård"
    assert acknowledged["acknowledged_at"] is not None
    assert acknowledged["cleared_at"] is None
    assert told == acknowledged


def test_an_alarm_is_acknowledged_once(api: RunningApi, alarm: dict[str, Any]) -> None:
    path = f"/alarms/{alarm['id']}/acknowledgement"
    first, second = api.browser(Role.OPERATOR), api.browser(Role.ENGINEER)
    assert first.post(path, json={"comment": "mine"}).status_code == 200

    answer = second.post(path, json={"comment": "no, mine"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "already_acknowledged"
    [kept] = first.get("/alarms?limit=1&machine=mixer-1").json()["items"]
    assert kept["comment"] == "mine"


@pytest.mark.parametrize(
    "said", [{"comment": "two\nlines"}, {"comment": "x" * 501}, {"comment": 1}, {"by": "me"}, []]
)
def test_a_senseless_acknowledgement_is_refused(
    api: RunningApi, alarm: dict[str, Any], said: object
) -> None:
    answer = api.browser(Role.OPERATOR).post(f"/alarms/{alarm['id']}/acknowledgement", json=said)

    assert answer.status_code == 422


def test_clearing_and_acknowledging_are_two_things(api: RunningApi, alarm: dict[str, Any]) -> None:
    browser = api.browser(Role.OPERATOR)

    def ids(state: str) -> set[str]:
        items = browser.get("/alarms", params={"state": state, "limit": 200}).json()["items"]
        return {each["id"] for each in items}

    assert alarm["id"] in ids("active") & ids("unacknowledged") & ids("all")

    with stream(browser) as reader:
        reader.next("snapshot")
        say(api, 0.0)
        while reader.next("alarm")["id"] != alarm["id"]:
            pass
    assert alarm["id"] not in ids("active")
    assert alarm["id"] in ids("unacknowledged") & ids("all")

    browser.post(f"/alarms/{alarm['id']}/acknowledgement", json={"comment": ""})
    assert alarm["id"] not in ids("unacknowledged")
    assert alarm["id"] in ids("all")


def pages(browser: httpx.Client, limit: int) -> list[dict[str, Any]]:
    """Every alarm of the machine ``paged``, page by page."""
    seen: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": limit, "machine": "paged"}
    while True:
        page = browser.get("/alarms", params=params).json()
        assert len(page["items"]) <= limit
        seen += page["items"]
        if page["next"] is None:
            return seen
        params["before"] = page["next"]


def test_pages_hold_every_alarm_once_newest_first_even_when_many_rose_at_one_instant(
    api: RunningApi,
) -> None:
    noon = datetime(2026, 11, 22, 12, microsecond=100_000, tzinfo=UTC)
    with api.services.database.writing() as session:
        for number in range(9):
            session.add(
                Alarm(
                    id=new_id(),
                    machine="paged",
                    severity=Severity.INFO,
                    message="x",
                    raised_at=noon + timedelta(microseconds=number // 4),
                )
            )
    browser = api.browser(Role.OPERATOR)

    everything = pages(browser, 200)

    assert len({each["id"] for each in everything}) == 9
    order = [(each["raised_at"], each["id"]) for each in everything]
    assert order == sorted(order, reverse=True)
    for limit in (1, 2, 3, 8, 9):
        assert pages(browser, limit) == everything


@pytest.mark.parametrize(
    "query", ["state=open", "limit=0", "limit=201", "before=x", "before=1-2", "before=%27"]
)
def test_a_senseless_list_is_refused(api: RunningApi, query: str) -> None:
    assert api.browser(Role.OPERATOR).get(f"/alarms?{query}").status_code == 422
