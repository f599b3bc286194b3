"""A write endpoint of InfluxDB 2.x, strict about the rules, that misbehaves on demand."""

import gzip
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.historian.line_protocol import BadLineError, FieldValue, Point, parse_line, split_lines

Fault = tuple[int, str, str]
"""A bad line's number from 1, its text, and what is wrong with it."""

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
        tag_sets: of InfluxDB 3, the tags that each measurement has for ever.
        reset: whether the connection is reset instead of doing anything.
        cut: after how many bytes of an answer the connection is reset, or None.
        line_numbers: whether bad lines are listed as InfluxDB 3 does.
        token: the only one taken, or empty.
        token_word: what must go before it.
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
    tag_sets: dict[str, set[str]] = field(default_factory=dict)
    reset: bool = False
    cut: int | None = None
    line_numbers: bool = False
    token: str = ""
    token_word: str = "Token"
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
        if self.line_numbers:
            return self._partial(faults)
        message = f"partial write: {faults[0][2]} dropped={len(faults)}"
        return Answer(self.bad_status, json.dumps({"code": "invalid", "message": message}).encode())

    def _new_tags(self, point: Point) -> set[str]:
        """Return the tags that InfluxDB 3 does not take after a measurement's first point."""
        if not self.version.startswith("3"):
            return set()
        return point.tags.keys() - self.tag_sets.setdefault(point.measurement, set(point.tags))

    def _partial(self, faults: list[Fault]) -> Answer:
        """Answer as InfluxDB 3 does, which names lines counted from 1."""
        listed = [
            {"original_line": line, "line_number": number, "error_message": reason}
            for number, line, reason in faults
        ]
        told = {"error": "partial write of line protocol occurred", "data": listed}
        return Answer(400, json.dumps(told).encode())

    def _sorted_out(self, lines: list[str]) -> tuple[list[Point], list[Fault]]:
        good, faults = [], []
        for number, line in enumerate(lines, 1):
            try:
                point = parse_line(line)
            except BadLineError as error:
                faults.append((number, line, str(error)))
                continue
            if self.is_bad(point):
                faults.append((number, line, f"field type conflict: {point.tags}"))
            elif new := self._new_tags(point):
                faults.append(
                    (number, line, f"Detected a new tag {new} in write. The tag set is immutable")
                )
            else:
                good.append(point)
        return good, faults


@contextmanager
def write_endpoint(tls: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    """Serve an endpoint until the block ends, over TLS where a context is given."""
    endpoint = Endpoint()

    class Handler(_Handler):
        pass

    Handler.endpoint = endpoint
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
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
        if parts.path.startswith("/api/") or parts.path in self.endpoint.administration:
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
            self._reset()
            return
        answer = self._answer(body)
        if self.endpoint.cut is None:
            self._send(answer)
            return
        stream, self.wfile = self.wfile, BytesIO()
        self._send(answer)
        stream.write(self.wfile.getvalue()[: self.endpoint.cut])
        stream.flush()
        self.wfile = stream
        time.sleep(0.02 if self.endpoint.cut else 0)
        self._reset()

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def _answer(self, body: bytes) -> Answer:
        parts = urlsplit(self.path)
        self.endpoint.queries.append(parse_qs(parts.query))
        if not self._known():
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

    def _known(self) -> bool:
        wanted = f"{self.endpoint.token_word} {self.endpoint.token}"
        return not self.endpoint.token or self.headers["Authorization"] == wanted

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
