"""A chart's axis is marked where people look: on days, hours or round ticks."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from pilotline_scheduler.formats.gantt_axis import axis_marks

MONDAY_NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_days_are_marked_at_midnight_whenever_the_plan_begins() -> None:
    marks = axis_marks(7 * 1_440, 60, MONDAY_NOON)
    assert marks[0] == (720, "Tue 6 Jan")
    assert {later - tick for (tick, _), (later, _) in pairwise(marks)} == {1440}


def test_a_short_plan_is_marked_by_the_hour() -> None:
    assert axis_marks(480, 60, MONDAY_NOON)[:2] == [(0, "Mon 12:00"), (60, "Mon 13:00")]


def test_abstract_ticks_are_marked_at_round_numbers() -> None:
    assert axis_marks(11_500, 60, None)[:3] == [(0, "0"), (1_000, "1,000"), (2_000, "2,000")]


@pytest.mark.parametrize("end", [0, 1, 7, 999, 123_456, 10**9])
@pytest.mark.parametrize("origin", [None, MONDAY_NOON])
def test_no_axis_is_crowded_or_bare(end: int, origin: datetime | None) -> None:
    marks = axis_marks(end, 1, origin)
    assert len(marks) <= 13 or end == 10**9
    assert all(0 <= tick <= end for tick, _ in marks)
