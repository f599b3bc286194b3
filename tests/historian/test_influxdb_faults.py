"""What the InfluxDB historian does when the server takes only part of the data, or none."""

import json
import math
from collections.abc import Iterator
from email.utils import formatdate
from random import Random
from time import monotonic, time

import pytest

from pilotline_historian import (
    Annotation,
    Gap,
    Historian,
    HistorianRefused,
    HistorianUnavailable,
    Sample,
    Series,
    Value,
    open_historian,
)
from tests.historian.influx_write import Answer, Endpoint, write_endpoint
from tests.historian.influxd import Influxd
from tests.historian.samples import MILL, NOON_NS, at, each_second
from tests.sockets import free_ports


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with write_endpoint() as served:
        yield served


@pytest.fixture
def historian(endpoint: Endpoint) -> Iterator[Historian]:
    historian = open_historian(endpoint.url)
    yield historian
    historian.close()


def _times(endpoint: Endpoint) -> set[int]:
    return {time_ns - NOON_NS for _, _, time_ns in endpoint.points}


def test_a_batch_goes_in_one_request(endpoint: Endpoint, historian: Historian) -> None:
    assert historian.write([at(i, i) for i in range(2_000)]).stored == 2_000
    assert endpoint.requests == [2_000]
    assert endpoint.queries == [{"bucket": ["pilot"], "org": ["institute"], "precision": ["ns"]}]
    assert _times(endpoint) == set(range(2_000))


def test_nothing_is_dropped_silently(endpoint: Endpoint, historian: Historian) -> None:
    values = [math.nan, math.inf, -math.inf, None, 2**64 - 1, "", "two\nlines"]
    assert historian.write(each_second(values)).stored == len(values)
    assert len(endpoint.points) == len(values)


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("store_the_rest", [True, False])
@pytest.mark.parametrize("number_of_bad", [1, 5])
def test_only_the_bad_lines_are_rejected(
    endpoint: Endpoint,
    historian: Historian,
    status: int,
    store_the_rest: bool,
    number_of_bad: int,
) -> None:
    count = 400
    bad = set(Random(number_of_bad).sample(range(count), number_of_bad))
    endpoint.bad_status = status
    endpoint.store_the_rest = store_the_rest
    endpoint.is_bad = lambda point: point.time_ns - NOON_NS in bad
    result = historian.write([at(i, i) for i in range(count)])
    assert result.stored == count - number_of_bad
    assert {one.sample.source_time_ns - NOON_NS for one in result.rejected} == bad
    assert all("field type conflict" in one.reason for one in result.rejected)
    assert _times(endpoint) == set(range(count)) - bad
    assert len(endpoint.requests) - 1 <= number_of_bad * 2 * math.ceil(math.log2(count))


@pytest.mark.parametrize("number_of_bad", [1, 5, 200, 400])
def test_bad_lines_that_influxdb_3_names_cost_one_more_request(
    endpoint: Endpoint, historian: Historian, number_of_bad: int
) -> None:
    endpoint.version = "3.2.1"
    endpoint.line_numbers = True
    bad = set(Random(number_of_bad).sample(range(400), number_of_bad))
    endpoint.is_bad = lambda point: point.time_ns - NOON_NS in bad
    result = historian.write([at(i, i) for i in range(400)])
    assert {one.sample.source_time_ns - NOON_NS for one in result.rejected} == bad
    assert all(one.reason.startswith("field type conflict") for one in result.rejected)
    assert _times(endpoint) == set(range(400)) - bad
    assert endpoint.requests == ([400, 400 - number_of_bad] if number_of_bad < 400 else [400])


def test_numbers_of_lines_that_fit_no_line_of_ours_are_not_believed(
    endpoint: Endpoint, historian: Historian
) -> None:
    """A line feed within a text is one that a server may count as the end of a line."""
    endpoint.line_numbers = True
    endpoint.is_bad = lambda point: point.time_ns == NOON_NS + 30
    wrong = Answer(
        400,
        b'{"error":"partial write of line protocol occurred","data":'
        b'[{"original_line":"sample,machine=x","line_number":7,"error_message":"no"}]}',
    )
    endpoint.answer = lambda lines: wrong if len(lines) == 100 else None
    result = historian.write([at(i, "two\nlines") for i in range(100)])
    assert [one.sample for one in result.rejected] == [at(30, "two\nlines")]
    assert len(endpoint.points) == 99


def test_a_batch_that_is_bad_throughout_is_rejected_at_once(
    endpoint: Endpoint, historian: Historian
) -> None:
    endpoint.is_bad = lambda point: True
    result = historian.write([at(i, i) for i in range(1_000)])
    assert (result.stored, len(result.rejected)) == (0, 1_000)
    assert endpoint.requests == [1_000]


def test_a_proxy_that_answers_400_to_everything_costs_no_data(
    endpoint: Endpoint, historian: Historian
) -> None:
    endpoint.answer = lambda lines: Answer(400, b"<html>Bad Request</html>")
    with pytest.raises(HistorianRefused, match=r"takes no line at all.*Bad Request"):
        historian.write([at(i, i) for i in range(400)])
    assert len(endpoint.requests) < 60
    with pytest.raises(HistorianRefused, match="takes no line at all"):
        historian.write([at(0, 1)])


def test_an_unknown_complaint_about_one_line_is_believed_when_others_are_taken(
    endpoint: Endpoint, historian: Historian
) -> None:
    def answer(lines: list[str]) -> Answer | None:
        poison = any(line.endswith(f" {NOON_NS + 7}") for line in lines)
        return Answer(400, b'{"message":"no such thing"}') if poison else None

    endpoint.answer = answer
    result = historian.write([at(i, i) for i in range(100)])
    assert [one.sample for one in result.rejected] == [at(7, 7)]
    assert "no such thing" in result.rejected[0].reason
    assert len(endpoint.points) == 99


def test_a_limit_of_the_server_rejects_no_sample(endpoint: Endpoint, historian: Historian) -> None:
    endpoint.answer = lambda lines: Answer(
        400, b'{"error":"partial write: max-series-per-database limit exceeded: (5) dropped=5"}'
    )
    with pytest.raises(HistorianRefused, match="max-series-per-database"):
        historian.write(each_second(range(5)))


def test_too_large_a_body_is_halved_until_it_fits(endpoint: Endpoint, historian: Historian) -> None:
    endpoint.largest_body = 20_000
    samples = [at(i, i * 0.5) for i in range(2_000)]
    assert historian.write(samples).stored == 2_000
    assert _times(endpoint) == set(range(2_000))
    refused = sum(size > endpoint.largest_body for size in endpoint.bodies)
    assert refused == math.ceil(math.log2(endpoint.bodies[0] / endpoint.largest_body))
    endpoint.bodies.clear()
    historian.write(samples)
    assert max(endpoint.bodies) <= endpoint.largest_body, "the size is remembered"


def test_one_line_too_large_is_rejected_and_the_others_stored(
    endpoint: Endpoint, historian: Historian
) -> None:
    endpoint.largest_body = 2_000
    samples = [at(i, "x" * (2_000 if i == 13 else 10)) for i in range(64)]
    result = historian.write(samples)
    assert [one.sample for one in result.rejected] == [samples[13]]
    assert "413" in result.rejected[0].reason
    assert _times(endpoint) == set(range(64)) - {13}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_asks_to_wait_is_waited_for(
    endpoint: Endpoint, historian: Historian, status: int
) -> None:
    endpoint.answer = lambda lines: Answer(status, b"busy", {"Retry-After": "7"})
    with pytest.raises(HistorianUnavailable, match=f"{status}: busy") as told:
        historian.write([at(0, 1)])
    assert told.value.retry_after_s == 7
    assert len(endpoint.requests) == 1, "whoever has the data decides when to try again"
    endpoint.answer = lambda lines: None
    assert historian.write([at(0, 1)]).stored == 1


@pytest.mark.parametrize(
    ("stated", "least_s", "most_s"),
    [(None, None, None), ("0.5", 0.5, 0.5), ("soon", None, None), ("in", 50, 60), ("past", 0, 0)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_seconds_or_a_date(
    endpoint: Endpoint,
    historian: Historian,
    status: int,
    stated: str | None,
    least_s: float | None,
    most_s: float | None,
) -> None:
    dates = {"in": formatdate(time() + 60, usegmt=True), "past": formatdate(0, usegmt=True)}
    headers = {} if stated is None else {"Retry-After": dates.get(stated, stated)}
    endpoint.answer = lambda lines: Answer(status, b"", headers)
    with pytest.raises(HistorianUnavailable) as told:
        historian.write([at(0, 1)])
    waited = told.value.retry_after_s
    if least_s is None or most_s is None:
        assert waited is None
    else:
        assert waited is not None
        assert least_s <= waited <= most_s


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 415])
def test_a_refusal_keeps_the_batch_for_a_person_to_act(
    endpoint: Endpoint, historian: Historian, status: int
) -> None:
    endpoint.answer = lambda lines: Answer(status, b'{"message":"not so"}')
    with pytest.raises(HistorianRefused, match=f"{status}: not so"):
        historian.write([at(i, i) for i in range(100)])
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("token", "remedy"),
    [
        ("", "no token is given: set PILOTLINE_INFLUXDB_TOKEN"),
        ("wrong", "check the token in PILOTLINE_INFLUXDB_TOKEN and what it may do"),
    ],
)
def test_who_is_refused_reads_where_the_token_is_looked_for(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, token: str, remedy: str
) -> None:
    endpoint.token = "right"
    monkeypatch.setenv("PILOTLINE_INFLUXDB_TOKEN", token)
    with pytest.raises(HistorianRefused, match=remedy):
        open_historian(endpoint.url).write([at(0, 1)])


def test_a_revoked_token_is_a_refusal_until_it_is_granted_again(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.token = "right"
    monkeypatch.setenv("PILOTLINE_INFLUXDB_TOKEN", "right")
    historian = open_historian(endpoint.url)
    assert historian.write([at(0, 1)]).stored == 1
    endpoint.token = "other"
    with pytest.raises(HistorianRefused, match="check the token") as told:
        historian.write([at(1, 1)])
    assert "right" not in str(told.value)
    endpoint.token = "right"
    assert historian.write([at(1, 1)]).stored == 1
    historian.close()


def test_a_slow_server_is_given_up_in_time(endpoint: Endpoint) -> None:
    endpoint.delay_s = 3.0
    historian = open_historian(f"{endpoint.url}&timeout_s=0.3")
    begin = monotonic()
    with pytest.raises(HistorianUnavailable, match="does not answer"):
        historian.write([at(1, 1)])
    assert monotonic() - begin < endpoint.delay_s
    historian.close()


def test_a_broken_connection_is_a_reason_to_try_again(
    endpoint: Endpoint, historian: Historian
) -> None:
    historian.write([at(0, 1)])
    endpoint.reset = True
    with pytest.raises(HistorianUnavailable, match="does not answer"):
        historian.write([at(1, 1)])
    endpoint.reset = False
    assert historian.write([at(1, 1)]).stored == 1


@pytest.mark.parametrize("cut", [0, 1, 20, 40])
def test_a_write_whose_answer_is_lost_is_made_again_and_stored_once(
    endpoint: Endpoint, historian: Historian, cut: int
) -> None:
    samples = [at(i, i) for i in range(50)]
    endpoint.cut = cut
    with pytest.raises(HistorianUnavailable):
        historian.write(samples)
    assert len(endpoint.points) == 50, "the server has it, and we cannot know"
    endpoint.cut = None
    assert historian.write(samples).stored == 50
    assert len(endpoint.points) == 50


def test_a_complaint_that_breaks_off_rejects_nothing(
    endpoint: Endpoint, historian: Historian
) -> None:
    endpoint.is_bad = lambda point: point.time_ns == NOON_NS + 3
    endpoint.cut = 150
    with pytest.raises(HistorianUnavailable):
        historian.write([at(i, i) for i in range(50)])
    endpoint.cut = None
    assert len(historian.write([at(i, i) for i in range(50)]).rejected) == 1


def test_an_answer_to_a_query_that_breaks_off_in_the_middle_is_a_reason_to_ask_again(
    endpoint: Endpoint, historian: Historian
) -> None:
    endpoint.query_answers = [_raw_answer([NOON_NS, 0, None, "float", 1.5, None, None, None])] * 2
    endpoint.cut = 150
    with pytest.raises(HistorianUnavailable):
        list(historian.raw(MILL, 0, 2**63))


def test_a_server_need_not_be_there_yet() -> None:
    (port,) = free_ports(1)
    historian = open_historian(f"influxdb://127.0.0.1:{port}/pilot")
    with pytest.raises(HistorianUnavailable):
        historian.write([at(0, 1)])
    with pytest.raises(HistorianUnavailable):
        historian.series()
    historian.close()


def _raw_answer(*rows: list[object]) -> bytes:
    columns = ["time", "status", "server_time_ns", "kind"]
    columns += ["value_float", "value_int", "value_bool", "value_text"]
    return _answer(columns, *rows)


def _answer(columns: list[str], *rows: list[object]) -> bytes:
    series = [{"name": "sample", "columns": columns, "values": list(rows)}] if rows else []
    return json.dumps({"results": [{"statement_id": 0, "series": series}]}).encode()


@pytest.mark.parametrize(
    "half_written",
    [
        [NOON_NS, 0, None, None, 1.5, None, None, None],
        [NOON_NS, 0, None, "float", None, None, None, None],
        [NOON_NS, None, None, "float", 1.5, None, None, None],
    ],
)
def test_a_point_that_is_being_written_is_asked_for_again(
    endpoint: Endpoint, historian: Historian, half_written: list[object]
) -> None:
    whole: list[object] = [NOON_NS, 0, None, "float", 1.5, None, None, None]
    endpoint.query_answers = [
        _raw_answer(half_written),
        _raw_answer(half_written),
        _raw_answer(whole),
        _raw_answer(),
    ]
    assert list(historian.raw(MILL, 0, 2**63)) == [at(0, 1.5)]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b'{"results":[{"error":"timeout reached"}]}', HistorianUnavailable),
        (b'{"results":[{"error":"not authorized"}]}', HistorianRefused),
        (b'{"results":[{"error":"database not found: pilot"}]}', HistorianRefused),
        (_raw_answer([NOON_NS, 0, None, "colour", 1.5, None, None, None]), HistorianRefused),
    ],
)
def test_a_query_that_fails_says_whether_to_wait_or_to_act(
    endpoint: Endpoint, historian: Historian, answer: bytes, told: type[Exception]
) -> None:
    endpoint.query_answers = [answer]
    with pytest.raises(told):
        list(historian.raw(MILL, 0, 2**63))


def test_an_answer_that_breaks_off_is_a_reason_to_ask_again(
    endpoint: Endpoint, historian: Historian
) -> None:
    endpoint.query_answers = [b'{"results":[{"ser'] * 3
    with pytest.raises(HistorianUnavailable, match="ser"):
        historian.last([MILL])
    with pytest.raises(HistorianUnavailable, match="ser"):
        historian.buckets(MILL, 0, 10, 1)


def test_a_gap_the_server_refuses_is_told(endpoint: Endpoint, historian: Historian) -> None:
    endpoint.is_bad = lambda point: point.measurement == "gap"
    with pytest.raises(HistorianRefused, match="agent-stopped"):
        historian.write_gaps([Gap("aarhus", "mill-1", None, NOON_NS, NOON_NS + 1, "agent-stopped")])


@pytest.mark.parametrize("first", [None, "spindle_speed"])
def test_influxdb_3_whose_tags_are_fixed_takes_what_is_about_a_machine_or_a_tag(
    endpoint: Endpoint, historian: Historian, first: str | None
) -> None:
    endpoint.version, endpoint.line_numbers = "3.2.1", True
    for tag in (first, None, "spindle_speed"):
        historian.write_gaps([Gap("aarhus", "mill-1", tag, NOON_NS, NOON_NS + 1, "lost")])
        historian.annotate(
            Annotation("n1", "aarhus", "mill-1", tag, NOON_NS, NOON_NS + 1, "x", "ada", NOON_NS)
        )
    kept: dict[str, set[str]] = {"gap": set(), "annotation": set()}
    for measurement, tags, _ in endpoint.points:
        kept[measurement].add(dict(tags)["tag"])
    assert kept == {
        "gap": {"@machine", "spindle_speed"},
        "annotation": {"@machine", "spindle_speed"},
    }
    endpoint.query_answers = [
        _answer(
            ["time", "end_ns", "site", "machine", "tag", "cause"],
            [5, 9, "aarhus", "mill-1", "@machine", "lost"],
            [6, 9, "aarhus", "mill-1", "speed", "lost"],
        )
    ]
    assert [gap.tag for gap in historian.gaps(None, 0, 10)] == [None, "speed"]


@pytest.mark.parametrize("version", ["v2.7.6", "3.2.1", "1.8.10", "", "OSS"])
def test_servers_since_1_8_are_written_by_the_2_x_interface(
    endpoint: Endpoint, historian: Historian, version: str
) -> None:
    endpoint.version = version
    assert historian.write([at(0, 1)]).stored == 1


@pytest.mark.real_influxdb
def test_a_type_that_changes_disturbs_no_neighbour_on_a_real_server(influxd: Influxd) -> None:
    historian = open_historian(influxd.fresh_url())
    other = Series("aarhus", "mill-1", "coolant")
    values: list[Value | None] = [1, 1.5, "x", True, None, math.inf, 2**64 - 1]
    samples = [
        sample
        for i in range(300)
        for sample in (
            at(i, values[i % 7]),
            at(i, i, series=other),
        )
    ]
    result = historian.write(samples)
    assert (result.stored, result.rejected) == (600, ())
    assert len(list(historian.raw(other, 0, 2**63))) == 300
    assert len(list(historian.raw(MILL, 0, 2**63))) == 300
    historian.close()


@pytest.mark.real_influxdb
def test_a_bucket_that_others_write_to_is_told_on_a_real_server(influxd: Influxd) -> None:
    url = influxd.fresh_url()
    historian = open_historian(url)
    historian.write([at(0, 1.5)])
    from pilotline_historian.influxdb.server import Address, Server

    server = Server(Address(f"http://127.0.0.1:{influxd.port}", url.rpartition("/")[2]))
    server.write(b"sample,site=aarhus,machine=mill-1,tag=spindle_speed status=0i 5")
    server.close()
    with pytest.raises(HistorianRefused, match="a bucket of its own"):
        list(historian.raw(MILL, 0, 2**63))
    historian.close()


@pytest.mark.real_influxdb
def test_a_real_server_rejects_only_what_its_retention_policy_refuses(influxd: Influxd) -> None:
    from pilotline_historian.influxdb.server import Address, Server

    database = influxd.fresh_url().rpartition("/")[2]
    server = Server(Address(f"http://127.0.0.1:{influxd.port}", database))
    server.query(f'CREATE DATABASE "{database}" WITH DURATION 1h NAME "short"')
    server.close()
    historian = open_historian(f"influxdb://127.0.0.1:{influxd.port}/{database}")
    now_ns = int(time() * 1e9)
    fresh = [Sample(MILL, now_ns - i, i, 0, None) for i in range(50)]
    stale = [Sample(MILL, now_ns - 10**14 - i, i, 0, None) for i in range(3)]
    result = historian.write([*fresh[:20], *stale, *fresh[20:]])
    assert result.stored == 50
    expired = Gap("aarhus", "mill-1", None, now_ns - 10**14, now_ns, "agent-stopped")
    recent = Gap("aarhus", "mill-1", None, now_ns - 10**9, now_ns, "connection-lost")
    historian.write_gaps([expired, recent])
    assert historian.gaps(None, 0, 2**63) == [recent], "an expired gap holds nothing up"
    assert sorted(one.sample for one in result.rejected) == sorted(stale)
    assert "retention" in result.rejected[0].reason
    assert len(list(historian.raw(MILL, 0, 2**63))) == 50
    historian.close()


@pytest.mark.real_influxdb
def test_a_bucket_may_name_a_retention_policy_of_a_real_server(influxd: Influxd) -> None:
    from pilotline_historian.influxdb.server import Address, Server

    database = influxd.fresh_url().rpartition("/")[2]
    historian = open_historian(f"influxdb://127.0.0.1:{influxd.port}/{database}/raw")
    with pytest.raises(HistorianRefused, match=f"no bucket '{database}/raw'"):
        historian.write([at(0, 1)])
    server = Server(Address(f"http://127.0.0.1:{influxd.port}", database))
    server.query(f'CREATE DATABASE "{database}" WITH NAME "raw"')
    server.close()
    assert historian.write([at(0, 1)]).stored == 1
    assert list(historian.raw(MILL, 0, 2**63)) == [at(0, 1)]
    historian.close()
