"""Expiry: gives up what waited longer than anybody wants it, and declares it."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pilotline_edge.cause import Cause
from pilotline_edge.errors import RecordCorrupt
from pilotline_edge.journal.decoding import Content, decode
from pilotline_edge.journal.reader import UNKNOWN_BEFORE_NS
from pilotline_edge.journal.record import Samples, encode
from pilotline_edge.journal.schema import DELETE_RECORDS, EXPIRED_RECORDS, REPLACE_RECORD
from pilotline_historian import EVENTS, Gap, Series

_CAUSE = Cause.JOURNAL_EXPIRED

MOST_RECORDS = 500
"""Most records given up in one transaction."""


class GivenUp(NamedTuple):
    """What was given up.

    Attributes:
        records: how many records.
        values: how many values and events were in them.
        bytes: how much smaller the journal is for it.
    """

    records: int
    values: int
    bytes: int


def give_up(connection: sqlite3.Connection, before_ns: int, series: dict[int, Series]) -> GivenUp:
    """Replace the oldest records by the gaps they leave, `MOST_RECORDS` of them at most.

    Call it within a transaction. What the records hold of gaps is kept.

    Args:
        connection: the journal's.
        before_ns: records that were published before, ns UTC by the machines' clocks.
        series: the journal's series by number.
    """
    given_up = GivenUp(0, 0, 0)
    kept: dict[tuple[str, str], list[Gap]] = {}
    newest: dict[tuple[str, str], tuple[int, int]] = {}
    rows = connection.execute(EXPIRED_RECORDS, (before_ns, MOST_RECORDS)).fetchall()
    for seq, site, machine, published_ns, count, body in rows:
        owner = (site, machine)
        kept.setdefault(owner, []).extend(_left(owner, published_ns, body, series))
        newest[owner] = (seq, published_ns)
        connection.execute(DELETE_RECORDS, (seq - 1, seq))
        given_up = _more(given_up, 1, count, len(body))
    for owner, gaps in kept.items():
        # In the place of the last one: what comes after it vouches for what came before.
        seq, published_ns = newest[owner]
        body = encode(Samples(), _joined(gaps))
        connection.execute(REPLACE_RECORD, (seq, *owner, published_ns, body))
        given_up = _more(given_up, -1, 0, -len(body))
    return given_up


def _more(given_up: GivenUp, records: int, values: int, size: int) -> GivenUp:
    return GivenUp(given_up.records + records, given_up.values + values, given_up.bytes + size)


def _left(
    owner: tuple[str, str], published_ns: int, body: bytes, series: dict[int, Series]
) -> Iterator[Gap]:
    """Yield the gaps of a record and those that its values and events leave."""
    try:
        content = decode(body, series)
    except RecordCorrupt:
        start_ns = published_ns - UNKNOWN_BEFORE_NS
        yield Gap(*owner, None, start_ns, published_ns, Cause.JOURNAL_DAMAGED)
        return
    yield from content.gaps
    if times := _source_times(content):
        yield Gap(*owner, None, min(times) - 1, max(times), _CAUSE)
    if times := [event.time_ns for event in content.events]:
        yield Gap(*owner, EVENTS, min(times) - 1, max(times), _CAUSE)


def _source_times(content: Content) -> list[int]:
    samples = (*content.samples, *(each.sample for each in content.refused))
    return [sample.source_time_ns for sample in samples]


def _joined(gaps: Sequence[Gap]) -> list[Gap]:
    """Return gaps with one in place of those that values given up together left."""
    others = [gap for gap in gaps if gap.cause != _CAUSE]
    spans: dict[str | None, Gap] = {}
    for gap in gaps:
        if gap.cause == _CAUSE:
            first = spans.get(gap.tag, gap)
            start, end = min(first.start_ns, gap.start_ns), max(first.end_ns, gap.end_ns)
            spans[gap.tag] = Gap(gap.site, gap.machine, gap.tag, start, end, _CAUSE)
    return [*others, *spans.values()]
