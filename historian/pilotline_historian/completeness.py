"""Completeness ledger: of which tag how much of an interval is covered, and what is missing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from pilotline_historian.historian import Historian
from pilotline_historian.limits import FIRST_TIME_NS
from pilotline_historian.nearest import first_within, last_before
from pilotline_historian.sample import COVERED, Gap, Sample, Series
from pilotline_historian.timeline import NOT_HEARD_OF, gaps_of

NOT_RECORDED: Final = "not-recorded"
"""Cause of what lies before a tag's first sample: nobody knows, and nothing declares it."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of one interval is covered for one tag.

    A tag is covered from its first sample on, but for declared gaps, as far as an edge vouches for
    the machine (`sample.COVERED`), or else until the newest sample of any of its tags: a value that
    does not change is not sent again.

    Attributes:
        series: the tag.
        start_ns: first instant of the interval.
        end_ns: instant after its last.
        covered_ns: how much of it is covered.
        gaps: the declared gaps in it, cut to it, by start.
        missing_ns: how much is not covered, by cause; of causes at once, the first one counts.
        first_ns: source time of the first sample in it, or None.
        last_ns: source time of the last sample in it, or None.
    """

    series: Series
    start_ns: int
    end_ns: int
    covered_ns: int
    gaps: tuple[Gap, ...]
    missing_ns: dict[str, int]
    first_ns: int | None
    last_ns: int | None

    @property
    def covered_share(self) -> float:
        """Covered share of the interval, 0 to 1."""
        return self.covered_ns / (self.end_ns - self.start_ns)

    @property
    def longest_ns(self) -> int:
        """Length of the longest declared gap."""
        return max((gap.end_ns - gap.start_ns for gap in self.gaps), default=0)


def ledger(
    historian: Historian, series: Sequence[Series], start_ns: int, end_ns: int
) -> Iterator[Completeness]:
    """Yield how complete ``[start_ns, end_ns)`` is for each series, in order.

    Args:
        historian: asked; it blocks.
        series: the tags; what their machines' other tags tell counts too.
        start_ns: first instant.
        end_ns: instant after the last.

    Raises:
        ValueError: the interval is empty.
        HistorianError: the historian did not answer.
    """
    if end_ns <= start_ns:
        raise ValueError(f"the interval [{start_ns}, {end_ns}) is empty")
    machines = {(each.site, each.machine) for each in series}
    neighbours = [each for each in historian.series() if (each.site, each.machine) in machines]
    newest = historian.last(neighbours)
    heard = _heard(newest.values())
    gaps = historian.gaps(None, start_ns, end_ns)
    for each in series:
        recorded = _recorded(historian, each, newest.get(each), start_ns, end_ns)
        heard_ns = heard.get((each.site, each.machine), start_ns)
        yield _completeness(each, (start_ns, end_ns), recorded, gaps_of(gaps, each), heard_ns)


def _heard(newest: Iterable[Sample]) -> dict[tuple[str, str], int]:
    """Return up to when each machine's data are accounted for.

    Where an edge vouches for it, its word counts and not a newer value: new values may be in the
    historian before the backlog that lies between.
    """
    heard: dict[tuple[str, str], int] = {}
    vouched: dict[tuple[str, str], int] = {}
    for sample in newest:
        place = (sample.series.site, sample.series.machine)
        if sample.series.tag == COVERED:
            vouched[place] = sample.source_time_ns
        heard[place] = max(heard.get(place, sample.source_time_ns), sample.source_time_ns)
    return heard | vouched


class _Recorded(NamedTuple):
    """What a tag's samples tell about an interval.

    Attributes:
        since_ns: from when on a value is known; the interval's end when never.
        first_ns: source time of the first sample in it, or None.
        last_ns: source time of the last sample in it, or None.
    """

    since_ns: int
    first_ns: int | None
    last_ns: int | None


def _recorded(
    historian: Historian, series: Series, newest: Sample | None, start_ns: int, end_ns: int
) -> _Recorded:
    if newest is None:
        return _Recorded(end_ns, None, None)
    first = None
    if newest.source_time_ns >= start_ns:
        first = first_within(historian, series, start_ns, end_ns)
    if first is None:
        before = first_within(historian, series, FIRST_TIME_NS, start_ns)
        return _Recorded(end_ns if before is None else start_ns, None, None)
    last = newest
    if newest.source_time_ns >= end_ns:
        last = last_before(historian, series, end_ns) or first
    since_ns = first.source_time_ns
    if since_ns > start_ns and first_within(historian, series, FIRST_TIME_NS, start_ns):
        since_ns = start_ns
    return _Recorded(since_ns, first.source_time_ns, last.source_time_ns)


def _completeness(
    series: Series,
    span: tuple[int, int],
    recorded: _Recorded,
    gaps: Sequence[Gap],
    heard_ns: int,
) -> Completeness:
    start_ns, end_ns = span
    causes = [
        (start_ns, recorded.since_ns, NOT_RECORDED),
        *((gap.start_ns, gap.end_ns, gap.cause) for gap in gaps),
        # A gap that is declared says more than that nobody was heard of.
        (max(heard_ns, start_ns, *(gap.end_ns for gap in gaps)), end_ns, NOT_HEARD_OF),
    ]
    missing_ns = _missing(causes, start_ns, end_ns)
    return Completeness(
        series,
        start_ns,
        end_ns,
        covered_ns=end_ns - start_ns - sum(missing_ns.values()),
        gaps=tuple(_cut(gaps, start_ns, end_ns)),
        missing_ns=missing_ns,
        first_ns=recorded.first_ns,
        last_ns=recorded.last_ns,
    )


def _missing(causes: Iterable[tuple[int, int, str]], start_ns: int, end_ns: int) -> dict[str, int]:
    """Add up what is missing, each instant once."""
    missing: dict[str, int] = {}
    upto_ns = start_ns
    for from_ns, to_ns, cause in sorted(causes):
        lost_ns = min(to_ns, end_ns) - max(from_ns, upto_ns)
        if lost_ns > 0:
            missing[cause] = missing.get(cause, 0) + lost_ns
            upto_ns = min(to_ns, end_ns)
    return missing


def _cut(gaps: Iterable[Gap], start_ns: int, end_ns: int) -> Iterator[Gap]:
    for gap in gaps:
        from_ns, to_ns = max(gap.start_ns, start_ns), min(gap.end_ns, end_ns)
        if from_ns < to_ns:
            yield Gap(gap.site, gap.machine, gap.tag, from_ns, to_ns, gap.cause)
