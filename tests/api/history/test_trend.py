"""Trends: never more points than asked for, and every sample where they all fit."""

import math

from hypothesis import given
from hypothesis import strategies as st

from pilotline_api.history.trend import read_trend
from pilotline_historian import Gap, Historian, Sample, Series
from tests.edge.memory_historian import MemoryHistorian

SPEED = Series("north", "mixer", "speed")
BAD = 0x8000_0000


def sample(at_ms: int, value: bool | float | str | None, status: int = 0) -> Sample:
    return Sample(SPEED, at_ms * 10**6, value, status, None)


def stored(*samples: Sample) -> Historian:
    historian = MemoryHistorian()
    historian.write(samples)
    return historian


def test_few_samples_come_as_they_are() -> None:
    historian = stored(sample(1, 5.0), sample(7, 6.0), sample(8, 4.0))

    trend = read_trend(historian, SPEED, 0, 10**9, 3, ())

    assert trend.t == [1, 7, 8]
    assert trend.minimum == trend.maximum == trend.mean == trend.last == [5.0, 6.0, 4.0]


def test_many_samples_come_as_buckets_that_keep_the_extremes() -> None:
    historian = stored(*(sample(at, float(at % 100)) for at in range(1000)))

    trend = read_trend(historian, SPEED, 0, 10**9, 10, ())

    assert trend.t == [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]
    assert trend.minimum == [0.0] * 10
    assert trend.maximum == [99.0] * 10
    assert trend.mean == [49.5] * 10
    assert trend.last == [99.0] * 10


def test_a_text_has_only_its_last_value() -> None:
    trend = read_trend(stored(sample(1, "Ready"), sample(2, "Busy")), SPEED, 0, 10**9, 10, ())

    assert trend.last == ["Ready", "Busy"]
    assert trend.minimum == trend.maximum == trend.mean == [None, None]


def test_a_truth_value_can_be_drawn() -> None:
    trend = read_trend(stored(sample(1, True), sample(2, False)), SPEED, 0, 10**9, 10, ())

    assert trend.mean == [1.0, 0.0]
    assert trend.last == [True, False]


def test_a_bad_sample_breaks_the_line() -> None:
    trend = read_trend(
        stored(sample(1, 5.0), sample(2, 5.5, BAD), sample(3, None, BAD), sample(4, 6.0)),
        SPEED,
        0,
        10**9,
        10,
        (),
    )

    assert trend.t == [1, 2, 3, 4]
    assert trend.last == [5.0, None, None, 6.0]


def test_a_value_that_is_no_finite_number_is_not_drawn_but_told() -> None:
    trend = read_trend(stored(sample(1, math.nan), sample(2, math.inf)), SPEED, 0, 10**9, 10, ())

    assert trend.mean == [None, None]
    assert trend.last == ["NaN", "Infinity"]


def test_gaps_of_the_tag_and_of_the_machine_come_with_it() -> None:
    def gap(tag: str | None) -> Gap:
        return Gap("north", "mixer", tag, 1, 2, "agent-stopped")

    gaps = [gap(None), gap("speed"), gap("torque")]

    assert read_trend(stored(), SPEED, 0, 10, 10, gaps).gaps == gaps[:2]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 999), st.one_of(st.floats(-5, 5), st.text(max_size=2)), st.booleans()
        ),
        max_size=60,
        unique_by=lambda each: each[0],
    ),
    st.integers(1, 40),
)
def test_the_columns_match_and_never_exceed_the_points_asked_for(
    given_samples: list[tuple[int, float | str, bool]], points: int
) -> None:
    samples = [sample(at, value, 0 if good else BAD) for at, value, good in given_samples]

    trend = read_trend(stored(*samples), SPEED, 0, 10**9, points, ())

    columns = (trend.t, trend.minimum, trend.maximum, trend.mean, trend.last)
    assert {len(column) for column in columns} == {len(trend.t)}
    assert len(trend.t) <= points
    assert trend.t == sorted(trend.t)
    if len(samples) <= points:
        assert trend.t == sorted(at for at, *_ in given_samples)
