"""One absurd time of a machine spoils nothing that comes after it."""

import time

import pytest

from pilotline_edge.cause import Cause
from pilotline_edge.events.coverage import EventCoverage
from pilotline_edge.link.coverage import Coverage
from pilotline_edge.link.known import POLLED
from pilotline_edge.link.plausible import AHEAD_NS, bounded
from pilotline_edge.live.newest import NewestValues
from pilotline_historian import Gap

S = 1_000_000_000
NOW = 1_772_450_000 * S
ABSURD = 2**63 - 1
"""The last instant that nanoseconds can say: the year 2262."""


def coverage() -> Coverage:
    read = Coverage("aarhus", "mill-1", {"a": 100, "b": 100, "c": POLLED}, {100: 50})
    read.begin(NOW)
    return read


def test_a_live_value_from_the_future_is_replaced_by_the_next_one() -> None:
    newest = NewestValues()
    now_ns = time.time_ns()
    newest.put(("mill-1", "a"), ABSURD, 1.0, 0)
    newest.put(("mill-1", "a"), now_ns, 2.0, 0)
    assert newest.take(9) == [(("mill-1", "a"), (now_ns, 2.0, 0))]
    newest.put(("mill-1", "a"), now_ns - S, 3.0, 0)
    assert newest.take(9) == [], "what came late is older still"


def test_a_value_from_the_future_hides_no_loss_of_its_tag() -> None:
    read = coverage()
    read.received(100, NOW + S, True, [("a", ABSURD, 0), ("b", NOW + S, 0)])
    read.received(100, NOW + 60 * S, True, [])
    read.lost(["a"], Cause.CONNECTION_LOST)
    (gap,) = read.received(100, NOW + 90 * S, True, [("a", NOW + 90 * S, 0)])
    assert gap.start_ns <= NOW + 60 * S
    assert gap.end_ns == NOW + 90 * S


def test_a_polled_value_from_the_future_hides_no_missed_poll() -> None:
    read = coverage()
    read.polled(NOW + S, [("c", ABSURD, 0)])
    (gap,) = read.polls_missed(["c"], NOW + 9 * S, Cause.POLLS_MISSED)
    assert (gap.start_ns, gap.end_ns) == (NOW + S, NOW + 9 * S)


def test_a_message_published_in_the_future_makes_no_later_value_late() -> None:
    read = coverage()
    read.received(100, ABSURD, True, [("a", NOW + S, 0), ("b", NOW + S, 0)])
    read.received(100, NOW + 2 * S, True, [("a", NOW + 2 * S, 0)])
    read.received(100, NOW + 60 * S, True, [])
    assert read.covered_ns("b") > NOW + 59 * S


def test_an_event_message_published_in_the_future_hides_no_loss_of_events() -> None:
    known = EventCoverage("aarhus", "mill-1", NOW)
    known.received(ABSURD, True, [])
    known.received(NOW + 60 * S, True, [])
    known = EventCoverage.from_json("aarhus", "mill-1", known.to_json())
    known.lost(Cause.CONNECTION_LOST)
    (gap,) = known.began(NOW + 90 * S)
    assert NOW <= gap.start_ns <= NOW + 60 * S


@pytest.mark.parametrize(
    ("start_s", "end_s", "ends_s"),
    [(-60, -10, -10), (-60, 3_600, 3_600), (-60, 86_400, 86_400), (-60, 10**9, 0)],
)
def test_a_gap_that_ends_in_a_far_future_ends_now(start_s: int, end_s: int, ends_s: int) -> None:
    gap = Gap("aarhus", "mill-1", "a", NOW + start_s * S, NOW + end_s * S, Cause.CONNECTION_LOST)
    assert bounded(gap, NOW).end_ns == NOW + ends_s * S


def test_a_machine_whose_clock_is_wrong_throughout_has_its_gaps_where_its_values_are() -> None:
    gap = Gap("aarhus", "mill-1", None, NOW + AHEAD_NS, NOW + 2 * AHEAD_NS, Cause.CONNECTION_LOST)
    assert bounded(gap, NOW) == gap
