"""Connections that send slowly are cut, and harm nobody who does not."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from pilotline_api.accounts.models import Role
from pilotline_api.kit.prompt_requests import PromptRequests
from tests.api.live.running import RunningApi, stream
from tests.api.world import ask

DEADLINE_S = 0.6


@pytest.fixture(autouse=True)
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PromptRequests, "RECEIVED_WITHIN_S", DEADLINE_S)


@contextmanager
def connection(api: RunningApi) -> Iterator[socket.socket]:
    address = urlsplit(api.address)
    with socket.create_connection((address.hostname or "", address.port or 0)) as opened:
        opened.settimeout(5)
        yield opened


def cut_after_s(opened: socket.socket, *parts: bytes, pause_s: float = 0.1) -> float:
    """Send parts with pauses; return how long it took to be cut."""
    started = time.monotonic()
    try:
        for part in parts:
            opened.sendall(part)
            time.sleep(pause_s)
        while opened.recv(4096):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - started


def test_a_head_that_trickles_in_is_cut(api: RunningApi) -> None:
    with connection(api) as opened:
        drops = [b"GET /api/v1/live HTTP/1.1\r\n", *([b"X-Slow: 1\r\n"] * 30)]
        assert DEADLINE_S - 0.1 < cut_after_s(opened, *drops) < DEADLINE_S + 1


def test_a_connection_that_says_nothing_is_cut(api: RunningApi) -> None:
    with connection(api) as opened:
        assert DEADLINE_S - 0.1 < cut_after_s(opened) < DEADLINE_S + 1


def test_a_body_that_trickles_in_is_cut(api: RunningApi) -> None:
    head = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    with connection(api) as opened:
        assert DEADLINE_S - 0.1 < cut_after_s(opened, head, *([b"x"] * 30)) < DEADLINE_S + 1


def test_a_second_request_on_a_connection_has_a_deadline_too(api: RunningApi) -> None:
    with connection(api) as opened:
        opened.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert opened.recv(4096).startswith(b"HTTP/1.1 200")
        time.sleep(DEADLINE_S + 0.3)
        drops = [b"GET /api/v1/live HTTP/1.1\r\n", *([b"X-Slow: 1\r\n"] * 30)]
        assert DEADLINE_S - 0.1 < cut_after_s(opened, *drops) < DEADLINE_S + 1


def test_two_hundred_slow_connections_keep_nobody_waiting(api: RunningApi) -> None:
    browser = api.client()
    with ExitStack() as held:
        for _ in range(200):
            held.enter_context(connection(api)).sendall(b"GET /api/v1/live HTTP/1.1\r\nX-")
        waits = []
        for _ in range(20):
            started = time.monotonic()
            assert browser.get("/live").status_code == 200
            waits.append(time.monotonic() - started)

    assert max(waits) < 1


def test_streams_outlive_the_deadline(api: RunningApi) -> None:
    with stream(api.browser(Role.OPERATOR)) as reader:
        reader.next("snapshot")
        time.sleep(DEADLINE_S + 0.3)
        ask(api.browser(Role.CUSTOMER, "nordbeton"))
        assert reader.next("run")["status"] == "requested"
