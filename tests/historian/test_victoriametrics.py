"""VictoriaMetrics takes the numbers for dashboards; what it cannot hold is said, not lost."""

import math
import time
from collections.abc import Callable, Iterator

import pytest

from pilotline_historian import (
    Event,
    Gap,
    Historian,
    HistorianRefused,
    HistorianUrlError,
    Sample,
    Series,
    Value,
    Withdrawal,
    open_historian,
)
from tests.historian.influx_write import Answer, Endpoint, write_endpoint
from tests.historian.samples import BAD, MILL, a_note
from tests.historian.victoria import Victoria, running_victoria

MS = 1_000_000
DAY_NS = 86_400 * 10**9
NOW_NS = time.time_ns() // MS * MS


@pytest.fixture(scope="module")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victoria]:
    with running_victoria(tmp_path_factory.mktemp("victoria"), retention="90d") as server:
        yield server


@pytest.fixture
def url(victoria: Victoria) -> str:
    return victoria.fresh_url()


@pytest.fixture
def historian(url: str) -> Iterator[Historian]:
    historian = open_historian(url)
    yield historian
    historian.close()


@pytest.fixture
def stored(victoria: Victoria, url: str) -> Callable[[], dict[tuple[str, ...], object]]:
    return lambda: dict(victoria.metrics(url.rpartition("/")[2]))


def _at(offset_ms: float, value: Value | None, status: int = 0) -> Sample:
    time_ns = NOW_NS + round(offset_ms * MS)
    return Sample(MILL, time_ns, value, status, time_ns + 2 * MS)


Stored = Callable[[], dict[tuple[str, ...], object]]


def test_numbers_and_statuses_become_metrics_with_labels(
    historian: Historian, stored: Stored
) -> None:
    values: list[Value | None] = [1.5, -2, True, False, None, math.inf, -0.25]
    samples = [_at(i, value, BAD if value is None else 0) for i, value in enumerate(values)]
    assert historian.write(samples).stored == len(values)
    ms = NOW_NS // MS
    labels = ("mill-1", "aarhus", "spindle_speed")
    numbers = [1.5, -2.0, 1.0, 0.0, None, math.inf, -0.25]
    assert stored() == {
        ("value", *labels): [(ms + i, each) for i, each in enumerate(numbers) if each is not None],
        ("status", *labels): [(ms + i, float(BAD) if i == 4 else 0.0) for i in range(7)],
        ("server_delay_ms", *labels): [(ms + i, 2.0) for i in range(7)],
    }


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (_at(0, "Execute"), "no text"),
        (_at(0, math.nan), "no NaN"),
        (_at(0, 1.7976931348623157e308), "round those to nothing"),
        (_at(0, 2**63), "round those to nothing"),
        (Sample(MILL, 5, 1.0, 0, None), "-retentionPeriod"),
        (Sample(MILL, NOW_NS - 91 * DAY_NS, 1.0, 0, None), "-retentionPeriod"),
        (Sample(MILL, NOW_NS + 3 * DAY_NS, 1.0, 0, None), "two days ahead"),
        (_at(0, 1, status=-1), "status"),
    ],
)
def test_what_the_server_would_drop_or_bend_is_rejected_alone_with_a_reason(
    historian: Historian, stored: Stored, sample: Sample, reason: str
) -> None:
    good = [_at(1, 0.1), Sample(MILL, NOW_NS - 89 * DAY_NS, 0.2, 0, None)]
    result = historian.write([good[0], sample, good[1]])
    assert result.stored == 2
    (rejected,) = result.rejected
    assert rejected.sample == sample
    assert reason in rejected.reason
    assert [number for _, number in stored()["value", "mill-1", "aarhus", "spindle_speed"]] == [  # type: ignore[attr-defined]
        0.2,
        0.1,
    ]


def test_times_are_rounded_down_to_milliseconds(historian: Historian, stored: Stored) -> None:
    historian.write([_at(7.9999, 1.0)])
    ((_, points),) = [each for each in stored().items() if each[0][0] == "value"]
    assert points == [(NOW_NS // MS + 7, 1.0)]


def test_names_of_every_kind_stay_apart(historian: Historian, stored: Stored) -> None:
    names = ["a b,c=d", 'q"\\ {x}', "æøå\n\t%", "=~.*"]
    series = [Series("s", "m", name) for name in names]
    samples = [Sample(each, NOW_NS, i, 0, None) for i, each in enumerate(series)]
    assert historian.write(samples).stored == len(names)
    assert len([key for key in stored() if key[0] == "value"]) == len(names)


def test_gaps_are_a_metric_and_expired_ones_hold_nothing_up(
    historian: Historian, stored: Stored
) -> None:
    historian.write_gaps([])
    historian.write_gaps(
        [
            Gap("aarhus", "mill-1", None, NOW_NS, NOW_NS + 1_500 * MS, "connection-lost"),
            Gap("aarhus", "mill-1", "speed", NOW_NS, NOW_NS + 500 * MS, "queue-overflow"),
            Gap("aarhus", "mill-1", None, NOW_NS - 200 * DAY_NS, NOW_NS, "agent-stopped"),
        ]
    )
    assert stored() == {
        ("gap_seconds", "connection-lost", "mill-1", "aarhus"): [(NOW_NS // MS, 1.5)],
        ("gap_seconds", "queue-overflow", "mill-1", "aarhus", "speed"): [(NOW_NS // MS, 0.5)],
    }


def test_events_are_rejected_with_a_reason(historian: Historian) -> None:
    event = Event("aarhus", "mill-1", "0a", NOW_NS, None, "AlarmType", "Spindle", 500, "hot")
    (rejected,) = historian.write_events([event])
    assert rejected.event == event
    assert "no text" in rejected.reason


def test_notes_are_refused_with_a_reason(historian: Historian) -> None:
    with pytest.raises(HistorianRefused, match="no text"):
        historian.annotate(a_note(0, 1))
    assert historian.withdraw("7c1f", Withdrawal("bo", NOW_NS)) is False


def test_the_retention_is_checked_and_how_to_set_it_is_said(historian: Historian) -> None:
    historian.retain(90 * DAY_NS)
    with pytest.raises(HistorianRefused, match="-retentionPeriod=91d"):
        historian.retain(90 * DAY_NS + 1)
    with pytest.raises(HistorianRefused, match="-retentionPeriod=36500d"):
        historian.retain(None)


def test_rounded_numbers_are_not_given_for_what_a_machine_sent(historian: Historian) -> None:
    historian.write([_at(0, 1 / 3)])
    asked: list[Callable[[], object]] = [
        historian.series,
        lambda: list(historian.raw(MILL, 0, 2**63)),
        lambda: historian.last([MILL]),
        lambda: historian.buckets(MILL, 0, 2**62, 10),
        lambda: historian.gaps(None, 0, 2**63),
        lambda: historian.events(None, 0, 2**63),
    ]
    for ask in asked:
        with pytest.raises(HistorianRefused, match=r"Grafana.*influxdb://"):
            ask()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with write_endpoint() as served:
        served.version = ""
        flag = b'flag{name="retentionPeriod", value="1", is_set="false"} 1\n'
        served.administration = {"/metrics": {"GET": Answer(200, flag)}}
        yield served


def test_a_proxy_in_front_is_shown_a_bearer_token(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTLINE_VICTORIAMETRICS_TOKEN", "right")
    endpoint.token, endpoint.token_word = "right", "Bearer"
    historian = open_historian(f"victoriametrics://127.0.0.1:{endpoint.port}/mill")
    assert historian.write([_at(0, 1.5), _at(1, "text")]).stored == 1
    (identity,) = endpoint.points
    assert identity[0] == "mill"
    with pytest.raises(HistorianRefused, match="31 days"):
        historian.retain(32 * DAY_NS)
    historian.close()


def test_a_server_that_hides_its_retention_is_refused_with_what_to_do(endpoint: Endpoint) -> None:
    endpoint.administration["/metrics"]["GET"] = Answer(200, b"up 1\n")
    historian = open_historian(f"victoriametrics://127.0.0.1:{endpoint.port}")
    with pytest.raises(HistorianRefused, match="single-node VictoriaMetrics"):
        historian.write([_at(0, 1.5)])
    historian.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("victoriametrics:///pilot", "lacks a host"),
        ("victoriametrics://host/9lives", "'9lives' cannot begin"),
        ("victoriametrics://host/a/b", "'a/b' cannot begin"),
        ("victoriametrics://host?org=x", "unknown parameters org"),
        ("victoriametrics://me:hunter2@host", "PILOTLINE_VICTORIAMETRICS_TOKEN"),
    ],
)
def test_a_url_that_makes_no_sense_is_explained(url: str, reason: str) -> None:
    with pytest.raises(HistorianUrlError, match=reason):
        open_historian(url)
