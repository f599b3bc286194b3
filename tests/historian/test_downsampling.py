"""The server reduces samples by minute and hour for others; Pilotline's own answers stay exact."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from pilotline.commands.historian import app
from pilotline_historian import (
    Historian,
    HistorianRefused,
    Sample,
    Series,
    Value,
    open_historian,
)
from pilotline_historian.influxdb import InfluxHistorian, continuous_queries
from pilotline_historian.influxdb.server import Address, Server
from tests.historian.influx_write import Answer, Endpoint, write_endpoint
from tests.historian.influxd import Influxd
from tests.historian.samples import BAD, MILL, SECOND_NS

MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
MONDAY_NS = 1_790_000_000_000_000_000 // HOUR_NS * HOUR_NS


class Reduced:
    """A 1.6 server whose reductions can be looked at."""

    def __init__(self, influxd: Influxd) -> None:
        url = influxd.fresh_url()
        self.database = url.rpartition("/")[2]
        self.server = Server(Address(f"http://127.0.0.1:{influxd.port}", self.database))
        self.historian: Historian = open_historian(url)

    @property
    def influx(self) -> InfluxHistorian:
        assert isinstance(self.historian, InfluxHistorian)
        return self.historian

    def rows(self, width: str, tag: str) -> list[dict[str, Any]]:
        asked = f'SELECT * FROM "autogen_{width}"."sample" WHERE "tag" = \'{tag}\''  # noqa: S608 - a test
        return [
            dict(zip(series.columns, row, strict=True))
            for series in self.server.query(asked)
            for row in series.values
        ]

    def queries(self) -> dict[str, str]:
        return {
            row[0]: row[1]
            for shown in self.server.query("SHOW CONTINUOUS QUERIES")
            for row in shown.values
            if self.database in row[1]
        }

    def close(self) -> None:
        self.server.close()
        self.historian.close()


@pytest.fixture
def reduced(influxd: Influxd) -> Iterator[Reduced]:
    opened = Reduced(influxd)
    opened.historian.retain(None)
    yield opened
    opened.close()


def _samples(values: Sequence[Value | None], every_s: float, status: int = 0) -> list[Sample]:
    step_ns = round(every_s * SECOND_NS)
    return [
        Sample(MILL, MONDAY_NS + i * step_ns, value, status, None) for i, value in enumerate(values)
    ]


def _plain(samples: Sequence[Sample], width_ns: int) -> list[dict[str, Any]]:
    """Reduce samples the plain way."""
    windows: dict[int, list[Sample]] = {}
    for sample in sorted(samples, key=lambda each: each.source_time_ns):
        if sample.good and sample.value is not None:
            at_ns = sample.source_time_ns // width_ns * width_ns
            windows.setdefault(at_ns, []).append(sample)
    return [_window(at_ns, inside) for at_ns, inside in sorted(windows.items())]


def _window(at_ns: int, inside: list[Sample]) -> dict[str, Any]:
    numbers = [
        float(each.value)
        for each in inside
        if isinstance(each.value, int | float) and not isinstance(each.value, bool)
    ]
    counted = {"time": at_ns, "numbers": len(numbers), "count": len(inside)}
    if not numbers:
        return {**dict.fromkeys(("min", "max", "sum", "mean", "last")), **counted}
    return {
        **counted,
        "min": min(numbers),
        "max": max(numbers),
        "sum": pytest.approx(sum(numbers)),
        "mean": pytest.approx(sum(numbers) / len(numbers)),
        "last": numbers[-1],
    }


def _told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    words = ("time", "min", "max", "sum", "mean", "numbers", "count", "last")
    told = [{word: row[word] for word in words} for row in rows]
    return [{**row, "numbers": row["numbers"] or 0} for row in told]


@pytest.mark.real_influxdb
class TestInfluxDB1:
    """Continuous queries of a real 1.6."""

    def test_reductions_are_what_the_samples_reduce_to(self, reduced: Reduced) -> None:
        values: list[Value | None] = [
            [i * 0.25, i, None, "text", True, -i * 0.5][i * i % 6] for i in range(500)
        ]
        samples = [*_samples(values, 17.3)]
        samples += [each._replace(status=BAD) for each in _samples([9e9] * 50, 170.0)]
        reduced.historian.write(samples)
        kept = list(reduced.historian.raw(MILL, 0, 2**62))
        reduced.influx.downsample(None, HOUR_NS)
        done = list(reduced.influx.reduce_anew(MONDAY_NS + 5, MONDAY_NS + 3 * HOUR_NS - 5))
        assert done == [MONDAY_NS + i * HOUR_NS for i in (1, 2, 3)]
        for width, width_ns in (("1m", MINUTE_NS), ("1h", HOUR_NS)):
            rows = reduced.rows(width, MILL.tag)
            expected = [
                each for each in _plain(kept, width_ns) if each["time"] < MONDAY_NS + 3 * HOUR_NS
            ]
            assert _told(rows) == expected
            assert {row["machine"] for row in rows} == {MILL.machine}

    def test_the_last_value_of_any_type_is_kept(self, reduced: Reduced) -> None:
        reduced.historian.write(_samples([1.5, "Execute", True, None], 1.0))
        reduced.influx.downsample(None, HOUR_NS)
        list(reduced.influx.reduce_anew(MONDAY_NS, MONDAY_NS + HOUR_NS))
        for width in ("1m", "1h"):
            (row,) = reduced.rows(width, MILL.tag)
            words = ("last", "last_text", "last_bool", "last_kind", "count")
            assert [row[word] for word in words] == [1.5, "Execute", True, "bool", 3]

    def test_late_samples_are_taken_in_when_asked_to(self, reduced: Reduced) -> None:
        early, late = _samples([1.0] * 100, 30.0), _samples([7.0] * 3, 31.0)
        reduced.historian.write(early)
        reduced.influx.downsample(None, HOUR_NS)
        list(reduced.influx.reduce_anew(MONDAY_NS, MONDAY_NS + HOUR_NS))
        reduced.historian.write(late)
        kept = list(reduced.historian.raw(MILL, 0, 2**62))
        assert _told(reduced.rows("1h", MILL.tag)) != _plain(kept, HOUR_NS)
        list(reduced.influx.reduce_anew(MONDAY_NS, MONDAY_NS + HOUR_NS))
        assert _told(reduced.rows("1m", MILL.tag)) == _plain(kept, MINUTE_NS)
        assert _told(reduced.rows("1h", MILL.tag)) == _plain(kept, HOUR_NS)

    def test_buckets_never_read_reductions(self, reduced: Reduced) -> None:
        reduced.historian.write(_samples([1.0] * 60, 60.0))
        reduced.influx.downsample(None, HOUR_NS)
        list(reduced.influx.reduce_anew(MONDAY_NS, MONDAY_NS + HOUR_NS))
        reduced.historian.write([Sample(MILL, MONDAY_NS + 5, 99.0, 0, None)])
        (bucket,) = reduced.historian.buckets(MILL, MONDAY_NS, MONDAY_NS + HOUR_NS, 1)
        assert (bucket.maximum, bucket.good_count) == (99.0, 61)
        assert reduced.historian.series() == [MILL]

    def test_it_may_be_said_again_and_otherwise(self, reduced: Reduced) -> None:
        for late_ns, back in ((HOUR_NS, "70m"), (HOUR_NS, "70m"), (2 * HOUR_NS, "130m")):
            where = reduced.influx.downsample(None, late_ns)
            assert where == ("autogen_1m.sample", "autogen_1h.sample")
            queries = reduced.queries()
            assert sorted(queries) == ["pilotline_autogen_1h", "pilotline_autogen_1m"]
            assert f"RESAMPLE EVERY 5m FOR {back} " in queries["pilotline_autogen_1m"]

    def test_reductions_are_kept_apart_from_samples(self, reduced: Reduced) -> None:
        reduced.historian.retain(24 * HOUR_NS)
        reduced.influx.downsample(9_000 * HOUR_NS, HOUR_NS)
        reduced.influx.downsample(10_000 * HOUR_NS, HOUR_NS)
        (shown,) = reduced.server.query(f'SHOW RETENTION POLICIES ON "{reduced.database}"')
        rows = [dict(zip(shown.columns, row, strict=True)) for row in shown.values]
        kept = {row["name"]: row["duration"] for row in rows}
        assert kept == {
            "autogen": "24h0m0s",
            "autogen_1m": "10000h0m0s",
            "autogen_1h": "10000h0m0s",
        }

    def test_numbers_that_overflow_cost_no_neighbour_its_reduction(self, reduced: Reduced) -> None:
        others = [
            each._replace(series=Series(MILL.site, MILL.machine, tag))
            for each in _samples([1.0, 2.0], 1.0)
            for tag in ("a", "z")
        ]
        reduced.historian.write([*_samples([1.7e308, 1.7e308], 1.0), *others])
        reduced.influx.downsample(None, HOUR_NS)
        list(reduced.influx.reduce_anew(MONDAY_NS, MONDAY_NS + HOUR_NS))
        for tag in ("a", "z"):
            assert [row["mean"] for row in reduced.rows("1h", tag)] == [1.5]
        assert reduced.rows("1m", MILL.tag) == []

    def test_the_server_runs_them_by_itself(
        self, reduced: Reduced, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(continuous_queries.EVERY, "1m", "1s")
        now_ns = time.time_ns()
        began_ns = (now_ns // MINUTE_NS - 5) * MINUTE_NS
        samples = [Sample(MILL, began_ns + i * SECOND_NS, float(i), 0, None) for i in range(120)]
        reduced.historian.write(samples)
        reduced.influx.downsample(None, HOUR_NS)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and len(reduced.rows("1m", MILL.tag)) < 2:
            time.sleep(0.1)
        assert _told(reduced.rows("1m", MILL.tag)) == _plain(samples, MINUTE_NS)

    def test_the_command_arranges_it_and_reduces_anew(
        self, reduced: Reduced, influxd: Influxd
    ) -> None:
        url = f"influxdb://127.0.0.1:{influxd.port}/{reduced.database}"
        words = ("--downsample", "--keep-reduced", "520w", "--late", "2h")
        told = CliRunner().invoke(app, ["init", "--historian", url, "--keep", "90d", *words])
        assert told.exit_code == 0, told.stderr
        assert "by minute into autogen_1m.sample and by hour into autogen_1h.sample" in told.stdout
        now_ns = time.time_ns()
        reduced.historian.write([Sample(MILL, now_ns - 3 * HOUR_NS, 2.5, 0, None)])
        told = CliRunner().invoke(app, ["downsample", "--historian", url, "--start", "4h"])
        assert told.exit_code == 0, told.stderr
        assert [row["mean"] for row in reduced.rows("1h", MILL.tag)] == [2.5]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("init", "--downsample"), "keeps reductions by itself"),
        (("downsample", "--start", "8h"), "keeps reductions by itself"),
        (("init", "--late", "soon"), "--late 'soon' is no duration"),
        (("init", "--keep-reduced", "soon"), "or forever"),
    ],
)
def test_a_mistake_is_explained(embedded_file: Path, words: tuple[str, ...], reason: str) -> None:
    url = f"sqlite:///{embedded_file}"
    open_historian(url, create=True).close()
    told = CliRunner().invoke(app, [*words, "--historian", url])
    assert told.exit_code in (1, 2)
    assert reason in " ".join(told.stderr.replace("│", " ").split())


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with write_endpoint() as served:
        served.administration = {
            "/api/v2/buckets": {"GET": Answer(200, b'{"buckets":[]}'), "POST": Answer(201, b"{}")},
            "/api/v2/orgs": {"GET": Answer(200, b'{"orgs":[{"id":"0a"}]}')},
            "/api/v2/tasks": {"GET": Answer(200, b'{"tasks":[]}'), "POST": Answer(201, b"{}")},
            "/api/v2/tasks/0c": {"PATCH": Answer(200, b"{}")},
            "/api/v2/query": {"POST": Answer(200, b"\r\n")},
        }
        yield served


@pytest.fixture
def influx(endpoint: Endpoint) -> Iterator[InfluxHistorian]:
    historian = open_historian(endpoint.url)
    assert isinstance(historian, InfluxHistorian)
    yield historian
    historian.close()


class TestInfluxDB2:
    """Tasks of 2.x, told to a strict imitation."""

    def test_buckets_and_tasks_are_made(self, endpoint: Endpoint, influx: InfluxHistorian) -> None:
        assert influx.downsample(90 * 24 * HOUR_NS, HOUR_NS) == ("pilot_1m", "pilot_1h")
        made = [body for method, _, body in endpoint.administered if method == "POST"]
        rules = [{"type": "expire", "everySeconds": 90 * 86_400}]
        assert made[0] == {"orgID": "0a", "name": "pilot_1m", "retentionRules": rules}
        assert made[2]["name"] == "pilot_1h"
        for task, width, every, back in ((made[1], "1m", 5, 70), (made[3], "1h", 60, 180)):
            assert (task["orgID"], task["status"]) == ("0a", "active")
            flux = task["flux"]
            assert flux.startswith('import "date"\n\noption task = ')
            assert f'{{name: "pilotline pilot {width}", every: {every}m}}' in flux
            assert f"start: date.truncate(t: -{back}m, unit: {width})" in flux
            assert f'to(bucket: "pilot_{width}", org: "institute")' in flux
            assert 'from(bucket: "pilot")' in flux
            assert flux.count("{") == flux.count("}")
            for name in ("min", "max", "mean", "sum", "numbers", "last"):
                assert f'reduced(name: "{name}", ' in flux

    def test_a_task_that_is_there_is_changed(
        self, endpoint: Endpoint, influx: InfluxHistorian
    ) -> None:
        endpoint.administration["/api/v2/tasks"]["GET"] = Answer(200, b'{"tasks":[{"id":"0c"}]}')
        influx.downsample(None, 2 * HOUR_NS)
        changed = [
            (path, body) for method, path, body in endpoint.administered if method == "PATCH"
        ]
        assert [path for path, _ in changed] == ["/api/v2/tasks/0c"] * 2
        assert "t: -130m" in changed[0][1]["flux"]

    def test_late_samples_are_taken_in_by_a_query(
        self, endpoint: Endpoint, influx: InfluxHistorian
    ) -> None:
        assert len(list(influx.reduce_anew(MONDAY_NS, MONDAY_NS + 2 * HOUR_NS))) == 2
        asked = [
            body["query"] for _, path, body in endpoint.administered if path == "/api/v2/query"
        ]
        assert len(asked) == 4
        assert "range(start: 2026-09-21T14:00:00Z, stop: 2026-09-21T15:00:00Z)" in asked[0]
        assert "option task" not in asked[0]

    def test_a_query_that_fails_while_it_answers_is_told(
        self, endpoint: Endpoint, influx: InfluxHistorian
    ) -> None:
        told = b"error,reference\r\nbucket not found,897\r\n"
        endpoint.administration["/api/v2/query"]["POST"] = Answer(200, told)
        with pytest.raises(HistorianRefused, match="bucket not found"):
            list(influx.reduce_anew(MONDAY_NS, MONDAY_NS + HOUR_NS))


def test_influxdb_3_has_none_and_that_is_said(endpoint: Endpoint, influx: InfluxHistorian) -> None:
    endpoint.version = "3.2.0"
    with pytest.raises(HistorianRefused, match="leave --downsample out"):
        influx.downsample(None, HOUR_NS)
    with pytest.raises(HistorianRefused, match="leave --downsample out"):
        list(influx.reduce_anew(MONDAY_NS, MONDAY_NS + HOUR_NS))
