"""What every historian promises, whichever store is behind it."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilotline_historian import (
    ConditionState,
    Gap,
    Historian,
    Sample,
    Series,
    Value,
    Withdrawal,
    open_historian,
)
from pilotline_historian.grid import Grid
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from tests.historian.influxd import Influxd
from tests.historian.samples import (
    BAD,
    MILL,
    NOON_NS,
    OVEN,
    SECOND_NS,
    UNCERTAIN,
    a_note,
    an_event,
    assert_same_buckets,
    at,
    each_second,
    expected_buckets,
    same,
)

AGES = (FIRST_TIME_NS, LAST_TIME_NS + 1)
ONE_HISTORIAN_FOR_ALL_EXAMPLES = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)

VALUES: list[Value | None] = [
    True,
    False,
    0,
    1,
    -1,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64 - 1,
    -(2**63),
    0.0,
    -0.0,
    1.0,
    0.1,
    5e-324,
    1.7976931348623157e308,
    -1e22,
    math.nan,
    math.inf,
    -math.inf,
    None,
    "",
    "Execute",
    "two\nlines\r\n, \"quoted\" \\ = 'single' \\n \t\x00 æøå 🙂",
    "\\",
    '"',
    "5i",
    "true",
]

_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(max_size=40),
)
_names = st.text(min_size=1, max_size=12)
_statuses = st.one_of(st.just(0), st.integers(0, 2**32 - 1))
_offsets = st.integers(0, 60 * SECOND_NS)
_rows = st.lists(
    st.tuples(_offsets, _values, _statuses, st.one_of(st.none(), _offsets)),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[0],
)
_numbers = count()


def _all(historian: Historian, series: Series = MILL) -> list[Sample]:
    return list(historian.raw(series, *AGES))


class Behaviour:
    """The promises; each subclass gives a store as `historian`."""

    def test_a_value_comes_back_with_its_own_type(self, historian: Historian) -> None:
        samples = each_second(VALUES)
        assert historian.write(samples).stored == len(samples)
        assert same(_all(historian), samples)

    @ONE_HISTORIAN_FOR_ALL_EXAMPLES
    @given(machine=_names, tag=_names, rows=_rows)
    def test_any_name_value_status_and_time_comes_back_as_written(
        self,
        historian: Historian,
        machine: str,
        tag: str,
        rows: list[tuple[int, Value | None, int, int | None]],
    ) -> None:
        series = Series(f"site {next(_numbers)}", machine, tag)
        samples = [
            at(offset, value, series=series, status=status, server_time_ns=server)
            for offset, value, status, server in rows
        ]
        result = historian.write(samples)
        assert result.rejected == ()
        ordered = sorted(samples, key=lambda sample: sample.source_time_ns)
        assert same(_all(historian, series), ordered)
        assert same(historian.last([series]), {series: ordered[-1]})
        assert series in historian.series()

    def test_a_sample_written_twice_is_stored_once(self, historian: Historian) -> None:
        samples = each_second([1.5, 2.5, 3.5])
        historian.write(samples)
        historian.write([*samples, samples[0], samples[0]])
        assert _all(historian) == samples

    @pytest.mark.parametrize("second", [2.5, 7, "text", True, math.nan])
    def test_of_two_values_at_one_time_the_later_written_stays(
        self, historian: Historian, second: Value
    ) -> None:
        historian.write([at(0, 1.5)])
        historian.write([at(0, second, status=UNCERTAIN)])
        assert same(_all(historian), [at(0, second, status=UNCERTAIN)])
        assert same(historian.last([MILL])[MILL].value, second)

    def test_late_samples_take_their_place(self, historian: Historian) -> None:
        samples = each_second(range(20))
        for part in (samples[10:], samples[5:10], samples[:3], samples[3:5]):
            historian.write(part[::-1])
        assert _all(historian) == samples
        assert historian.last([MILL]) == {MILL: samples[-1]}

    def test_an_interval_has_its_start_and_not_its_end(self, historian: Historian) -> None:
        samples = each_second(range(5))
        historian.write(samples)
        assert (
            list(historian.raw(MILL, NOON_NS + SECOND_NS, NOON_NS + 3 * SECOND_NS))
            == (samples[1:3])
        )
        assert list(historian.raw(MILL, NOON_NS + 1, NOON_NS + SECOND_NS)) == []
        assert list(historian.raw(MILL, NOON_NS + SECOND_NS, NOON_NS)) == []

    def test_a_fresh_historian_is_empty(self, historian: Historian) -> None:
        assert historian.series() == []
        assert _all(historian) == []
        assert historian.buckets(MILL, NOON_NS, NOON_NS + SECOND_NS, 10) == []
        assert historian.last([MILL]) == {}
        assert historian.last([]) == {}
        assert historian.gaps(None, *AGES) == []
        assert list(historian.events(None, *AGES)) == []
        assert historian.write([]).stored == 0
        historian.write_gaps([])
        assert historian.write_events([]) == ()

    def test_series_are_listed_in_order_and_kept_apart(self, historian: Historian) -> None:
        historian.write([at(0, 21.5, series=OVEN), at(0, 900, series=MILL)])
        assert historian.series() == [MILL, OVEN]
        assert _all(historian, OVEN) == [at(0, 21.5, series=OVEN)]
        assert historian.last([OVEN, MILL, Series("x", "y", "z")]) == {
            MILL: at(0, 900, series=MILL),
            OVEN: at(0, 21.5, series=OVEN),
        }

    def test_the_last_values_of_many_series_come_at_once(self, historian: Historian) -> None:
        series = [Series("aarhus", f"mill-{i % 7}", f"tag {i}") for i in range(250)]
        historian.write([at(i, i, series=one) for i, one in enumerate(series)])
        assert historian.last(series) == {one: at(i, i, series=one) for i, one in enumerate(series)}

    @pytest.mark.parametrize(
        ("sample", "reason"),
        [
            (at(0, 2**64), "64 bits"),
            (at(0, -(2**63) - 1), "64 bits"),
            (at(0, "x" * 65_536), "65536 bytes"),
            (at(0, "\ud800"), "Unicode"),
            (at(0, 1, status=2**32), "status"),
            (at(0, 1, status=-1), "status"),
            (at(0, 1, series=Series("", "m", "t")), "site id"),
            (at(0, 1, series=Series("s", "m", "t" * 1_025)), "tag id"),
            (at(0, 1, series=Series("s", "\udfff", "t")), "machine id"),
            (Sample(MILL, 2**63, 1, 0, None), "source time"),
            (Sample(MILL, -(2**63), 1, 0, None), "source time"),
            (at(0, 1, server_time_ns=2**64), "server time"),
            (at(0, b"bytes"), "type bytes"),  # type: ignore[arg-type]
        ],
    )
    def test_what_no_store_can_hold_is_rejected_alone(
        self, historian: Historian, sample: Sample, reason: str
    ) -> None:
        others = each_second([1.5, "a", 3])
        result = historian.write([others[0], sample, *others[1:]])
        assert result.stored == 3
        (rejected,) = result.rejected
        assert rejected.sample == sample
        assert reason in rejected.reason
        assert _all(historian) == others

    def test_numbers_of_numpy_are_kept_as_plain_ones(self, historian: Historian) -> None:
        import numpy as np

        historian.write([at(0, np.float64(0.1))])
        assert same(_all(historian), [at(0, 0.1)])

    def test_more_samples_than_one_answer_holds_are_read_in_order(
        self, historian: Historian
    ) -> None:
        samples = each_second(i * 0.5 for i in range(25_000))
        for first in range(0, len(samples), 5_000):
            historian.write(samples[first : first + 5_000])
        assert _all(historian) == samples

    def test_buckets_are_what_the_raw_samples_reduce_to(self, historian: Historian) -> None:
        values: list[Value | None] = [
            [i * 0.25, i, math.nan, None, math.inf, "text", True, -i * 0.5][i * i % 8]
            for i in range(400)
        ]
        statuses = [0 if i % 5 else BAD for i in range(400)]
        samples = [
            at(i * 700_000_003, value, status=status)
            for i, (value, status) in enumerate(zip(values, statuses, strict=True))
        ]
        historian.write(samples)
        end_ns = samples[-1].source_time_ns + 1
        for start_ns, points in ((NOON_NS, 10), (NOON_NS + 999, 7), (NOON_NS, 1), (NOON_NS, 500)):
            grid = Grid.over(start_ns, end_ns, points)
            inside = [sample for sample in samples if sample.source_time_ns >= start_ns]
            expected = expected_buckets(inside, grid)
            found = historian.buckets(MILL, start_ns, end_ns, points)
            assert len(found) <= points
            assert_same_buckets(found, expected)

    def test_bad_values_are_in_no_bucket(self, historian: Historian) -> None:
        historian.write([at(0, 10.0, status=BAD), at(1, 20.0, status=UNCERTAIN), at(2, None)])
        assert historian.buckets(MILL, NOON_NS, NOON_NS + 10, 1) == []
        historian.write([at(3, 30.0)])
        (bucket,) = historian.buckets(MILL, NOON_NS, NOON_NS + 10, 1)
        assert bucket == (NOON_NS, 30.0, 30.0, 30.0, 30.0, 1)

    def test_a_bucket_whose_sum_overflows_has_no_mean(self, historian: Historian) -> None:
        historian.write(each_second([1.7e308, 1.7e308, 1.0]))
        (bucket,) = historian.buckets(MILL, NOON_NS, NOON_NS + 3 * SECOND_NS, 1)
        assert bucket == (NOON_NS, 1.0, 1.7e308, None, 1.0, 3)

    def test_buckets_need_a_positive_number_of_points(self, historian: Historian) -> None:
        with pytest.raises(ValueError, match="points is 0"):
            historian.buckets(MILL, NOON_NS, NOON_NS + 1, 0)
        assert historian.buckets(MILL, NOON_NS, NOON_NS, 10) == []

    def test_gaps_that_touch_the_interval_are_found(self, historian: Historian) -> None:
        whole = Gap("aarhus", "mill-1", None, NOON_NS, NOON_NS + 100, "agent-stopped")
        one = Gap("aarhus", "mill-1", "spindle speed", NOON_NS + 50, NOON_NS + 60, 'queue, "x"\\')
        other = Gap("aarhus", "oven-2", None, NOON_NS + 10, NOON_NS + 10, "connection-lost")
        historian.write_gaps([one, other, whole])
        assert historian.gaps("mill-1", *AGES) == [whole, one]
        assert historian.gaps(None, *AGES) == [whole, other, one]
        assert historian.gaps(None, NOON_NS + 100, NOON_NS + 200) == []
        assert historian.gaps(None, NOON_NS - 10, NOON_NS) == []
        assert historian.gaps(None, NOON_NS + 10, NOON_NS + 11) == [whole, other]
        assert historian.gaps("oven-2", NOON_NS + 11, NOON_NS + 12) == []
        assert historian.gaps("mill-1", NOON_NS + 99, NOON_NS + 100) == [whole]

    def test_a_gap_written_again_only_moves_its_end(self, historian: Historian) -> None:
        gap = Gap("aarhus", "mill-1", None, NOON_NS, NOON_NS + 100, "connection-lost")
        longer = Gap("aarhus", "mill-1", None, NOON_NS, NOON_NS + 900, "connection-lost")
        historian.write_gaps([gap])
        historian.write_gaps([gap, longer])
        assert historian.gaps("mill-1", *AGES) == [longer]

    def test_events_come_back_as_written_in_the_order_of_their_times(
        self, historian: Historian
    ) -> None:
        events = [
            an_event(3, event_id="0c", message="plain"),
            an_event(1, event_id="0a", message="two\nlines, \"quoted\" \\ = 'x' <script> 🙂"),
            an_event(
                2,
                event_id="0b",
                condition=ConditionState("ns=1;i=7", 'Over, "hot"', True, False, None, True),
            ),
            an_event(2, event_id="0d", received_ns=None, machine='oven 2, "x"\\\n%'),
            an_event(0, event_id="09", severity=1_000, source_name="", message=""),
        ]
        assert historian.write_events(events) == ()
        ordered = sorted(events, key=lambda event: event.order)
        assert list(historian.events(None, *AGES)) == ordered
        assert [event.event_id for event in historian.events("mill-1", *AGES)] == [
            "09",
            "0a",
            "0b",
            "0c",
        ]
        assert list(historian.events("mill-1", NOON_NS + 1, NOON_NS + 2)) == [events[1]]
        assert list(historian.events("mill-1", NOON_NS + 4, NOON_NS + 2 * SECOND_NS)) == []

    def test_events_of_one_instant_are_all_kept_and_each_once(self, historian: Historian) -> None:
        events = [an_event(5, event_id=f"{number:08x}") for number in range(2_500)]
        for first in range(0, len(events), 500):
            historian.write_events(events[first : first + 500])
        historian.write_events(events[:700])
        assert list(historian.events(None, *AGES)) == events

    def test_more_events_than_one_answer_holds_are_read_in_order(
        self, historian: Historian
    ) -> None:
        events = [an_event(i // 3 * 400_000, event_id=f"{i:08x}") for i in range(12_000)]
        for first in range(0, len(events), 3_000):
            historian.write_events(events[first : first + 3_000])
        assert list(historian.events("mill-1", *AGES)) == events

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ({"severity": 0}, "severity 0"),
            ({"severity": 1_001}, "severity 1001"),
            ({"machine": ""}, "machine id"),
            ({"event_id": ""}, "event id"),
            ({"type_name": "x" * 1_025}, "event type"),
            ({"message": "x" * 65_536}, "message has 65536 bytes"),
            ({"message": "\ud800"}, "Unicode"),
            ({"offset_ns": 2**63}, "time"),
            ({"received_ns": 2**63}, "receive time"),
            ({"condition": ConditionState("", "a", None, None, None, False)}, "condition id"),
        ],
    )
    def test_an_event_that_no_store_can_hold_is_rejected_alone(
        self, historian: Historian, fault: dict[str, Any], reason: str
    ) -> None:
        good, bad = an_event(0, event_id="0a"), an_event(**{"offset_ns": 1, **fault})
        (rejected,) = historian.write_events([bad, good])
        assert rejected.event == bad
        assert reason in rejected.reason
        assert list(historian.events(None, *AGES)) == [good]

    def test_notes_come_back_as_written_by_start(self, historian: Historian) -> None:
        whole = a_note(0, 100, note="0a", text="two\nlines, \"quoted\" \\ = 'x' <script> 🙂")
        one = a_note(50, 50, note="0b", tag='spindle, "speed"', author="b, c=d \\ 'e' %")
        other = a_note(10, 20, note="0c", machine='oven 2, "x"\\\n%')
        for note in (one, other, whole, whole):
            historian.annotate(note)
        assert historian.annotations(None, *AGES) == [whole, other, one]
        assert historian.annotations("mill-1", *AGES) == [whole, one]
        assert historian.annotations(None, NOON_NS + 100, NOON_NS + 200) == []
        assert historian.annotations(None, NOON_NS + 20, NOON_NS + 50) == [whole]
        assert historian.annotations(None, NOON_NS + 50, NOON_NS + 51) == [whole, one]
        assert historian.annotations(None, NOON_NS - 10, NOON_NS) == []

    def test_a_withdrawn_note_stays_with_who_withdrew_it_first(self, historian: Historian) -> None:
        notes = [a_note(0, 100, note="0a"), a_note(0, 100, note="0b", text="probe out")]
        for note in notes:
            historian.annotate(note)
        taken_back = Withdrawal('bo, "b"\\', NOON_NS + 500)
        assert historian.withdraw("0a", taken_back) is True
        assert historian.withdraw("0a", Withdrawal("eve", NOON_NS + 900)) is False
        assert historian.withdraw("0' OR ''='", Withdrawal("eve", NOON_NS + 900)) is False
        assert historian.annotations("mill-1", *AGES) == notes[1:]
        kept = [replace(notes[0], withdrawal=taken_back), notes[1]]
        assert historian.annotations("mill-1", *AGES, withdrawn=True) == kept
        historian.annotate(notes[0])
        assert historian.annotations("mill-1", *AGES, withdrawn=True) == kept

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ({"text": ""}, "text has 0 bytes"),
            ({"text": "æ" * 4_097}, "text has 8194 bytes"),
            ({"text": "\ud800"}, "Unicode"),
            ({"author": ""}, "author"),
            ({"note": ""}, "note id"),
            ({"machine": ""}, "machine id"),
            ({"tag": ""}, "tag id"),
            ({"start_ns": 101}, "end lies before start"),
            ({"end_ns": 2**63}, "end"),
        ],
    )
    def test_a_note_that_no_store_can_hold_is_refused(
        self, historian: Historian, fault: dict[str, Any], reason: str
    ) -> None:
        with pytest.raises(ValueError, match=reason):
            historian.annotate(a_note(**{"start_ns": 0, "end_ns": 100, **fault}))
        with pytest.raises(ValueError, match="withdrawn later"):
            historian.annotate(replace(a_note(0, 1), withdrawal=Withdrawal("bo", NOON_NS)))
        with pytest.raises(ValueError, match="name has 0 bytes"):
            historian.withdraw("7c1f", Withdrawal("", NOON_NS))
        assert historian.annotations(None, *AGES, withdrawn=True) == []

    def test_threads_may_share_it(self, historian: Historian) -> None:
        series = [Series("aarhus", "mill-1", f"tag-{i}") for i in range(4)]

        def write_and_read(one: Series) -> list[Sample]:
            for first in range(0, 200, 20):
                historian.write([at(first + i, i, series=one) for i in range(20)])
                historian.last(series)
            return _all(historian, one)

        with ThreadPoolExecutor(4) as threads:
            for one, samples in zip(series, threads.map(write_and_read, series), strict=True):
                assert [sample.source_time_ns - NOON_NS for sample in samples] == list(range(200))
                assert {sample.series for sample in samples} == {one}


class TestEmbedded(Behaviour):
    """One SQLite file."""

    @pytest.fixture
    def historian(self, tmp_path: Path) -> Iterator[Historian]:
        historian = open_historian(f"sqlite:///{tmp_path}/historian.sqlite")
        yield historian
        historian.close()


@pytest.mark.real_influxdb
class TestInfluxDB(Behaviour):
    """A real InfluxDB 1.6."""

    @pytest.fixture
    def historian(self, influxd: Influxd) -> Iterator[Historian]:
        historian = open_historian(influxd.fresh_url())
        yield historian
        historian.close()
