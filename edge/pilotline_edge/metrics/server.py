"""Server: metrics and health of an agent over HTTP, in a thread of its own."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
    """Answers each client in a thread, so that a slow one delays no other."""

    daemon_threads = True


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
        """Answer one request."""
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
