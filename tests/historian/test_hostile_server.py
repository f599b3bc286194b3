"""Whatever a historian's server answers, nothing is lost, leaked or believed without reason."""

import gzip
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_historian import (
    Historian,
    HistorianError,
    HistorianRefused,
    HistorianUnavailable,
    Sample,
    Series,
    open_historian,
)
from pilotline_historian.influxdb import InfluxHistorian
from pilotline_historian.influxdb.answers import _retry_after_s
from pilotline_historian.influxdb.bounded_pool import AnswerRefused, BoundedPool
from pilotline_historian.influxdb.errors import AnswerTooLong
from pilotline_historian.influxdb.server import Address, Server, _version
from tests.historian.influx_write import Answer, write_endpoint

SERIES = Series("aarhus", "mill-1", "spindle-speed")
SAMPLE = Sample(SERIES, 1_772_450_000_000_000_000, 1.5, 0, None)
OK = b"HTTP/1.1 200 OK\r\n"

Serve = Callable[[socket.socket, bytes], None]
"""Answers a request on a connection."""


@contextmanager
def serving(serve: Serve) -> Iterator[int]:
    """Answer each connection's first request in a thread; yield the port."""
    listening = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    stopping = threading.Event()

    def answer(connection: socket.socket) -> None:
        with closing(connection), suppress(OSError):
            connection.settimeout(5.0)
            serve(connection, connection.recv(65_536))

    def accept() -> None:
        while not stopping.is_set():
            with suppress(OSError):
                connection, _ = listening.accept()
                threads.append(threading.Thread(target=answer, args=(connection,)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listening.getsockname()[1]
    finally:
        stopping.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join()
        for thread in threads:
            thread.join()


@contextmanager
def asking(
    serve: Serve, most_s: float = 5.0, most_bytes: int = 1_000_000
) -> Iterator[Callable[[], bytes]]:
    """Yield what asks such a server and returns its answer's body."""
    manager = urllib3.PoolManager(retries=False, timeout=5.0)
    pool = BoundedPool(manager, most_s, most_bytes)
    with serving(serve) as port:
        try:
            yield lambda: pool.request("GET", f"http://127.0.0.1:{port}/").data
        finally:
            pool.clear()


@pytest.mark.parametrize("head", [b"", OK, OK + b"\r\n", OK + b"Content-Length: 99\r\n\r\n"])
def test_an_answer_byte_by_byte_is_not_waited_for_without_end(head: bytes) -> None:
    """Each byte arrives in time; the answer as a whole never would."""

    def drip(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(head)
        for _ in range(400):
            connection.sendall(b"x")
            time.sleep(0.02)

    begun = time.monotonic()
    with asking(drip, most_s=0.1) as ask, pytest.raises(urllib3.exceptions.HTTPError):
        ask()
    assert time.monotonic() - begun < 4.0


def test_an_answer_without_end_is_left_at_the_cap() -> None:
    def flood(connection: socket.socket, _: bytes) -> None:
        connection.sendall(OK + b"\r\n")
        while True:
            connection.sendall(bytes(65_536))

    with asking(flood) as ask, pytest.raises(AnswerRefused, match="longer than 1000000"):
        ask()


def test_a_small_answer_that_unpacks_to_gigabytes_is_left_at_the_cap() -> None:
    bomb = gzip.compress(bytes(50_000_000), 6)

    def explode(connection: socket.socket, _: bytes) -> None:
        head = f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
        connection.sendall(OK + head.encode() + bomb)

    with asking(explode) as ask:
        tracemalloc.start()
        try:
            with pytest.raises(AnswerRefused):
                ask()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 5_000_000


def test_an_answer_by_gzip_is_read_and_by_what_nobody_asked_for_is_not() -> None:
    def packed(connection: socket.socket, request: bytes) -> None:
        body = gzip.compress(b"{}")
        coding = b"br" if b"/br" in request else b"gzip"
        head = b"Content-Encoding: %s\r\nContent-Length: %d\r\n" % (coding, len(body))
        connection.sendall(OK + head + b"Connection: close\r\n\r\n" + body)

    pool = BoundedPool(urllib3.PoolManager(retries=False), 5.0)
    with serving(packed) as port:
        assert pool.request("GET", f"http://127.0.0.1:{port}/").data == b"{}"
        with pytest.raises(AnswerRefused, match="nobody asked for"):
            pool.request("GET", f"http://127.0.0.1:{port}/br")
    pool.clear()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_neither_token_nor_values_elsewhere(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTLINE_INFLUXDB_TOKEN", "planted")
    taken: list[bytes] = []

    def listen(connection: socket.socket, request: bytes) -> None:
        taken.append(request)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with serving(listen) as elsewhere, write_endpoint() as endpoint:
        location = f"http://127.0.0.1:{elsewhere}/api/v2/write"
        endpoint.answer = lambda _: Answer(status, b"", {"Location": location})
        historian = open_historian(endpoint.url)
        with closing(historian), pytest.raises(HistorianRefused, match="check the historian URL"):
            historian.write([SAMPLE])
    assert taken == []


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_a_sign_in_page_that_answers_200_to_a_write_stores_nothing(status: int) -> None:
    with write_endpoint() as endpoint:
        endpoint.answer = lambda _: Answer(status, b"<html>Please sign in</html>")
        with closing(open_historian(endpoint.url)) as historian:
            with pytest.raises(HistorianUnavailable, match="sign-in page"):
                historian.write([SAMPLE])
            endpoint.answer = lambda _: None
            assert historian.write([SAMPLE]).stored == 1


@pytest.mark.parametrize("status", [400, 401, 404, 422, 500, 503])
def test_words_of_a_server_command_no_terminal_and_begin_no_line(status: int) -> None:
    words = "a\x1b[2J\nb\r2026 [info] all is well \u202egnp\x9b"
    with write_endpoint() as endpoint:
        endpoint.answer = lambda _: Answer(status, json.dumps({"message": words}).encode())
        historian = open_historian(endpoint.url)
        with closing(historian), pytest.raises(HistorianError) as told:
            historian.write([SAMPLE] * 20)
    assert str(told.value).isprintable()
    assert "all is well" in str(told.value)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"data":[{"line_number":1e999,"original_line":"x","error_message":"y"}]}',
        b'{"data":[{"line_number":' + b"9" * 5_000 + b"}]}",
        b'{"data":{"a":1}}',
        b'{"error":' + b'{"a":' * 500 + b"1" + b"}" * 501,
        b"\xff\xfe",
        b"null",
        b"",
    ],
    ids=range(8),
)
@pytest.mark.parametrize("status", [400, 500])
def test_a_complaint_of_any_form_is_one_of_our_errors(body: bytes, status: int) -> None:
    with write_endpoint() as endpoint:
        endpoint.answer = lambda _: Answer(status, body)
        historian = open_historian(endpoint.url)
        with closing(historian), pytest.raises(HistorianError):
            historian.write([SAMPLE] * 20)


@pytest.mark.parametrize(
    ("stated", "wait_s"),
    [
        ("-5", 0.0),
        ("nan", 0.0),
        ("1e9", 1e9),
        ("1e999", float("inf")),
        ("soon", None),
        ("Mon, 01 Jan 0000 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:60 -2359", None),
        ("Thu, 01 Jan 1970 00:00:00 -0000", 0.0),
        ("9" * 5_000, float("inf")),
    ],
)
def test_no_wish_to_wait_is_beyond_reading(stated: str, wait_s: float | None) -> None:
    assert _retry_after_s({"Retry-After": stated}) == wait_s


def test_a_wish_to_wait_in_a_zone_of_its_own_is_understood() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90))
    wait_s = _retry_after_s({"Retry-After": later.replace("+0000", "-0000")})
    assert wait_s is not None
    assert 80.0 < wait_s <= 90.0


@pytest.mark.parametrize("stated", ["v" + "9" * 5_000 + "." + "9" * 5_000, "\x1b", "", "1.8"])
def test_any_version_is_one(stated: str) -> None:
    assert _version(stated) >= (1, 8)


_SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
_WORDS = ["results", "series", "columns", "values", "tags", "error", "name"]
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4)
    ),
    max_leaves=15,
)
_ROWS = st.sampled_from([7, 8, 10, 11, 16]).flatmap(
    lambda width: st.lists(st.lists(_SCALARS, min_size=width, max_size=width), max_size=3)
)
_TAGS = st.just({"site": "a", "machine": "b", "tag": "c"})
_ANSWERS = (
    _JSON
    | _JSON.map(lambda held: {"results": [{"series": [held]}]})
    | st.builds(
        lambda rows, tags: {
            "results": [{"series": [{"columns": [], "values": rows, "tags": tags}]}]
        },
        _ROWS,
        _TAGS,
    )
)
_READS: list[Callable[[Historian], object]] = [
    lambda historian: historian.series(),
    lambda historian: list(historian.raw(SERIES, 0, 10)),
    lambda historian: historian.buckets(SERIES, 0, 1_000, 10),
    lambda historian: historian.last([SERIES]),
    lambda historian: historian.gaps(None, 0, 10),
    lambda historian: list(historian.events(None, 0, 10)),
    lambda historian: historian.annotations(None, 0, 10),
]


@settings(max_examples=150, deadline=None)
@given(_ANSWERS, st.sampled_from(_READS))
def test_a_query_answered_by_anything_gives_something_or_one_of_our_errors(
    answer: object, read: Callable[[Historian], object]
) -> None:
    body = json.dumps(answer).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Server, "_call", lambda *_: urllib3.HTTPResponse(body=body, status=200))
        patch.setattr("time.sleep", lambda _: None)
        historian = InfluxHistorian(Address("http://127.0.0.1:1", "pilot"))
        with closing(historian), suppress(HistorianError):
            read(historian)


def test_a_page_too_long_to_read_is_asked_for_in_shorter_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Long texts make pages of megabytes."""
    asked: list[int] = []
    with closing(InfluxHistorian(Address("http://127.0.0.1:1", "pilot"))) as historian:

        def answered(query: str, _: object) -> list[Sample]:
            asked.append(int(query.rpartition(" ")[2]))
            if asked[-1] > 3:
                raise AnswerTooLong("too long")
            return [SAMPLE._replace(source_time_ns=at) for at in range(len(asked), 5)][: asked[-1]]

        monkeypatch.setattr(historian, "_answers", answered)
        assert len(list(historian.raw(SERIES, 0, 100))) >= 1
    assert asked[:2] == [50, 3]
    assert max(asked[1:]) == 3
