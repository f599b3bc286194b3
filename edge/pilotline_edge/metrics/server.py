"""Server: metrics and health of an agent over HTTP, in a thread of its own."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app

from pilotline_edge.errors import AddressTaken
from pilotline_edge.metrics.collector import AgentCollector
from pilotline_edge.status.overview import Overview

log = structlog.get_logger("pilotline.edge")

_CLIENT_PATIENCE_S = 5.0
_LOOK_S = 0.2
_WHOLE_S = 10.0
_MOST_CLIENTS = 32
_ENDS_WITHIN_S = 1.0

Environment = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class MetricsAddress:
    """Where metrics and health are served.

    Attributes:
        port: TCP port, 0 for a free one.
        host: address to listen on; loopback unless others shall see the figures.
    """

    port: int
    host: str = "127.0.0.1"


class _Handler(WSGIRequestHandler):
    """Logs no request and gives up on a client that says nothing."""

    timeout = _CLIENT_PATIENCE_S

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a supervisor asks every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    """Answers each client in a thread, so that a slow one delays no other.

    Characteristics
        clients: at most 32 at once; one more, and the one that takes longest is cut, so that
            whoever fills them all keeps no supervisor out
        time: a client that is not through within 10 s is cut, however often it says something
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - the library's
        self._served: dict[socket.socket, threading.Timer] = {}
        self._ending: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(*given, **named)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's
        """Answer a client in a thread of its own."""
        watch = threading.Timer(_WHOLE_S, _cut, (request,))
        watch.daemon = True
        with self._changed:
            if len(self._served) >= _MOST_CLIENTS:
                self._end(next(iter(self._served)))
            self._served[request] = watch
        watch.start()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the library's
        """End with a client."""
        super().shutdown_request(request)
        with self._changed:
            watch = self._served.pop(request, None)
            self._ending.discard(request)
            self._changed.notify_all()
        if watch is not None:
            watch.cancel()

    def server_close(self) -> None:
        """End with all clients."""
        super().server_close()
        with self._changed:
            for request in list(self._served):
                self._end(request)
            self._changed.wait_for(lambda: not self._ending, _ENDS_WITHIN_S)

    def _end(self, request: socket.socket) -> None:
        self._served.pop(request).cancel()
        self._ending.add(request)
        _cut(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's
        """Say what broke, but not that a client went away."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            log.error("edge.metrics_failed", reason=repr(error))


def _cut(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class Pages:
    """``/metrics`` for Prometheus, ``/live`` and ``/ready`` for whoever starts agents.

    ``/live`` fails when the agent must be started anew, ``/ready`` when it can take and keep no
    values; both name the reason.
    """

    def __init__(self, overview: Overview) -> None:
        registry = CollectorRegistry()
        registry.register(AgentCollector(overview))
        ProcessCollector(registry=registry)
        self._metrics: Callable[..., Iterable[bytes]] = make_wsgi_app(registry)
        self._health = {"/live": overview.hangs, "/ready": overview.not_ready}

    def __call__(self, environment: Environment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request, without telling which Python answers."""

        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:  # noqa: ANN401 - WSGI
            return start(status, [*headers, ("Server", "pilotline-edge")], *more)

        return self._answered(environment, begin)

    def _answered(self, environment: Environment, start: StartResponse) -> Iterable[bytes]:
        path = environment.get("PATH_INFO", "")
        if environment.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return _answer(start, "405 Method Not Allowed", {"error": "only GET is known here"})
        if path == "/metrics":
            return self._metrics(environment, start)
        look = self._health.get(path)
        if look is None:
            return _answer(start, "404 Not Found", {"error": "try /metrics, /live or /ready"})
        if reason := look():
            return _answer(start, "503 Service Unavailable", {"ok": False, "reason": reason})
        return _answer(start, "200 OK", {"ok": True})


def _answer(start: StartResponse, status: str, body: dict[str, Any]) -> list[bytes]:
    data = json.dumps(body).encode() + b"\n"
    start(
        status,
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
        ],
    )
    return [data]


@contextmanager
def observed(overview: Overview, address: MetricsAddress | None) -> Iterator[None]:
    """Serve metrics and health while the block runs; without an address, nothing.

    Raises:
        AddressTaken: the address cannot be listened on.
    """
    if address is None:
        yield
        return
    try:
        server = make_server(address.host, address.port, Pages(overview), _Server, _Handler)
    except OSError as error:
        raise AddressTaken(
            f"metrics cannot be served on {address.host}:{address.port} ({error.strerror}); "
            "choose another --metrics-port or --metrics-host"
        ) from error
    thread = threading.Thread(
        target=server.serve_forever, args=(_LOOK_S,), name="pilotline-metrics", daemon=True
    )
    thread.start()
    log.info("edge.metrics_served", host=address.host, port=server.server_port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
