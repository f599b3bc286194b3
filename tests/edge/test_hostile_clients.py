"""Whoever reaches the agent's port or its folder gets no more than what is meant for them."""

import os
import socket
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest

from pilotline_edge.connection.identity import own_identity
from pilotline_edge.journal import Journal
from pilotline_edge.lease import Lease
from pilotline_edge.metrics import MetricsAddress, observed, server
from pilotline_edge.status.overview import Overview
from pilotline_edge.status.status import write_status
from tests.edge.opcua_machine import free_port
from tests.edge.test_metrics import ask, overview

__all__ = ["overview"]


def idle(port: int, said: bytes = b"GET /live HT") -> socket.socket:
    """Return a client that never ends its question."""
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(said)
    return client


def test_a_hundred_clients_that_say_nothing_keep_no_supervisor_out(overview: Overview) -> None:
    port = free_port()
    with observed(overview, MetricsAddress(port)):
        clients = [idle(port) for _ in range(100)]
        begun = time.monotonic()
        status, _ = ask(port, "/live")
        assert status == 200
        assert time.monotonic() - begun < 5.0
        for client in clients:
            client.close()


def test_a_client_that_says_a_little_now_and_then_is_cut(
    overview: Overview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_WHOLE_S", 0.3)
    port = free_port()
    with observed(overview, MetricsAddress(port)), closing(idle(port)) as client:
        client.settimeout(0.05)
        assert any(_ended(client) for _ in range(100))


def _ended(client: socket.socket) -> bool:
    """Say a little more and return whether the connection is over."""
    try:
        client.sendall(b"x")
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /live HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"431"),
        (b"DELETE /metrics HTTP/1.1\r\n\r\n", b"405"),
        (b"GET http://elsewhere.example/live HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", b"404"),
        (b"\x16\x03\x01\x02\x00\x01", b""),
    ],
    ids=range(6),
)
def test_questions_of_any_form_are_answered_or_dropped(
    overview: Overview, said: bytes, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_WHOLE_S", 0.5)
    port = free_port()
    with observed(overview, MetricsAddress(port)), closing(idle(port, said)) as client:
        client.settimeout(5.0)
        told = client.recv(65_536)
        assert answer in told.partition(b"\r\n")[0]
        assert b"CPython" not in told.partition(b"Server:")[2] or answer in (b"414", b"431")
        assert ask(port, "/live")[0] == 200


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_journal_and_what_lies_beside_it_are_readable_by_the_agent_alone(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        key = own_identity(tmp_path / "own").private_key
        journal = Journal.open(tmp_path / "journal.sqlite", [])
        modes = {mode(each) for each in tmp_path.glob("journal.sqlite*")}
        journal.close()
    finally:
        os.umask(before)
    assert mode(key) == 0o600
    assert modes == {0o600}


def test_a_link_laid_in_the_data_directory_leads_nowhere(tmp_path: Path) -> None:
    victim, data = tmp_path / "victim", tmp_path / "data"
    victim.write_text("precious")
    (data / "own").mkdir(parents=True)
    for name in ("agent.lock", "status.tmp", "own/private-key.pem"):
        (data / name).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"), Lease(data):
        pass
    write_status(data, {"machines": []})
    assert own_identity(data / "own").private_key.read_bytes().startswith(b"-----BEGIN")
    assert victim.read_text() == "precious"
