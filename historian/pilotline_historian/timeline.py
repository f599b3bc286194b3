"""State timeline: when a tag had which value, and when nobody knows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from pilotline_historian.historian import Historian
from pilotline_historian.nearest import last_before
from pilotline_historian.sample import COVERED, Gap, Sample, Series, Value

NO_SAMPLE: Final = "no-sample"
"""Cause of what lies before a tag's first sample."""

BAD_QUALITY: Final = "bad-quality"
"""Cause of what follows a sample whose status is Bad or that has no value."""

NOT_HEARD_OF: Final = "not-heard-of"
"""Cause of what no edge vouches for yet: a gap is declared once it is over."""

_VOUCHED_WITHIN_NS: Final = 30 * 10**9
"""An edge vouches for a machine each ten seconds; after three times it is silent."""

_BAD: Final = 2
"""Severity Bad in the two top bits of a status code (OPC 10000-4, 7.39)."""


class StateInterval(NamedTuple):
    """A tag had one value from `start_ns` until `end_ns`, or nobody knows which.

    Attributes:
        start_ns: first instant.
        end_ns: instant after the last.
        value: the value; None where unknown.
        unknown: why nobody knows: a gap's cause, `NO_SAMPLE`, `BAD_QUALITY` or `NOT_HEARD_OF`;
            None where known.
    """

    start_ns: int
    end_ns: int
    value: Value | None
    unknown: str | None


def state_timeline(
    historian: Historian, series: Series, start_ns: int, end_ns: int
) -> Iterator[StateInterval]:
    """Yield the values of a tag over ``[start_ns, end_ns)``: adjoining, each unlike the next.

    A value counts until the next sample: a machine reports changes and nothing else. In a declared
    gap nothing is known; the newest sample from before its end counts after it, since an agent that
    comes back reads every tag again. An uncertain value is still the best that is known. Where the
    edge vouches for the machine (`sample.COVERED`) and has been silent for half a minute, nothing
    is known since.

    Raises:
        HistorianError: the historian did not answer.
    """
    if end_ns <= start_ns:
        return
    gaps = gaps_of(historian.gaps(series.machine, start_ns, end_ns), series)
    gaps.extend(_silence(historian, series, end_ns, max((gap.end_ns for gap in gaps), default=0)))
    before = last_before(historian, series, start_ns)
    samples = historian.raw(series, start_ns, end_ns)
    yield from _joined(_hidden(_held(before, samples, start_ns, end_ns), gaps))


def gaps_of(gaps: Iterable[Gap], series: Series) -> list[Gap]:
    """Return the gaps in which a tag is unknown, by start."""
    place = (series.site, series.machine)
    touching = (
        gap for gap in gaps if (gap.site, gap.machine) == place and gap.tag in (None, series.tag)
    )
    return sorted(touching, key=lambda gap: (gap.start_ns, gap.end_ns))


def _silence(historian: Historian, series: Series, end_ns: int, declared_ns: int) -> Iterator[Gap]:
    """Yield what lies after the edge's last word, as a gap, if it has been silent for long."""
    covered = Series(series.site, series.machine, COVERED)
    newest = historian.last([series, covered])
    if covered not in newest:
        return
    heard_ns = max(declared_ns, *(sample.source_time_ns for sample in newest.values()))
    if heard_ns < end_ns - _VOUCHED_WITHIN_NS:
        yield Gap(series.site, series.machine, None, heard_ns, end_ns, NOT_HEARD_OF)


def _held(
    before: Sample | None, samples: Iterable[Sample], start_ns: int, end_ns: int
) -> Iterator[StateInterval]:
    """Yield an interval for each sample, until the next one."""
    value, unknown = _state(before)
    from_ns = start_ns
    for sample in samples:
        if sample.source_time_ns > from_ns:
            yield StateInterval(from_ns, sample.source_time_ns, value, unknown)
            from_ns = sample.source_time_ns
        value, unknown = _state(sample)
    if end_ns > from_ns:
        yield StateInterval(from_ns, end_ns, value, unknown)


def _state(sample: Sample | None) -> tuple[Value | None, str | None]:
    if sample is None:
        return None, NO_SAMPLE
    if sample.value is None or sample.status >> 30 >= _BAD:
        return None, BAD_QUALITY
    return sample.value, None


def _hidden(intervals: Iterable[StateInterval], gaps: Sequence[Gap]) -> Iterator[StateInterval]:
    """Cut gaps out of intervals; of gaps that overlap, the one that began first gives the cause."""
    place = 0
    for each in intervals:
        at_ns = each.start_ns
        while at_ns < each.end_ns:
            while place < len(gaps) and gaps[place].end_ns <= at_ns:
                place += 1
            gap = gaps[place] if place < len(gaps) else None
            if gap is None or gap.start_ns >= each.end_ns:
                yield each._replace(start_ns=at_ns)
                break
            if gap.start_ns > at_ns:
                yield each._replace(start_ns=at_ns, end_ns=gap.start_ns)
                at_ns = gap.start_ns
            upto_ns = min(gap.end_ns, each.end_ns)
            yield StateInterval(at_ns, upto_ns, None, gap.cause)
            at_ns = upto_ns


def _joined(intervals: Iterable[StateInterval]) -> Iterator[StateInterval]:
    held: StateInterval | None = None
    for each in intervals:
        if held is not None and _alike(held, each):
            held = held._replace(end_ns=each.end_ns)
            continue
        if held is not None:
            yield held
        held = each
    if held is not None:
        yield held


def _alike(one: StateInterval, other: StateInterval) -> bool:
    """Return whether both say the same; NaN is like NaN, and 1 is neither 1.0 nor true."""
    return repr(one[2:]) == repr(other[2:])
