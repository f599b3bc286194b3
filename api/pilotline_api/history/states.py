"""Machine states over time: what a state tag's samples say, and where nothing is known."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from pilotline_api.live.reading import packml_state
from pilotline_historian import Gap, Historian, Sample, Series, Value

UNKNOWN: Final = "Unknown"
"""No PackML state is known: before the first sample, in a gap, after a bad sample."""

MAX_SAMPLES: Final = 500_000

_HOUR_NS: Final = 3_600 * 1_000_000_000
_LOOK_BACK_NS: Final = (_HOUR_NS, 24 * _HOUR_NS)
_LONGEST_LOOK_BACK_NS: Final = 30 * 24 * _HOUR_NS


class StateInterval(NamedTuple):
    """A machine was in one state from `start_ns` until `end_ns`."""

    state: str
    start_ns: int
    end_ns: int


class TooManyChanges(ValueError):  # noqa: N818 - what the caller meets
    """The interval holds more state samples than are read at once."""


def state_intervals(
    carried_in: str,
    changes: Iterable[tuple[int, str]],
    unknown: Iterable[tuple[int, int]],
    start_ns: int,
    end_ns: int,
) -> list[StateInterval]:
    """Return the states over ``[start_ns, end_ns)``: adjoining, each different from the next.

    Args:
        carried_in: state at `start_ns`.
        changes: ``(instant, state)`` in time order, within the interval.
        unknown: intervals in which no state counts as known; the state held before goes on after.
        start_ns: first instant.
        end_ns: instant after the last.
    """
    held = [(start_ns, carried_in), *changes]
    blind = [(max(a, start_ns), min(b, end_ns)) for a, b in unknown if a < end_ns and b > start_ns]
    edges = sorted(
        {start_ns, end_ns, *(at for at, _ in held), *(at for gap in blind for at in gap)}
    )
    openings = dict.fromkeys(edges, 0)
    for a, b in blind:
        openings[a] += 1
        openings[b] -= 1
    state_at = dict(held)
    intervals: list[StateInterval] = []
    state, depth = carried_in, 0
    for a, b in pairwise(edges):
        state = state_at.get(a, state)
        depth += openings[a]
        _append(intervals, StateInterval(UNKNOWN if depth else state, a, b))
    return intervals


def read_states(
    historian: Historian,
    series: Series,
    start_ns: int,
    end_ns: int,
    unknown: Sequence[tuple[int, int]],
) -> list[StateInterval]:
    """Return the states that a state tag's samples tell.

    Args:
        historian: asked; it blocks.
        series: the machine's state tag.
        start_ns: first instant, ns UTC.
        end_ns: instant after the last, ns UTC.
        unknown: intervals in which the machine was out of reach.

    Raises:
        HistorianError: the historian did not answer.
        TooManyChanges: ask for a shorter interval.
    """
    changes: list[tuple[int, str]] = []
    carried_in = state = _carried_in(historian, series, start_ns)
    for count, sample in enumerate(historian.raw(series, start_ns, end_ns)):
        if count >= MAX_SAMPLES:
            raise TooManyChanges(f"{series.machine} has over {MAX_SAMPLES} state samples here")
        if _state(sample) != state:
            state = _state(sample)
            changes.append((sample.source_time_ns, state))
    return state_intervals(carried_in, changes, unknown, start_ns, end_ns)


def blind_times(gaps: Iterable[Gap], tag: str) -> list[tuple[int, int]]:
    """Return the intervals in which gaps hide a tag."""
    return [(gap.start_ns, gap.end_ns) for gap in gaps if gap.tag in (None, tag)]


def _carried_in(historian: Historian, series: Series, start_ns: int) -> str:
    for back_ns in _LOOK_BACK_NS:
        last = None
        for last in historian.raw(series, start_ns - back_ns, start_ns):  # noqa: B007
            pass
        if last is not None:
            return _state(last)
    buckets = historian.buckets(series, start_ns - _LONGEST_LOOK_BACK_NS, start_ns, 1)
    return _word(buckets[-1].last) if buckets else UNKNOWN


def _state(sample: Sample) -> str:
    if sample.status >> 30 >= 2:  # bad; an uncertain state is still the best that is known
        return UNKNOWN
    return _word(sample.value)


def _word(value: Value | None) -> str:
    state = packml_state(value)
    return state.word if state is not None else UNKNOWN


def _append(intervals: list[StateInterval], new: StateInterval) -> None:
    if intervals and intervals[-1].state == new.state:
        intervals[-1] = intervals[-1]._replace(end_ns=new.end_ns)
    else:
        intervals.append(new)
