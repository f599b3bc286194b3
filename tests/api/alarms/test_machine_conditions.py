"""Alarms that machines raise themselves stand among the others, and end when they say so."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

from pilotline_api.accounts.models import Role
from pilotline_api.alarms.machine_conditions import CALM_S, MachineConditions
from pilotline_api.alarms.models import Severity
from pilotline_api.alarms.monitor import AlarmMonitor
from pilotline_api.alarms.transition import Cleared, Raised, Transition
from pilotline_api.live.push import Holding, PushedCondition
from tests.api.live.floor import NOON_NS, bench, body, moment
from tests.api.live.running import RunningApi, stream

HOT: PushedCondition = ("ns=2;i=7", "Overtemperature", "Spindle", 700, "too hot", NOON_NS)


def conditions() -> MachineConditions:
    numbers = count(1)
    return MachineConditions(bench(), lambda: f"alarm-{next(numbers)}")


def told(
    machines: MachineConditions, after_s: float, *holding: PushedCondition
) -> list[Transition]:
    return list(machines.told("mixer", Holding(holding), moment(after_s)))


def test_a_condition_makes_one_alarm_for_as_long_as_it_holds() -> None:
    machines = conditions()
    (raised,) = told(machines, 1.0, HOT)
    assert isinstance(raised, Raised)
    assert raised.severity is Severity.CRITICAL
    assert raised.message.endswith("Spindle Overtemperature: too hot")
    assert (raised.condition.machine, raised.condition.tag) == ("mixer", None)
    for after_s in (2.0, 4.0, 6.0):
        assert told(machines, after_s, (*HOT[:3], 400, "cooler", NOON_NS + 1)) == []
    assert told(machines, 8.0) == []
    (cleared,) = told(machines, 8.0 + CALM_S)
    assert isinstance(cleared, Cleared)
    assert (cleared.id, cleared.condition) == (raised.id, raised.condition)
    assert machines.open_alarms == 0


def test_a_condition_that_is_back_at_once_is_the_same_alarm() -> None:
    machines = conditions()
    told(machines, 1.0, HOT)
    for after_s in range(2, 20, 2):
        assert told(machines, after_s) == []
        assert told(machines, after_s + 1, HOT) == []
    assert machines.open_alarms == 1


@pytest.mark.parametrize(
    ("severity", "meant"),
    [
        (1, Severity.INFO),
        (333, Severity.INFO),
        (334, Severity.WARNING),
        (666, Severity.WARNING),
        (667, Severity.CRITICAL),
        (1_000, Severity.CRITICAL),
    ],
)
def test_the_machines_severity_says_how_soon_someone_must_act(
    severity: int, meant: Severity
) -> None:
    (raised,) = told(conditions(), 1.0, (*HOT[:3], severity, "", NOON_NS))
    assert isinstance(raised, Raised)
    assert raised.severity is meant


def test_words_of_a_machine_are_one_line() -> None:
    (raised,) = told(conditions(), 1.0, ("1", "a\nb", "", 1, "\x1b[2J<script>", NOON_NS))
    assert isinstance(raised, Raised)
    assert raised.message.endswith("a b:  [2J<script>")


def test_alarms_left_open_by_a_former_process_go_on_or_end() -> None:
    (raised,) = told(conditions(), 1.0, HOT)
    left = [("alarm-9", raised.condition.open_key), ("alarm-8", "mixer/temperature/high")]
    machines = conditions()
    assert machines.adopt([*left, ("alarm-7", "gone//event:12")]) == [
        left[1],
        ("alarm-7", "gone//event:12"),
    ]
    assert told(machines, 1.0, HOT) == []
    told(machines, 2.0)
    (cleared,) = told(machines, 5.0)
    assert cleared.id == "alarm-9"
    monitor = AlarmMonitor(bench(), moment(0), lambda: "x")
    (orphan,) = monitor.adopt([("alarm-7", "gone//event:12")], moment(1))
    assert orphan.id == "alarm-7"


def test_a_machine_that_the_plant_does_not_have_raises_nothing() -> None:
    assert list(conditions().told("lathe", Holding([HOT]), moment(1))) == []


def test_nothing_clears_while_not_all_that_holds_is_known() -> None:
    machines = conditions()
    told(machines, 1.0, HOT)
    for after_s in (2.0, 9.0):
        assert list(machines.told("mixer", Holding([], whole=False), moment(after_s))) == []
    assert machines.open_alarms == 1


def push(*rows: Sequence[object], machine: str = "mixer-1") -> bytes:
    sent: dict[str, Any] = json.loads(body(connections={machine: True}))
    return json.dumps({**sent, "conditions": {machine: rows}}).encode()


def test_an_operator_sees_and_acknowledges_what_a_machine_raised(api: RunningApi) -> None:
    operator = api.browser(Role.OPERATOR)
    with stream(api.browser(Role.OPERATOR)) as reader:
        reader.next("snapshot")
        assert api.push(push(HOT)).status_code == 204
        alarm = reader.next("alarm")
        while "Overtemperature" not in alarm["message"]:
            alarm = reader.next("alarm")
    assert (alarm["machine"], alarm["tag"], alarm["severity"]) == ("mixer-1", None, "critical")
    listed = operator.get("/alarms?state=active&machine=mixer-1").json()["items"]
    assert alarm["id"] in {each["id"] for each in listed}
    done = operator.post(f"/alarms/{alarm['id']}/acknowledgement", json={"comment": "seen"})
    assert done.status_code == 200, done.text
    assert done.json()["acknowledged_by"] is not None
    assert done.json()["cleared_at"] is None
