"""The plant image: the newest value of each tag, and which machines are heard."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotline_api.live.plant_image import EDGE_SILENCE_S, PlantImage
from pilotline_historian import Sample, Series
from pilotline_plant import PackMLState
from tests.api.live.floor import (
    BAD,
    GOOD,
    NOON_MS,
    NOON_NS,
    UNCERTAIN,
    bench,
    moment,
    push,
)

Pushed = tuple[str, str, int, Any, int]


def image_of(*values: Sequence[Any]) -> PlantImage:
    image = PlantImage(bench(), moment(0))
    image.apply(push(values), moment(0))
    return image


def test_a_value_shows_with_its_source_time_and_quality() -> None:
    image = image_of(
        ("mixer", "speed", NOON_NS, 12.5, GOOD),
        ("press", "speed", NOON_NS + 1_500_000, None, BAD),
        ("oven", "speed", NOON_NS, 7, UNCERTAIN),
    )

    shown = image.snapshot()

    assert shown["mixer"]["values"] == {"speed": (12.5, NOON_MS, "good")}
    assert shown["press"]["values"] == {"speed": (None, NOON_MS + 1, "bad")}
    assert shown["oven"]["values"] == {"speed": (7, NOON_MS, "uncertain")}


def test_an_older_value_never_replaces_a_newer_one() -> None:
    image = image_of(("mixer", "speed", NOON_NS + 1, 2.0, GOOD))

    applied = image.apply(push([("mixer", "speed", NOON_NS, 1.0, GOOD)]), moment(1))

    assert applied.overtaken == 1
    assert image.snapshot()["mixer"]["values"]["speed"][0] == 2.0


def test_the_same_push_twice_changes_nothing() -> None:
    image = image_of(("mixer", "speed", NOON_NS, 2.0, GOOD))
    before = image.revision

    applied = image.apply(push([("mixer", "speed", NOON_NS, 2.0, GOOD)]), moment(1))

    assert applied.readings == []
    assert image.revision == before


def test_a_status_that_turns_bad_at_the_same_source_time_shows() -> None:
    image = image_of(("mixer", "speed", NOON_NS, 2.0, GOOD))

    image.apply(push([("mixer", "speed", NOON_NS, None, BAD)]), moment(1))

    assert image.snapshot()["mixer"]["values"]["speed"] == (None, NOON_MS, "bad")


def test_a_machine_whose_clock_ran_far_ahead_is_heard_again_once_it_is_right() -> None:
    next_year = NOON_NS + 365 * 24 * 3600 * 10**9
    image = image_of(("mixer", "speed", next_year, 1.0, GOOD))

    image.apply(push([("mixer", "speed", NOON_NS, 2.0, GOOD)]), moment(0))
    image.apply(push([("mixer", "speed", NOON_NS - 1, 3.0, GOOD)]), moment(0))

    assert image.snapshot()["mixer"]["values"]["speed"] == (2.0, NOON_MS, "good")


@pytest.mark.parametrize("state", PackMLState)
def test_the_state_tag_names_the_machine_state(state: PackMLState) -> None:
    for number in (int(state), float(state)):
        image = image_of(("mixer", "state", NOON_NS, number, GOOD))
        assert image.snapshot()["mixer"]["state"] == state.word


@pytest.mark.parametrize(
    ("value", "status"), [(0, GOOD), (99, GOOD), ("6", GOOD), (True, GOOD), (None, BAD), (6, BAD)]
)
def test_what_is_no_packml_state_shows_as_none(value: object, status: int) -> None:
    image = image_of(("mixer", "state", NOON_NS, 6, GOOD))

    image.apply(push([("mixer", "state", NOON_NS + 1, value, status)]), moment(1))

    assert image.snapshot()["mixer"]["state"] is None


def test_the_job_tag_names_the_operation() -> None:
    image = image_of(("mixer", "job", NOON_NS, "op-7", GOOD))
    assert image.snapshot()["mixer"]["job"] == "op-7"

    image.apply(push([("mixer", "job", NOON_NS + 1, "", GOOD)]), moment(1))
    assert image.snapshot()["mixer"]["job"] is None


def test_machines_and_tags_the_plant_does_not_have_are_named_and_not_kept() -> None:
    image = PlantImage(bench(), moment(0))

    applied = image.apply(
        push(
            [("mixer", "colour", NOON_NS, 1, GOOD), ("ghost", "speed", NOON_NS, 1, GOOD)],
            {"phantom": True},
        ),
        moment(0),
    )

    assert applied.unknown == [("mixer", "colour"), ("ghost", "speed"), ("phantom", "")]
    assert image.revision == 0


def test_a_long_text_is_cut() -> None:
    image = image_of(("mixer", "job", NOON_NS, "x" * 10_000, GOOD))

    assert len(image.snapshot()["mixer"]["values"]["job"][0]) == 256


def test_machines_are_disconnected_until_the_edge_speaks() -> None:
    image = PlantImage(bench(), moment(0))
    assert not image.snapshot()["mixer"]["connected"]

    image.apply(push(connections={"mixer": True}), moment(1))

    assert image.snapshot()["mixer"]["connected"]
    assert not image.snapshot()["press"]["connected"]


def test_the_edge_says_since_when_it_has_lost_a_machine() -> None:
    image = PlantImage(bench(), moment(0))
    image.apply(push(connections={"mixer": True}), moment(0))

    lost = {"connected": False, "since_ms": NOON_MS + 500, "cause": "connection-lost"}
    applied = image.apply(push(connections={"mixer": lost}, sent_ms=NOON_MS + 1), moment(1))

    assert [each.cause for each in applied.connections] == ["connection-lost"]
    assert image.snapshot()["mixer"]["connected"] is False
    assert image.snapshot()["mixer"]["since_ms"] == NOON_MS + 500


def test_a_silent_edge_loses_its_own_machines_only() -> None:
    image = PlantImage(bench(), moment(0))
    image.apply(push(connections={"mixer": True, "press": True}, agent="north"), moment(0))
    image.apply(push(connections={"oven": True}, agent="south"), moment(0))
    for second in (2, 4, 6):
        image.apply(
            push(connections={"oven": True}, agent="south", sent_ms=NOON_MS + second),
            moment(second),
        )

    assert image.expire(moment(EDGE_SILENCE_S)) == []
    lost = image.expire(moment(EDGE_SILENCE_S + 0.1))

    assert [(each.machine, each.since_ms) for each in lost] == [
        ("mixer", NOON_MS),
        ("press", NOON_MS),
    ]
    assert image.snapshot()["oven"]["connected"]
    assert image.expire(moment(EDGE_SILENCE_S + 0.2)) == []


def test_a_push_that_comes_late_does_not_revive_a_connection() -> None:
    image = PlantImage(bench(), moment(0))
    lost = {"connected": False, "since_ms": NOON_MS, "cause": "connection-lost"}
    image.apply(push(connections={"mixer": lost}, sent_ms=NOON_MS + 200), moment(0.2))

    image.apply(push(connections={"mixer": True}, sent_ms=NOON_MS), moment(0.3))

    assert not image.snapshot()["mixer"]["connected"]


def test_an_agent_whose_clock_stepped_back_an_hour_is_still_believed() -> None:
    image = PlantImage(bench(), moment(0))
    lost = {"connected": False, "since_ms": NOON_MS, "cause": "connection-lost"}
    image.apply(push(connections={"mixer": lost}), moment(0))

    image.apply(push(connections={"mixer": True}, sent_ms=NOON_MS - 3_600_000), moment(1))

    assert image.snapshot()["mixer"]["connected"]


def test_the_historians_values_show_until_the_edge_speaks_of_them() -> None:
    image = PlantImage(bench(), moment(0))
    stored = [
        Sample(Series("north", "mixer", "speed"), NOON_NS - 10**9, 3.0, GOOD, None),
        Sample(Series("north", "mixer", "state"), NOON_NS - 10**9, 6, GOOD, None),
        Sample(Series("north", "mixer", "temperature"), NOON_NS, float("nan"), GOOD, None),
        Sample(Series("north", "gone", "speed"), NOON_NS, 1.0, GOOD, None),
    ]

    assert image.restore(stored) == 3

    shown = image.snapshot()["mixer"]
    assert shown["values"]["speed"] == (3.0, NOON_MS - 1000, "good")
    assert shown["values"]["temperature"][0] == "NaN"
    assert shown["state"] == "Execute"
    assert shown["connected"] is False


def test_a_restored_value_does_not_replace_what_the_edge_has_said() -> None:
    image = image_of(("mixer", "speed", NOON_NS, 2.0, GOOD))

    image.restore([Sample(Series("north", "mixer", "speed"), NOON_NS + 1, 9.0, GOOD, None)])

    assert image.snapshot()["mixer"]["values"]["speed"][0] == 2.0


def test_the_edge_confirming_a_restored_value_counts_as_a_reading() -> None:
    """Else an alarm that began while the API was down would never rise."""
    image = PlantImage(bench(), moment(0))
    image.restore([Sample(Series("north", "mixer", "speed"), NOON_NS, 3.0, GOOD, None)])
    again = push([("mixer", "speed", NOON_NS, 3.0, GOOD)])

    assert len(image.apply(again, moment(1)).readings) == 1
    assert image.apply(again, moment(2)).readings == []


def test_a_delta_holds_what_changed_and_nothing_else() -> None:
    image = image_of(("mixer", "speed", NOON_NS, 1.0, GOOD), ("press", "speed", NOON_NS, 1.0, GOOD))
    seen = image.revision

    image.apply(push([("press", "state", NOON_NS, 6, GOOD)]), moment(1))

    assert image.delta(seen) == {
        "press": {"values": {"state": (6, NOON_MS, "good")}, "state": "Execute"}
    }
    assert image.delta(image.revision) == {}


_values = st.lists(
    st.tuples(
        st.sampled_from(["mixer", "press", "oven", "ghost"]),
        st.sampled_from(["temperature", "speed", "state", "job"]),
        st.integers(NOON_NS, NOON_NS + 20),
        st.one_of(
            st.none(), st.booleans(), st.integers(-3, 20), st.floats(-1, 1), st.text(max_size=3)
        ),
        st.sampled_from([GOOD, UNCERTAIN, BAD]),
    ),
    max_size=30,
)
_pushes = st.lists(
    st.tuples(_values, st.dictionaries(st.sampled_from(["mixer", "press", "oven"]), st.booleans())),
    max_size=8,
)


def merged(old: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """What a browser makes of a snapshot and a delta."""
    result = {machine: dict(each) for machine, each in old.items()}
    for machine, change in delta.items():
        values = {**result[machine].get("values", {}), **change.get("values", {})}
        result[machine].update(change)
        result[machine]["values"] = values
    return result


@given(_pushes, st.integers(0, 8))
def test_a_snapshot_and_the_deltas_after_it_make_the_newest_snapshot(
    pushes: list[tuple[list[Pushed], dict[str, bool]]], split: int
) -> None:
    image = PlantImage(bench(), moment(0))
    browser = image.snapshot()
    seen = 0
    for count, (values, connections) in enumerate(pushes):
        image.apply(push(values, connections, sent_ms=NOON_MS + count), moment(count))
        if count % (split + 1) == 0:
            browser = merged(browser, image.delta(seen))
            seen = image.revision
    assert merged(browser, image.delta(seen)) == image.snapshot()


@given(_values.map(lambda values: list({v[:3]: v for v in values}.values())), st.randoms())
def test_whatever_the_order_the_newest_source_time_wins(
    values: list[Pushed], order: Random
) -> None:
    in_order, shuffled = list(values), list(values)
    order.shuffle(shuffled)

    images = []
    for sequence in (in_order, shuffled):
        image = PlantImage(bench(), moment(0))
        for value in sequence:
            image.apply(push([value]), moment(0))
        images.append(image.snapshot())

    assert images[0] == images[1]
    for machine, tag, source_time_ns, *_ in values:
        if machine != "ghost":
            newest = max(v[2] for v in values if v[:2] == (machine, tag))
            assert source_time_ns <= newest
            assert images[0][machine]["values"][tag][1] == newest // 10**6
