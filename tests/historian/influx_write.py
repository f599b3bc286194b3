"""A write endpoint of InfluxDB 2.x, strict about the rules, that misbehaves on demand."""

import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.historian.line_protocol import BadLineError, FieldValue, Point, parse_line, split_lines

Identity = tuple[str, tuple[tuple[str, str], ...], int]


@dataclass
class Answer:
    """What to answer to a write instead of storing it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Endpoint:
    """The state of the endpoint, for tests to look at and to set.

    Attributes:
        points: what is stored.
        requests: number of lines of each write that came, in order.
        bodies: sizes of the writes that came, uncompressed.
        largest_body: a larger one is answered 413.
        store_the_rest: whether the good lines of a body with a bad one are stored.
        bad_status: 400 or 422.
        is_bad: which parsed points are refused as conflicts.
        answer: given the lines of a write, an answer instead of storing them, or None.
        delay_s: before an answer.
        reset: whether the connection is reset instead of answering.
        token: the only one taken, or empty.
        version: what `/ping` tells.
        query_answers: bodies to answer to queries, one after the other.
        administration: answers to requests that set up buckets, by path and method.
        administered: such requests as they came: method, path, body.
    """

    port: int = 0
    points: dict[Identity, dict[str, FieldValue]] = field(default_factory=dict)
    requests: list[int] = field(default_factory=list)
    bodies: list[int] = field(default_factory=list)
    queries: list[dict[str, list[str]]] = field(default_factory=list)
    largest_body: int = 2**30
    store_the_rest: bool = True
    bad_status: int = 422
    is_bad: Callable[[Point], bool] = lambda point: False
    answer: Callable[[list[str]], Answer | None] = lambda lines: None
    delay_s: float = 0.0
    reset: bool = False
    token: str = ""
    version: str = "v2.7.6"
    query_answers: list[bytes] = field(default_factory=list)
    administration: dict[str, dict[str, Answer]] = field(default_factory=dict)
    administered: list[tuple[str, str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"influxdb://127.0.0.1:{self.port}/pilot?org=institute"

    def write(self, body: bytes) -> Answer:
        lines = split_lines(body.decode())
        self.requests.append(len(lines))
        self.bodies.append(len(body))
        told = self.answer(lines)
        if told is not None:
            return told
        if len(body) > self.largest_body:
            return Answer(413, b'{"code":"request too large","message":"too large"}')
        good, faults = self._sorted_out(lines)
        if not faults or self.store_the_rest:
            for point in good:
                identity = (point.measurement, tuple(sorted(point.tags.items())), point.time_ns)
                self.points.setdefault(identity, {}).update(point.fields)
        if not faults:
            return Answer(204)
        message = f"partial write: {faults[0]} dropped={len(faults)}"
        return Answer(self.bad_status, json.dumps({"code": "invalid", "message": message}).encode())

    def _sorted_out(self, lines: list[str]) -> tuple[list[Point], list[str]]:
        good, faults = [], []
        for line in lines:
            try:
                point = parse_line(line)
            except BadLineError as error:
                faults.append(str(error))
                continue
            if self.is_bad(point):
                faults.append(f"field type conflict: {point.tags}")
            else:
                good.append(point)
        return good, faults


@contextmanager
def write_endpoint() -> Iterator[Endpoint]:
    """Serve an endpoint until the block ends."""
    endpoint = Endpoint()

    class Handler(_Handler):
        pass

    Handler.endpoint = endpoint
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    endpoint: Endpoint
    protocol_version = "HTTP/1.1"
    timeout = 5
    wbufsize = 2**16

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/api/"):
            self._send(self._administered("GET", parts.path, b""))
            return
        self._send(Answer(204, headers={"X-Influxdb-Version": self.endpoint.version}))

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(self._administered("PATCH", urlsplit(self.path).path, body))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.endpoint.delay_s)
        if self.endpoint.reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return
        self._send(self._answer(body))

    def _answer(self, body: bytes) -> Answer:
        parts = urlsplit(self.path)
        self.endpoint.queries.append(parse_qs(parts.query))
        if self.endpoint.token and self.headers["Authorization"] != f"Token {self.endpoint.token}":
            return Answer(401, b'{"code":"unauthorized","message":"unauthorized access"}')
        if parts.path == "/query" and self.endpoint.query_answers:
            return Answer(200, self.endpoint.query_answers.pop(0))
        if parts.path in self.endpoint.administration:
            return self._administered("POST", parts.path, body)
        if parts.path != "/api/v2/write":
            return Answer(404, b'{"code":"not found","message":"path not found"}')
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return self.endpoint.write(body)

    def _administered(self, method: str, path: str, body: bytes) -> Answer:
        answers = self.endpoint.administration.get(path, {})
        if method not in answers:
            return Answer(404, b'{"code":"not found","message":"path not found"}')
        self.endpoint.administered.append((method, path, json.loads(body) if body else None))
        return answers[method]

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError):
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except (ConnectionError, ValueError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401
        """Keep quiet."""
