"""Instants are read and written to the nanosecond."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from pilotline_historian.times import duration_text, instant_text, read_instant

NOW_NS = 1_790_000_000_123_456_789


@given(time_ns=st.integers(FIRST_TIME_NS, LAST_TIME_NS))
def test_an_instant_written_is_read_back(time_ns: int) -> None:
    assert read_instant(instant_text(time_ns), NOW_NS) == time_ns


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01", 0),
        ("1970-01-01T00:00:00.5", 500_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T02:00:00.25+02:00", 250_000_000),
        ("1969-12-31 23:59:59.999999999", -1),
        ("now", NOW_NS),
        ("90min", NOW_NS - 90 * 60 * 10**9),
        ("1.5h", NOW_NS - 5_400 * 10**9),
        ("2 d", NOW_NS - 2 * 86_400 * 10**9),
    ],
)
def test_an_instant_as_a_person_writes_it(text: str, time_ns: int) -> None:
    assert read_instant(text, NOW_NS) == time_ns


@pytest.mark.parametrize("text", ["", "yesterday", "5", "5 parsecs", "2026-13-01", "-1h", "12:00"])
def test_what_is_no_instant_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="is no instant; write 2026"):
        read_instant(text, NOW_NS)


def test_whole_seconds_have_no_fraction() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert instant_text(int(noon.timestamp()) * 10**9) == "2026-11-22T12:00:00Z"
    assert instant_text(int(noon.timestamp()) * 10**9 + 5) == "2026-11-22T12:00:00.000000005Z"


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0.000 s"),
        (40_900_000, "0.040 s"),
        (59_999_999_999, "59.999 s"),
        (60 * 10**9, "1 min 0 s"),
        (3_725 * 10**9, "1 h 2 min"),
        (90_061 * 10**9, "1 d 1 h"),
        (400 * 86_400 * 10**9, "400 d 0 h"),
    ],
)
def test_a_duration_as_people_say_it(duration_ns: int, text: str) -> None:
    assert duration_text(duration_ns) == text
