"""A batch as columns is the same samples to every store, only cheaper for the embedded one."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotline_historian import Historian, HistorianUnavailable, Sample, Series, Value
from pilotline_historian.columns import NO_TIME, Columns, Kind
from pilotline_historian.embedded import EmbeddedHistorian, inbox
from pilotline_historian.influxdb.line_protocol import LineEncoder
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS, TEXT_BYTES
from pilotline_historian.sample_columns import SampleColumns
from tests.historian.samples import BAD, MILL, NOON_NS, OVEN, at, each_second, same

AGES = (FIRST_TIME_NS, LAST_TIME_NS + 1)
IDLE = Series("aarhus", "oven-2", "never_written")
NAMES = (MILL, IDLE, OVEN)

_sample = st.builds(
    at,
    st.integers(0, 50),
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(),
        st.sampled_from(["Idle", "Execute", ""]),
    ),
    series=st.sampled_from([MILL, OVEN]),
    status=st.sampled_from([0, BAD]),
    server_time_ns=st.none() | st.integers(NOON_NS, NOON_NS + 50),
)


def as_columns(samples: Sequence[Sample]) -> SampleColumns:
    """Return samples as an edge hands them over."""
    texts: list[str] = []
    kinds, bits = [], []
    for sample in samples:
        kind, word = _stored(sample.value, texts)
        kinds.append(kind)
        bits.append(word)
    servers = [sample.server_time_ns for sample in samples]
    columns = Columns(
        np.array([sample.source_time_ns for sample in samples], np.int64),
        np.array(kinds, np.uint8),
        np.array(bits, np.uint64).view(np.int64),
        np.array([sample.status for sample in samples], np.uint32),
        np.array([NO_TIME if server is None else server for server in servers], np.int64),
        texts,
    )
    places = np.array([NAMES.index(sample.series) for sample in samples], np.int64)
    return SampleColumns(NAMES, places, columns)


def _stored(value: Value | None, texts: list[str]) -> tuple[Kind, int]:
    if value is None:
        return Kind.NONE, 0
    if isinstance(value, bool):
        return Kind.BOOL, int(value)
    if isinstance(value, int):
        return (Kind.UINT if value >= 2**63 else Kind.INT), value % 2**64
    if isinstance(value, float):
        return Kind.FLOAT, int(np.float64(value).view(np.uint64))
    texts.append(value)
    return Kind.TEXT, len(texts) - 1


@settings(max_examples=60, deadline=None)
@given(st.lists(_sample, max_size=12))
def test_columns_are_a_sequence_of_the_samples(samples: list[Sample]) -> None:
    columns = as_columns(samples)
    assert same(list(columns), samples)
    assert len(columns) == len(samples)
    assert same([columns[place] for place in range(len(samples))], samples)
    others = [sample for sample in samples if sample.series.tag != MILL.tag]
    assert same(list(columns.without(MILL.tag)), others)
    assert same(list(columns.without("no such tag")), samples)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(_sample, min_size=1, max_size=8), min_size=1, max_size=6))
def test_what_is_written_as_columns_reads_as_if_written_as_samples(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    batches: list[list[Sample]],
) -> None:
    monkeypatch.setattr(inbox, "INBOX_PAGES", 2)
    folder = tmp_path_factory.mktemp("columns")
    one, other = (EmbeddedHistorian(folder / name) for name in ("one", "other"))
    for batch in batches:
        assert one.write(batch) == other.write(as_columns(batch))
    assert one.series() == other.series()
    assert IDLE not in other.series()
    for series in (MILL, OVEN):
        assert same(list(one.raw(series, *AGES)), list(other.raw(series, *AGES)))
        assert same(one.last([series]), other.last([series]))
    one.close()
    other.close()


def test_what_no_store_takes_is_rejected_and_the_rest_stored(embedded: Historian) -> None:
    sound = at(0, 1.5)
    faulty = [
        sound._replace(source_time_ns=LAST_TIME_NS + 1),
        sound._replace(server_time_ns=FIRST_TIME_NS - 1, source_time_ns=NOON_NS + 1),
        at(2, "x" * (TEXT_BYTES + 1)),
        at(3, "\ud800"),
    ]
    result = embedded.write(as_columns([*faulty, sound]))
    assert result.stored == 1
    assert [rejected.sample for rejected in result.rejected] == faulty
    assert list(embedded.raw(MILL, *AGES)) == [sound]


def test_a_write_that_failed_gave_no_ids(embedded: Historian) -> None:
    assert isinstance(embedded, EmbeddedHistorian)
    embedded.write(each_second([1.0]))
    batch = as_columns(each_second(map(float, range(5_000)), OVEN))
    writer = embedded._database._writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(HistorianUnavailable, match="disk is full"):
        embedded.write(batch)
    writer.execute("PRAGMA max_page_count = 1000000")
    third = Series("aarhus", "oven-2", "pressure")
    embedded.write([at(0, 3.5, series=third)])
    assert embedded.write(batch).stored == 5_000
    assert list(embedded.raw(OVEN, *AGES)) == list(batch)
    assert [sample.value for sample in embedded.raw(third, *AGES)] == [3.5]


@given(st.lists(_sample | st.builds(at, st.sampled_from([0, 1]), st.floats()), max_size=12))
def test_columns_become_the_lines_that_their_samples_become(samples: list[Sample]) -> None:
    encoder = LineEncoder()
    assert list(encoder.usual_lines(as_columns(samples))) == [None] * len(samples)
    for sample in samples:
        encoder.line(sample)
    assert list(encoder.usual_lines(as_columns(samples))) == list(encoder.usual_lines(samples))


@pytest.mark.parametrize("age_ns", [FIRST_TIME_NS - 1, LAST_TIME_NS + 1])
def test_a_time_that_no_store_takes_has_no_usual_line(age_ns: int) -> None:
    encoder = LineEncoder()
    sound = at(0, 1.5, series=MILL, server_time_ns=NOON_NS)
    batch = [sound, sound._replace(source_time_ns=age_ns), sound._replace(server_time_ns=age_ns)]
    encoder.line(sound)
    assert list(encoder.usual_lines(as_columns(batch))) == [
        encoder.line(sound).encode(),
        None,
        None,
    ]


@given(st.lists(_sample, min_size=1, max_size=8), st.data())
def test_some_rows_are_read_without_the_others(samples: list[Sample], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(samples) - 1), max_size=8))
    picked = as_columns(samples).pick(rows)
    assert all(same(a, samples[row]) for a, row in zip(picked, rows, strict=True))
