"""The alarm monitor: when an alarm rises, when it clears, and that none is lost or doubled."""

import math
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotline_api.alarms.models import Severity
from pilotline_api.alarms.monitor import (
    CHATTERING_CALM_S,
    CONNECTION_LOST_S,
    AlarmMonitor,
)
from pilotline_api.alarms.transition import Cleared, Raised, Transition
from pilotline_api.live.reading import Connection, Reading
from pilotline_plant import PackMLState
from tests.api.live.floor import BAD, GOOD, LIMITS, NOON_MS, NOON_NS, UNCERTAIN, bench, moment


def monitor() -> AlarmMonitor:
    numbers = count(1)
    return AlarmMonitor(bench(), moment(0), lambda: f"alarm-{next(numbers)}")


def read(
    watching: AlarmMonitor,
    value: bool | float | str | None,
    *,
    tag: str = "temperature",
    status: int = GOOD,
    after_s: float = 1.0,
) -> list[Transition]:
    reading = Reading("mixer", tag, NOON_NS, value, status)
    return list(watching.read(reading, moment(after_s)))


def told(transitions: list[Transition]) -> list[tuple[str, str]]:
    return [
        ("raised" if isinstance(each, Raised) else "cleared", each.condition.kind)
        for each in transitions
    ]


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (5.0, {"low_low", "low"}),
        (5.1, {"low"}),
        (10.0, {"low"}),
        (10.1, set()),
        (79.9, set()),
        (80.0, {"high"}),
        (89.9, {"high"}),
        (90.0, {"high", "high_high"}),
        ("Infinity", {"high", "high_high"}),
        ("-Infinity", {"low", "low_low"}),
        (7, {"low"}),
    ],
)
def test_a_value_at_or_beyond_a_limit_raises_its_alarm(value: float | str, kinds: set[str]) -> None:
    assert set(told(read(monitor(), value))) == {("raised", kind) for kind in kinds}


def test_an_alarm_says_what_happened_where_and_how_bad_it_is() -> None:
    high, high_high = read(monitor(), 91.25)

    assert isinstance(high, Raised)
    assert isinstance(high_high, Raised)
    assert high.severity is Severity.WARNING
    assert high_high.severity is Severity.CRITICAL
    assert (high_high.value, high_high.limit) == (91.25, 90.0)
    assert high_high.at_ms == NOON_MS + 1000
    assert high_high.message == (
        "Mixer: Temperature 91.25 °C is at or above the high-high limit 90 °C"
    )


def test_an_alarm_clears_once_the_value_has_come_back_by_the_hysteresis() -> None:
    watching = monitor()
    read(watching, 80.0)

    assert told(read(watching, 79.0)) == []
    assert told(read(watching, 78.1)) == []
    assert told(read(watching, 80.0)) == []
    assert told(read(watching, 78.0)) == [("cleared", "high")]
    assert told(read(watching, 77.0)) == []


def test_a_condition_that_comes_back_makes_a_new_alarm() -> None:
    watching = monitor()
    [first] = read(watching, 80.0)
    [cleared] = read(watching, 50.0)
    [second] = read(watching, 80.0)

    assert cleared.id == first.id
    assert second.id != first.id


@pytest.mark.parametrize("value", [None, "NaN", "hot", True])
def test_what_cannot_be_compared_changes_nothing(value: bool | str | None) -> None:
    watching = monitor()
    read(watching, 80.0)

    assert read(watching, value) == []
    assert watching.open_alarms == 1


def test_a_bad_value_neither_raises_nor_clears_but_an_uncertain_one_does() -> None:
    watching = monitor()

    assert read(watching, 95.0, status=BAD) == []
    assert len(read(watching, 95.0, status=UNCERTAIN)) == 2
    assert read(watching, 50.0, status=BAD) == []
    assert len(read(watching, 50.0, status=UNCERTAIN)) == 2


def test_a_tag_without_limits_raises_nothing() -> None:
    assert read(monitor(), 1e9, tag="speed") == []


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        (PackMLState.ABORTED, Severity.CRITICAL),
        (PackMLState.HELD, Severity.WARNING),
        (PackMLState.STOPPED, Severity.WARNING),
    ],
)
def test_a_machine_that_waits_for_a_person_raises_an_alarm_until_it_goes_on(
    state: PackMLState, severity: Severity
) -> None:
    watching = monitor()
    read(watching, PackMLState.EXECUTE, tag="state")

    [raised] = read(watching, int(state), tag="state")
    assert isinstance(raised, Raised)
    assert (raised.severity, raised.condition.tag) == (severity, None)

    [cleared] = read(watching, int(PackMLState.RESETTING), tag="state")
    assert cleared.id == raised.id


def test_going_from_held_to_aborted_clears_one_alarm_and_raises_another() -> None:
    watching = monitor()
    read(watching, int(PackMLState.HELD), tag="state")

    assert sorted(told(read(watching, int(PackMLState.ABORTED), tag="state"))) == [
        ("cleared", "held"),
        ("raised", "aborted"),
    ]


@pytest.mark.parametrize("value", [0, 99, None, "Held", 11.5, True])
def test_an_unknown_state_leaves_a_state_alarm_as_it_is(value: float | str | None) -> None:
    watching = monitor()
    read(watching, int(PackMLState.ABORTED), tag="state")

    assert read(watching, value, tag="state", status=GOOD) == []


def connect(watching: AlarmMonitor, connected: bool, after_s: float) -> list[Transition]:
    since = moment(after_s)
    connection = Connection("mixer", connected, since.unix_ms, None)
    return list(watching.connect(connection, since))


def tick(watching: AlarmMonitor, after_s: float) -> list[Transition]:
    return [each for each in watching.tick(moment(after_s)) if each.condition.machine == "mixer"]


def test_who_hears_nothing_raises_no_alarm_of_lost_connections() -> None:
    watching = monitor()
    connect(watching, True, 0)
    connect(watching, False, 6)
    for after_s in range(6, 100):
        watching.hears_nothing(moment(after_s))
        assert tick(watching, after_s) == []
    connect(watching, True, 99.5)
    assert tick(watching, 200) == []


def test_a_connection_that_is_still_lost_once_it_can_be_heard_again_raises_its_alarm() -> None:
    watching = monitor()
    connect(watching, False, 6)
    watching.hears_nothing(moment(50))
    assert tick(watching, 50 + CONNECTION_LOST_S - 0.1) == []
    assert told(tick(watching, 50 + CONNECTION_LOST_S)) == [("raised", "connection")]


def test_a_lost_connection_raises_an_alarm_after_ten_seconds() -> None:
    watching = monitor()
    connect(watching, True, 1)
    connect(watching, False, 20)

    assert tick(watching, 20 + CONNECTION_LOST_S - 0.1) == []
    assert told(tick(watching, 20 + CONNECTION_LOST_S)) == [("raised", "connection")]
    assert tick(watching, 20 + CONNECTION_LOST_S + 1) == []
    assert told(connect(watching, True, 40)) == [("cleared", "connection")]


def test_a_short_loss_raises_nothing() -> None:
    watching = monitor()
    connect(watching, False, 20)
    connect(watching, True, 29)

    assert tick(watching, 60) == []


def test_a_machine_never_heard_of_raises_an_alarm_ten_seconds_after_the_start() -> None:
    watching = monitor()

    assert tick(watching, CONNECTION_LOST_S - 0.1) == []
    assert told(tick(watching, CONNECTION_LOST_S)) == [("raised", "connection")]


def test_a_loss_that_the_edge_tells_late_counts_from_when_it_began() -> None:
    watching = monitor()
    connect(watching, True, 1)
    long_ago = Connection("mixer", False, NOON_MS - 3_600_000, "connection-lost")
    list(watching.connect(long_ago, moment(20)))

    assert told(tick(watching, 20)) == [("raised", "connection")]


def test_an_alarm_left_open_by_a_former_process_is_not_doubled() -> None:
    watching = monitor()
    watching.adopt([("old", "mixer/temperature/high")], moment(0))

    assert read(watching, 85.0) == []
    [cleared] = read(watching, 50.0)
    assert cleared.id == "old"


def test_an_open_alarm_whose_limit_the_plant_no_longer_has_is_cleared() -> None:
    orphans = monitor().adopt(
        [("a", "mixer/speed/high"), ("b", "ghost//aborted"), ("c", "mixer//aborted")], moment(3)
    )

    assert [(each.id, each.at_ms) for each in orphans] == [
        ("a", NOON_MS + 3000),
        ("b", NOON_MS + 3000),
    ]


def test_a_chattering_value_does_not_flood_the_list() -> None:
    watching = monitor()
    raised = 0
    for tenth in range(600):
        value = 80.0 if tenth % 2 else 50.0
        raised += len(
            [each for each in read(watching, value, after_s=tenth / 10) if isinstance(each, Raised)]
        )
        list(watching.tick(moment(tenth / 10)))

    assert raised == 3
    assert watching.open_alarms >= 1


def test_a_chattering_alarm_clears_once_the_value_has_calmed_down() -> None:
    watching = monitor()
    for second in range(6):
        read(watching, 80.0 if second % 2 == 0 else 50.0, after_s=second)
    assert ("cleared", "high") not in told(tick(watching, 5 + CHATTERING_CALM_S - 0.1))
    assert ("cleared", "high") in told(tick(watching, 5 + CHATTERING_CALM_S))


def expected_conditions(values: list[float]) -> Iterator[set[str]]:
    """The four limits by the book: on at or beyond, off when back by the hysteresis."""
    on: set[str] = set()
    for value in values:
        for kind, limit, sign in (
            ("low_low", LIMITS.low_low, -1),
            ("low", LIMITS.low, -1),
            ("high", LIMITS.high, 1),
            ("high_high", LIMITS.high_high, 1),
        ):
            assert limit is not None
            beyond = sign * (value - limit)
            if beyond >= 0:
                on.add(kind)
            elif -beyond >= LIMITS.hysteresis:
                on.discard(kind)
        yield set(on)


@given(st.lists(st.one_of(st.floats(0, 100), st.integers(0, 100).map(float)), max_size=40))
def test_exactly_the_conditions_that_hold_have_an_open_alarm(values: list[float]) -> None:
    watching = monitor()
    open_alarms: dict[str, str] = {}
    seen: set[str] = set()
    after_s = 0.0
    for value, holding in zip(values, expected_conditions(values), strict=True):
        after_s += 61.0  # slow enough that nothing chatters
        for each in read(watching, value, after_s=after_s):
            if isinstance(each, Raised):
                assert each.condition.kind not in open_alarms
                assert each.id not in seen
                open_alarms[each.condition.kind] = each.id
                seen.add(each.id)
            else:
                assert isinstance(each, Cleared)
                assert open_alarms.pop(each.condition.kind) == each.id
        assert set(open_alarms) == holding
        assert watching.open_alarms == len(holding)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([50.0, 79.0, 80.0, 95.0, math.nan]),
            st.floats(0.01, 30),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_however_it_chatters_an_alarm_rises_at_once_and_clears_in_the_end(
    steps: list[tuple[float, float, bool]],
) -> None:
    watching = monitor()
    now_s = 0.0
    open_alarm: str | None = None
    for value, wait_s, ticks in [*steps, (50.0, 1.0, True), (50.0, CHATTERING_CALM_S, True)]:
        now_s += wait_s
        found = read(watching, "NaN" if math.isnan(value) else value, after_s=now_s)
        found += tick(watching, now_s) if ticks else []
        for each in found:
            if each.condition.kind != "high":
                continue
            assert (open_alarm is None) == isinstance(each, Raised)
            open_alarm = each.id if isinstance(each, Raised) else None
        if value >= 80.0:
            assert open_alarm is not None
    assert open_alarm is None
