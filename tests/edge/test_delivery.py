"""The columns that are delivered are, value for value, what the journal's records hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_edge.errors import RecordCorrupt
from pilotline_edge.journal import Samples
from pilotline_edge.journal.decoding import content_of, decode_rows
from pilotline_edge.journal.delivery import Delivery, SeriesTable
from pilotline_edge.journal.record import encode
from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Sample, Series, Value

BY_NUMBER = {
    number: Series("aarhus", "mill-1", name)
    for number, name in ((2, "speed"), (5, "state"), (9, "note"))
}

_value: st.SearchStrategy[Value | Unsupported | None] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(max_size=5),
    st.just(Unsupported("array of Double")),
)
_row = st.tuples(
    st.sampled_from(sorted(BY_NUMBER)),
    st.integers(0, 2**62),
    st.none() | st.integers(0, 2**62),
    st.integers(0, 2**32 - 1),
    _value | st.floats(),
)


def _record(rows: list[tuple[int, int, int | None, int, Value | Unsupported | None]]) -> bytes:
    samples = Samples()
    for number, source_ns, server_ns, status, value in rows:
        samples.series.append(number)
        samples.source_ns.append(source_ns)
        samples.server_ns.append(server_ns)
        samples.statuses.append(status)
        samples.values.append(value)
    return encode(samples, [])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(_row, min_size=1, max_size=12), max_size=5))
def test_any_records_joined_are_the_values_of_each_in_order(
    records: list[list[tuple[int, int, int | None, int, Value | Unsupported | None]]],
) -> None:
    delivery = Delivery(SeriesTable(BY_NUMBER))
    expected: list[Sample] = []
    for rows in map(decode_rows, map(_record, records)):
        expected += content_of(rows, BY_NUMBER).samples
        delivery.add(rows if rows.plain else rows.sound())
    # By their words, so that NaN is itself and 1, 1.0 and True are not.
    assert repr(list(delivery.samples())) == repr(expected)
    assert len(delivery) == len(expected)


def test_a_record_of_an_unknown_series_adds_nothing() -> None:
    delivery = Delivery(SeriesTable(BY_NUMBER))
    for number in (1, 4_000_000_000):
        with pytest.raises(RecordCorrupt, match="does not know"):
            delivery.add(decode_rows(_record([(2, 1, None, 0, 1.0), (number, 2, None, 0, 2.0)])))
    assert len(delivery) == len(delivery.samples()) == 0
