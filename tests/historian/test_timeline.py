"""When a tag had which value, and when nobody knows: the same over every back end."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random

import pytest

from pilotline_historian import COVERED, Gap, Historian, Sample, Series, Value, open_historian
from pilotline_historian.nearest import last_before
from pilotline_historian.timeline import StateInterval, state_timeline
from tests.historian.influxd import Influxd
from tests.historian.samples import BAD, MILL, NOON_NS, OVEN, SECOND_NS, UNCERTAIN, at, same

DAY_NS = 86_400 * SECOND_NS


def _gap(start_s: float, end_s: float, tag: str | None = None, cause: str = "lost") -> Gap:
    return Gap(
        MILL.site,
        MILL.machine,
        tag,
        NOON_NS + round(start_s * SECOND_NS),
        NOON_NS + round(end_s * SECOND_NS),
        cause,
    )


def _s(offset_s: float, value: Value | None, status: int = 0) -> Sample:
    return at(round(offset_s * SECOND_NS), value, status=status)


def _told(historian: Historian, start_s: float, end_s: float) -> list[tuple[object, ...]]:
    """Return the timeline in seconds after noon."""
    start_ns, end_ns = (NOON_NS + round(each * SECOND_NS) for each in (start_s, end_s))
    return [
        (
            (each.start_ns - NOON_NS) / SECOND_NS,
            (each.end_ns - NOON_NS) / SECOND_NS,
            each.value if each.unknown is None else each.unknown,
        )
        for each in state_timeline(historian, MILL, start_ns, end_ns)
    ]


def _at(intervals: list[StateInterval], time_ns: int) -> StateInterval:
    (found,) = [each for each in intervals if each.start_ns <= time_ns < each.end_ns]
    return found


class Promises:
    """Each subclass gives a store as `historian`."""

    def test_a_value_counts_until_another_one_comes(self, historian: Historian) -> None:
        historian.write([_s(1, 4), _s(2, 4), _s(5, 6), _s(9, 4)])
        assert _told(historian, 0, 10) == [(0, 1, "no-sample"), (1, 5, 4), (5, 9, 6), (9, 10, 4)]
        assert _told(historian, 3, 7) == [(3, 5, 4), (5, 7, 6)]
        assert _told(historian, 5, 5) == []
        assert _told(historian, 5, 5.5) == [(5, 5.5, 6)]

    def test_a_gap_is_unknown_and_the_newest_value_counts_after_it(
        self, historian: Historian
    ) -> None:
        historian.write([_s(0, 4), _s(6, 9), _s(20, 4)])
        historian.write_gaps(
            [
                _gap(2, 8, cause="connection-lost"),
                _gap(7, 10, MILL.tag, cause="queue-overflow"),
                _gap(12, 13, "another tag"),
                Gap("odense", MILL.machine, None, NOON_NS, NOON_NS + 99 * SECOND_NS, "lost"),
            ]
        )
        assert _told(historian, 0, 30) == [
            (0, 2, 4),
            (2, 8, "connection-lost"),
            (8, 10, "queue-overflow"),
            (10, 20, 9),
            (20, 30, 4),
        ]
        assert _told(historian, 3, 4) == [(3, 4, "connection-lost")]

    def test_a_bad_or_missing_value_is_unknown_and_an_uncertain_one_counts(
        self, historian: Historian
    ) -> None:
        historian.write([_s(0, 4), _s(1, 5, BAD), _s(2, None), _s(3, 6, UNCERTAIN), _s(4, 6)])
        assert _told(historian, 0, 5) == [(0, 1, 4), (1, 3, "bad-quality"), (3, 5, 6)]

    def test_a_state_is_not_believed_when_the_edge_has_been_silent(
        self, historian: Historian
    ) -> None:
        covered = Series(MILL.site, MILL.machine, COVERED)
        historian.write([_s(0, 4), at(20 * SECOND_NS, 0, series=covered)])
        assert _told(historian, 0, 45) == [(0, 45, 4)]
        assert _told(historian, 0, 90) == [(0, 20, 4), (20, 90, "not-heard-of")]
        historian.write([_s(40, 6)])
        assert _told(historian, 0, 90) == [(0, 40, 4), (40, 90, "not-heard-of")]
        historian.write_gaps([_gap(40, 70)])
        assert _told(historian, 0, 90) == [(0, 40, 4), (40, 70, "lost"), (70, 90, 6)]
        assert _told(historian, 0, 110) == [
            (0, 40, 4),
            (40, 70, "lost"),
            (70, 110, "not-heard-of"),
        ]

    def test_values_of_other_types_are_other_values(self, historian: Historian) -> None:
        nan = float("nan")
        values: list[Value] = [1, 1.0, True, "1", nan, nan]
        historian.write([_s(i, value) for i, value in enumerate(values)])
        start_ns = NOON_NS
        found = list(state_timeline(historian, MILL, start_ns, NOON_NS + 9 * SECOND_NS))
        assert same([each.value for each in found], [1, 1.0, True, "1", nan])

    def test_the_value_from_long_before_is_found(self, historian: Historian) -> None:
        historian.write([_s(-400 * 86_400, 3), _s(-399 * 86_400, 4), _s(50, 5)])
        historian.write([at(0, 21.5, series=OVEN)])
        assert _told(historian, 0, 10) == [(0, 10, 4)]
        assert _told(historian, 60, 61) == [(60, 61, 5)]

    def test_a_timeline_is_what_looking_at_each_instant_tells(self, historian: Historian) -> None:
        random = Random(7)
        samples = [
            _s(i, random.choice([1, 2, 2, 3, None])) for i in sorted(random.sample(range(300), 90))
        ]
        gaps = [_gap(a, a + random.randint(1, 25)) for a in random.sample(range(300), 9)]
        historian.write(samples)
        historian.write_gaps(gaps)
        start_ns, end_ns = NOON_NS + 40 * SECOND_NS, NOON_NS + 290 * SECOND_NS
        found = list(state_timeline(historian, MILL, start_ns, end_ns))
        assert (found[0].start_ns, found[-1].end_ns) == (start_ns, end_ns)
        assert all(one.end_ns == other.start_ns for one, other in pairwise(found))
        assert all(one[2:] != other[2:] for one, other in pairwise(found))
        for second in range(40, 290):
            _, _, value, unknown = _at(found, NOON_NS + second * SECOND_NS)
            hidden = any(gap.start_ns <= NOON_NS + second * SECOND_NS < gap.end_ns for gap in gaps)
            newest = [
                each for each in samples if each.source_time_ns <= NOON_NS + second * SECOND_NS
            ]
            expected = None if hidden or not newest else newest[-1].value
            assert value == expected
            assert (unknown is not None) == (value is None)


class TestEmbedded(Promises):
    """One SQLite file."""

    @pytest.fixture
    def historian(self, embedded: Historian) -> Historian:
        return embedded


@pytest.mark.real_influxdb
class TestInfluxDB(Promises):
    """A real InfluxDB 1.6."""

    @pytest.fixture
    def historian(self, influxd: Influxd) -> Iterator[Historian]:
        historian = open_historian(influxd.fresh_url())
        yield historian
        historian.close()


def test_the_newest_sample_before_an_instant_is_found_by_few_looks(
    embedded: Historian, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = [_s(i * 0.1, i) for i in range(20_000)]
    embedded.write(dense)
    embedded.write([_s(400 * 86_400, 0)])
    looks: list[int] = []
    raw = embedded.raw

    def watched(series: Series, start_ns: int, end_ns: int) -> Iterator[Sample]:
        looks.append(start_ns)
        return raw(series, start_ns, end_ns)

    monkeypatch.setattr(embedded, "raw", watched)
    for before_ns, expected in (
        (NOON_NS + 300 * DAY_NS, dense[-1]),
        (dense[777].source_time_ns, dense[776]),
        (dense[777].source_time_ns + 1, dense[777]),
    ):
        looks.clear()
        assert last_before(embedded, MILL, before_ns) == expected
        assert len(looks) < 70
    assert last_before(embedded, MILL, NOON_NS) is None
    assert last_before(embedded, OVEN, NOON_NS) is None
