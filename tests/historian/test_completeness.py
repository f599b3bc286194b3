"""The ledger says of each tag how much is covered, and owns up to what nobody knows."""

from collections.abc import Iterator
from random import Random

import pytest

from pilotline_historian import COVERED, Gap, Historian, Series, open_historian
from pilotline_historian.completeness import Completeness, ledger
from tests.historian.influxd import Influxd
from tests.historian.samples import MILL, NOON_NS, OVEN, SECOND_NS, at

FEED = Series(MILL.site, MILL.machine, "feed_rate")


def _write(historian: Historian, series: Series, *seconds: float) -> None:
    historian.write([at(round(each * SECOND_NS), each, series=series) for each in seconds])


def _gap(start_s: int, end_s: int, cause: str = "connection-lost", tag: str | None = None) -> Gap:
    start_ns, end_ns = NOON_NS + start_s * SECOND_NS, NOON_NS + end_s * SECOND_NS
    return Gap(MILL.site, MILL.machine, tag, start_ns, end_ns, cause)


def _of(historian: Historian, series: Series, start_s: int = 0, end_s: int = 100) -> Completeness:
    (found,) = ledger(
        historian, [series], NOON_NS + start_s * SECOND_NS, NOON_NS + end_s * SECOND_NS
    )
    return found


def _missing_s(entry: Completeness) -> dict[str, float]:
    return {cause: lost / SECOND_NS for cause, lost in entry.missing_ns.items()}


class Promises:
    """Each subclass gives a store as `historian`."""

    def test_what_is_declared_is_missing_and_all_else_is_covered(
        self, historian: Historian
    ) -> None:
        _write(historian, MILL, -5, 3, 99, 100)
        historian.write_gaps(
            [
                _gap(10, 30),
                _gap(20, 35, "queue-overflow", MILL.tag),
                _gap(60, 61, "agent-stopped"),
                _gap(-10, 1),
                _gap(98, 120, tag="another tag"),
            ]
        )
        entry = _of(historian, MILL)
        assert _missing_s(entry) == {
            "connection-lost": 21.0,
            "queue-overflow": 5.0,
            "agent-stopped": 1.0,
        }
        assert entry.covered_share == pytest.approx(0.73)
        assert [(gap.end_ns - gap.start_ns) / SECOND_NS for gap in entry.gaps] == [1, 20, 15, 1]
        assert entry.longest_ns == 20 * SECOND_NS
        assert entry.first_ns == NOON_NS + 3 * SECOND_NS
        assert entry.last_ns == NOON_NS + 99 * SECOND_NS

    def test_a_value_that_never_changes_is_covered_while_its_machine_is_heard_of(
        self, historian: Historian
    ) -> None:
        _write(historian, MILL, -50)
        _write(historian, FEED, 0, 50, 100)
        entry = _of(historian, MILL)
        assert (entry.covered_share, entry.first_ns, entry.last_ns) == (1.0, None, None)

    def test_what_follows_the_newest_sample_of_a_machine_is_not_called_covered(
        self, historian: Historian
    ) -> None:
        _write(historian, MILL, 0, 20)
        _write(historian, FEED, 0, 40)
        _write(historian, OVEN, 0, 100)
        assert _missing_s(_of(historian, MILL)) == {"not-heard-of": 60.0}
        assert _missing_s(_of(historian, OVEN)) == {}
        historian.write_gaps([_gap(40, 90)])
        assert _missing_s(_of(historian, MILL)) == {"connection-lost": 50.0, "not-heard-of": 10.0}

    def test_where_an_edge_vouches_for_a_machine_its_word_counts(
        self, historian: Historian
    ) -> None:
        _write(historian, MILL, 0, 100)
        _write(historian, Series(MILL.site, MILL.machine, COVERED), 10, 70)
        assert _missing_s(_of(historian, MILL)) == {"not-heard-of": 30.0}
        _write(historian, Series(MILL.site, MILL.machine, COVERED), 110)
        assert _missing_s(_of(historian, MILL)) == {}

    def test_what_precedes_a_tags_first_sample_is_not_called_covered(
        self, historian: Historian
    ) -> None:
        _write(historian, MILL, 25, 100)
        _write(historian, FEED, -5, 100)
        assert _missing_s(_of(historian, MILL)) == {"not-recorded": 25.0}
        assert _missing_s(_of(historian, FEED)) == {}
        assert _of(historian, MILL, 0, 20).covered_ns == 0
        assert _of(historian, Series("x", "y", "z")).covered_ns == 0

    def test_a_sample_at_the_very_start_covers_from_there(self, historian: Historian) -> None:
        _write(historian, MILL, 0, 100)
        assert _of(historian, MILL).covered_share == 1.0

    def test_each_instant_is_missing_once_however_gaps_overlap(self, historian: Historian) -> None:
        random = Random(3)
        _write(historian, MILL, -1, 100)
        starts = random.sample(range(100), 12)
        gaps = [_gap(a, a + random.randint(1, 30), f"cause-{a % 3}") for a in starts]
        historian.write_gaps(gaps)
        entry = _of(historian, MILL)
        hidden = sum(
            any(gap.start_ns <= NOON_NS + i * SECOND_NS < gap.end_ns for gap in gaps)
            for i in range(100)
        )
        assert sum(_missing_s(entry).values()) == hidden
        assert entry.covered_ns == (100 - hidden) * SECOND_NS


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


def test_an_empty_interval_is_refused(embedded: Historian) -> None:
    with pytest.raises(ValueError, match="is empty"):
        _of(embedded, MILL, 5, 5)
