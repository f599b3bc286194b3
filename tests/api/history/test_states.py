"""Machine states: adjoining intervals that cover what was asked, unknown where nothing is known."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pilotline_api.history.states import StateInterval, read_states, state_intervals
from pilotline_historian import Sample, Series
from tests.edge.memory_historian import MemoryHistorian

STATE = Series("north", "mixer", "state")
HOUR_NS = 3_600 * 10**9
NOON_NS = 500_000 * HOUR_NS
BAD = 0x8000_0000


def states(
    samples: list[tuple[float, float | None, int]],
    unknown: list[tuple[float, float]] | None = None,
    hours: float = 4.0,
) -> list[tuple[str, float, float]]:
    """States over some hours from noon; times are hours after noon."""
    historian = MemoryHistorian()
    historian.write(
        [Sample(STATE, at(hour), value, status, None) for hour, value, status in samples]
    )
    found = read_states(
        historian,
        STATE,
        NOON_NS,
        at(hours),
        [(at(start), at(end)) for start, end in unknown or []],
    )
    return [
        (each.state, (each.start_ns - NOON_NS) / HOUR_NS, (each.end_ns - NOON_NS) / HOUR_NS)
        for each in found
    ]


def at(hour: float) -> int:
    return NOON_NS + round(hour * HOUR_NS)


def test_a_state_lasts_until_the_next() -> None:
    assert states([(0, 4, 0), (1, 6, 0), (3, 17, 0)]) == [
        ("Idle", 0, 1),
        ("Execute", 1, 3),
        ("Complete", 3, 4),
    ]


def test_the_state_before_the_interval_is_carried_in() -> None:
    for hours_before in (0.5, 5, 24 * 20):
        assert states([(-hours_before, 6, 0), (2, 4, 0)]) == [("Execute", 0, 2), ("Idle", 2, 4)]


def test_before_the_first_sample_nothing_is_known() -> None:
    assert states([(1, 6, 0)]) == [("Unknown", 0, 1), ("Execute", 1, 4)]


def test_without_any_sample_nothing_is_known() -> None:
    assert states([]) == [("Unknown", 0, 4)]


def test_repeated_samples_of_one_state_are_one_interval() -> None:
    assert states([(0, 6, 0), (1, 6, 0), (2, 6.0, 0)]) == [("Execute", 0, 4)]


def test_a_bad_or_senseless_sample_means_unknown() -> None:
    assert states([(0, 6, 0), (1, None, BAD), (2, 6, 0), (3, 99, 0)]) == [
        ("Execute", 0, 1),
        ("Unknown", 1, 2),
        ("Execute", 2, 3),
        ("Unknown", 3, 4),
    ]


def test_in_a_gap_nothing_is_known_and_afterwards_the_state_goes_on() -> None:
    assert states([(0, 6, 0)], [(1, 2)]) == [
        ("Execute", 0, 1),
        ("Unknown", 1, 2),
        ("Execute", 2, 4),
    ]


def test_a_state_that_changed_within_a_gap_shows_when_the_gap_ends() -> None:
    assert states([(0, 6, 0), (1.5, 4, 0)], [(1, 2)]) == [
        ("Execute", 0, 1),
        ("Unknown", 1, 2),
        ("Idle", 2, 4),
    ]


def test_overlapping_gaps_are_one() -> None:
    assert states([(0, 6, 0)], [(1, 3), (2, 3.5), (-5, 0.5), (5, 6)]) == [
        ("Unknown", 0, 0.5),
        ("Execute", 0.5, 1),
        ("Unknown", 1, 3.5),
        ("Execute", 3.5, 4),
    ]


_times = st.integers(0, 100)
_words = st.sampled_from(["Idle", "Execute", "Unknown"])


@given(
    _words,
    st.dictionaries(_times, _words, max_size=12),
    st.lists(st.tuples(_times, _times).map(sorted).map(tuple), max_size=6),
)
def test_the_intervals_adjoin_cover_everything_and_tell_the_truth_at_each_instant(
    carried_in: str, changes: dict[int, str], unknown: list[tuple[int, int]]
) -> None:
    start, end = 0, 101
    intervals = state_intervals(carried_in, sorted(changes.items()), unknown, start, end)

    assert intervals[0].start_ns == start
    assert intervals[-1].end_ns == end
    for one, following in pairwise(intervals):
        assert one.end_ns == following.start_ns
        assert one.state != following.state
    for instant in range(start, end):
        held = max((at for at in changes if at <= instant), default=None)
        expected = carried_in if held is None else changes[held]
        if any(a <= instant < b for a, b in unknown):
            expected = "Unknown"
        assert _at(intervals, instant) == expected


def _at(intervals: list[StateInterval], instant: int) -> str:
    [state] = [each.state for each in intervals if each.start_ns <= instant < each.end_ns]
    return state
