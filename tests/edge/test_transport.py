"""A hostile server gets neither our memory nor our patience."""

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from asyncua import ua

from pilotline_edge.connection.session import MachineSession, SessionSettings
from pilotline_edge.connection.transport import MachineClient, ReceiveCaps
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import CredentialsRefused, MachineUnreachable
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, tag

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

ACKNOWLEDGE = b"ACKF" + struct.pack("<6I", 28, 0, 65535, 65535, 0, 0)


async def _open(serve: Serve, tmp_path: Path, timeout_s: float = 1.0) -> None:
    sessions: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        sessions.add(task)
        try:
            await serve(reader, writer)
        except OSError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    session = MachineSession(
        machine(OpcUaMachine.url_at(port), [tag("a")]),
        None,
        TrustStore(tmp_path),
        SessionSettings(request_timeout_s=timeout_s),
    )
    try:
        await session.open()
    finally:
        await session.close()
        server.close()
        await asyncio.gather(*sessions, return_exceptions=True)


def test_a_chunk_that_announces_gigabytes_is_refused_at_its_header(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(ACKNOWLEDGE)
        await reader.read(1000)
        writer.write(b"OPNF" + struct.pack("<I", 0xFFFF_FFF0))
        for _ in range(10_000):
            writer.write(bytes(65536))
            await writer.drain()

    begun = time.monotonic()
    with pytest.raises(MachineUnreachable):
        asyncio.run(_open(serve, tmp_path, timeout_s=20.0))
    assert time.monotonic() - begun < 10.0, "the connection must be cut at the header"


def test_a_server_that_never_answers_costs_one_timeout(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass

    begun = time.monotonic()
    with pytest.raises(MachineUnreachable, match="does not answer"):
        asyncio.run(_open(serve, tmp_path, timeout_s=0.5))
    assert time.monotonic() - begun < 5.0


def test_noise_is_no_server(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)
        await writer.drain()

    with pytest.raises(MachineUnreachable):
        asyncio.run(_open(serve, tmp_path))


def test_an_acknowledge_cannot_lift_our_limits() -> None:
    caps = ReceiveCaps()
    acknowledge = ua.Acknowledge()
    acknowledge.ReceiveBufferSize = ua.UInt32(8192)
    acknowledge.SendBufferSize = ua.UInt32(2**31)
    acknowledge.MaxMessageSize = acknowledge.MaxChunkCount = ua.UInt32(0)
    caps.update_client_limits(acknowledge)
    assert caps.max_message_size == ReceiveCaps().max_message_size
    assert caps.max_chunk_count == ReceiveCaps().max_chunk_count
    assert caps.max_recv_buffer == ReceiveCaps().max_recv_buffer
    assert caps.max_send_buffer == 8192


def test_an_endless_message_is_cut_at_the_cap() -> None:
    caps = ReceiveCaps(max_message_size=100_000)
    client = MachineClient("opc.tcp://127.0.0.1:1", 1.0, caps)
    protocol = client.uaclient._make_protocol()
    assert protocol._connection._limits.max_message_size == 100_000
    assert not protocol._connection._limits.is_msg_size_within_limit(100_001)


def test_a_password_is_never_sent_in_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTLINE_OPCUA_PASSWORD_MILL_1", "planted")
    read = machine("opc.tcp://127.0.0.1:1/x", [tag("a")], user="edge")
    with pytest.raises(CredentialsRefused, match="readable by everyone"):
        asyncio.run(MachineSession(read, None, TrustStore(tmp_path)).open())


def test_a_missing_password_names_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PILOTLINE_OPCUA_PASSWORD_MILL_1", raising=False)
    read = machine("opc.tcp://127.0.0.1:1/x", [tag("a")], user="edge", security="Basic256Sha256")
    with pytest.raises(CredentialsRefused, match="PILOTLINE_OPCUA_PASSWORD_MILL_1"):
        asyncio.run(MachineSession(read, None, TrustStore(tmp_path)).open())
