"""How far a history is believed: as far as it holds what the agent itself knows."""

from asyncua.ua.status_codes import StatusCodes
from hypothesis import given
from hypothesis import strategies as st

from pilotline_edge.backfill.answer import Answer
from pilotline_edge.backfill.evidence import Recorded, weigh
from pilotline_edge.backfill.loss import Loss, Losses
from pilotline_edge.backfill.reading import MOST_PAGES, Reading
from pilotline_edge.cause import Cause
from pilotline_historian import Gap

S = 1_000_000_000
SPAN = (10 * S, 12 * S, 20 * S)
INTERPOLATED = 0x0000_0402


def at(*seconds: float, status: int = 0) -> list[Recorded]:
    return [Recorded(int(second * S), 1.0, status, None) for second in seconds]


def test_a_history_with_both_ends_is_whole() -> None:
    found = weigh(SPAN, at(10, 13, 15, 20))
    assert [each.source_ns for each in found.values] == [13 * S, 15 * S]
    assert (found.left, found.open) == ([], None)


def test_one_that_begins_later_leaves_its_beginning() -> None:
    found = weigh(SPAN, at(9, 13, 20))
    assert found.left == [(12 * S, 13 * S)]
    assert found.open is None


def test_one_that_ends_earlier_is_asked_on() -> None:
    found = weigh(SPAN, at(10, 13))
    assert found.left == []
    assert found.open == (13 * S, 13 * S, 20 * S)
    assert weigh(found.open, at(15, 21), joined=found.joined).open is None


def test_what_a_server_says_it_did_not_record_is_left() -> None:
    stop = at(14, status=StatusCodes.BadDataLost)
    found = weigh(SPAN, [*at(10, 13), *stop, *at(17, 20)])
    assert [each.source_ns for each in found.values] == [13 * S, 17 * S]
    assert found.left == [(14 * S, 17 * S)]


def test_nothing_made_up_is_kept_or_believed() -> None:
    found = weigh(SPAN, [*at(10), *at(14, status=INTERPOLATED), *at(20)])
    assert found.values == []
    assert weigh(SPAN, at(12, 20, status=INTERPOLATED)).open == SPAN


@given(
    st.lists(
        st.tuples(st.integers(5, 25), st.sampled_from([0, StatusCodes.BadDataLost])), max_size=30
    ),
    st.integers(1, 7),
)
def test_what_a_history_does_not_hold_is_never_called_read(
    written: list[tuple[int, int]], page: int
) -> None:
    """A recorder that stops at each mark and starts at the next value hides nothing."""
    history = sorted(dict(written).items())
    recorded = [Recorded(second * S, 1.0, status, None) for second, status in history]
    loss = Loss(Gap("aarhus", "mill-1", "a", 12 * S, 20 * S, Cause.AGENT_STOPPED), 0, {"a": SPAN})
    reading = Reading(loss, "a")
    kept: list[Recorded] = []
    while "a" in loss.spans:
        rest = [each for each in recorded if each.source_ns >= reading.from_ns]
        cut = rest[: page + 1]
        kept += reading.take(Answer(0, None, cut), 0.0)
    left = [(start, end) for _, start, end in loss.left]
    for second in range(13, 20):
        before = [status for one, status in history if 10 <= one <= second]
        covered = any(start <= second * S <= end for start, end in left)
        if (second, 0) in history:
            assert covered or any(each.source_ns == second * S for each in kept)
        elif not before or before[-1]:
            assert covered, "nothing was recorded then"


def test_a_server_that_never_ends_is_asked_a_bounded_number_of_times() -> None:
    loss = Loss(Gap("aarhus", "mill-1", "a", 12 * S, 20 * S, Cause.AGENT_STOPPED), 0, {"a": SPAN})
    reading = Reading(loss, "a")
    asked = 0
    while "a" in loss.spans:
        asked += 1
        page = [Recorded(12 * S + asked, 1.0, 0, None)]
        reading.take(Answer(0, b"more", page), 0.0)
    assert asked == MOST_PAGES + 1
    assert loss.left[-1][2] == 20 * S


def test_a_later_value_shows_that_history_went_on_to_an_end_that_is_no_value_s_time() -> None:
    """Polls are missed until the next one, which rarely finds a value of its own instant."""
    gap = Gap("aarhus", "mill-1", "a", 12 * S, 20 * S, Cause.POLLS_MISSED)
    loss = Loss(gap, 0, {"a": SPAN})
    reading = Reading(loss, "a")
    assert reading.until_ns == 20 * S
    assert len(reading.take(Answer(0, None, at(10, 13)), 0.0)) == 1
    assert reading.take(Answer(0, None, at(13)), 0.0) == []
    assert reading.until_ns > 21 * S
    assert reading.take(Answer(0, None, at(13, 21)), 1.0) == []
    assert (loss.spans, loss.gaps()) == ({}, [])


def test_a_server_short_of_continuation_points_is_asked_for_one_tag_after_the_other() -> None:
    loss = Loss(
        Gap("aarhus", "mill-1", None, 12 * S, 20 * S, Cause.AGENT_STOPPED),
        0,
        {"a": SPAN, "b": SPAN},
    )
    first, second = Reading(loss, "a"), Reading(loss, "b")
    assert first.goes_with(second)
    second.take(Answer(StatusCodes.BadNoContinuationPoints, None, []), 0.0)
    assert not first.goes_with(second)
    assert second.due == 1.0
    for _ in range(100):
        if "b" in loss.spans:
            second.take(Answer(StatusCodes.BadNoContinuationPoints, None, []), 0.0)
    assert loss.left == [("b", 12 * S, 20 * S)]


def test_values_of_another_time_bring_nothing() -> None:
    loss = Loss(Gap("aarhus", "mill-1", "a", 12 * S, 20 * S, Cause.AGENT_STOPPED), 0, {"a": SPAN})
    reading = Reading(loss, "a")
    asked = 0
    while "a" in loss.spans:
        asked += 1
        assert reading.take(Answer(0, b"more", at(1, 2)), 0.0) == []
    assert asked < 10
    assert loss.gaps() == [loss.gap]


def test_losses_come_back_from_the_journal_as_they_were() -> None:
    losses = Losses()
    gap = Gap("aarhus", "mill-1", None, 12 * S, 20 * S, Cause.CONNECTION_LOST)
    assert losses.hold(gap, {"a": SPAN, "b": (1, 2, 3)})
    (loss,) = losses
    loss.give_up("b")
    again = Losses()
    again.take_over("aarhus", "mill-1", losses.to_json())
    assert again.to_json() == losses.to_json()
    assert again.oldest_ns() == 2
    (loss,) = again
    assert {(each.tag, each.start_ns, each.end_ns) for each in again.end(loss)} == {
        ("a", 12 * S, 20 * S),
        ("b", 2, 3),
    }


def test_what_no_tag_of_a_machine_got_back_is_one_gap() -> None:
    losses = Losses()
    gap = Gap("aarhus", "mill-1", None, 12 * S, 20 * S, Cause.CONNECTION_LOST)
    losses.hold(gap, {"a": SPAN, "b": SPAN})
    (loss,) = losses
    loss.give_up("a")
    loss.give_up("b")
    assert losses.end(loss) == [gap]


def test_the_first_start_and_tags_without_history_wait_for_nothing() -> None:
    losses = Losses()
    losses.barren |= {"a"}
    gap = Gap("aarhus", "mill-1", "a", 12 * S, 20 * S, Cause.QUEUE_OVERFLOW)
    first = Gap("aarhus", "mill-1", "b", 12 * S, 20 * S, Cause.AGENT_STARTED)
    assert not losses.hold(gap, {"a": SPAN})
    assert not losses.hold(first, {"b": SPAN})
    assert not losses.hold(gap, {})
    assert losses.retire(["a"]) == []
