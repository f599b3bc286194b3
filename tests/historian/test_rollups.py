"""Rollups kept beside a chunk say the same as the samples they were made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_historian.columns import NO_TIME, Columns, Kind
from pilotline_historian.embedded.rollup import Points, Rollups, decode_points, reduce_columns
from pilotline_historian.grid import HOUR_NS, MINUTE_NS, SECOND_NS
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from tests.historian.samples import BAD, NOON_NS

EXACT = ("start", "last_time", "good", "numeric", "minimum", "maximum", "last_kind", "last_bits")


def _columns(seed: int, first_ns: int, step_ns: int, odd: float) -> Columns:
    """Return 4,000 samples, some of them bad, missing, not finite or no numbers."""
    rng = np.random.default_rng(seed)
    count = 4_000
    time = first_ns + np.arange(count) * step_ns + rng.integers(0, step_ns, count)
    values = np.round(rng.normal(50, 5, count), 3)
    values[rng.random(count) < odd] = np.nan
    values[rng.random(count) < odd] = -np.inf
    kind = np.full(count, Kind.FLOAT, np.uint8)
    bits = values.view(np.int64).copy()
    for other in (Kind.NONE, Kind.BOOL, Kind.INT, Kind.UINT):
        rows = rng.random(count) < odd
        kind[rows] = other
        bits[rows] = rng.integers(0, 2, int(rows.sum()))
    status = np.where(rng.random(count) < odd, BAD, 0).astype(np.uint32)
    return Columns(time, kind, bits, status, np.full(count, NO_TIME, np.int64), ())


def _need_same(stored: bytes, expected: Points) -> None:
    points = decode_points([stored])
    for name in EXACT:
        np.testing.assert_array_equal(points[name], expected[name], err_msg=name)
    np.testing.assert_allclose(points["sum"], expected["sum"], rtol=1e-9, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    first_ns=st.sampled_from(
        [NOON_NS, 0, -1, FIRST_TIME_NS, LAST_TIME_NS - 4_001 * 2 * SECOND_NS, 3_599_999_999_999]
    ),
    step_ns=st.sampled_from([SECOND_NS // 50, SECOND_NS // 7, SECOND_NS, 2 * SECOND_NS]),
    odd=st.sampled_from([0.0, 0.05, 0.6]),
)
def test_each_width_is_reduced_as_from_the_samples(
    seed: int, first_ns: int, step_ns: int, odd: float
) -> None:
    columns = _columns(seed, first_ns, step_ns, odd)
    rollups = Rollups.of(columns)
    first, last = int(columns.time[0]), int(columns.time[-1])
    kept = {HOUR_NS: rollups.hours, MINUTE_NS: rollups.minutes, SECOND_NS: rollups.seconds}
    assert rollups.minutes is not None
    for width, stored in kept.items():
        if stored is not None:
            _need_same(stored, reduce_columns(columns, first - first % width, width))
    assert rollups.summary is not None
    _need_same(rollups.summary, reduce_columns(columns, first, last - first + 1))


@pytest.mark.parametrize("status", [BAD, 0x4000_0000])
def test_a_chunk_without_a_good_value_has_rollups_without_intervals(status: int) -> None:
    columns = _columns(1, NOON_NS, SECOND_NS, 0.0)
    bad = Columns(
        columns.time,
        columns.kind,
        columns.bits,
        np.full(len(columns), status, np.uint32),
        columns.server,
        (),
    )
    rollups = Rollups.of(bad)
    assert rollups.summary is not None
    assert rollups.minutes is not None
    assert len(decode_points([rollups.summary, rollups.minutes])) == 0
