"""A server that lies, floods or downgrades reaches no further than its own connection."""

import asyncio
import struct
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.ua_binary import struct_to_binary

from pilotline_edge.browse import BrowseWishes, discover
from pilotline_edge.connection.identity import (
    activate_renewal,
    own_identity,
    prepare_renewal,
)
from pilotline_edge.connection.session import MachineSession, SessionSettings
from pilotline_edge.connection.transport import ReceiveCaps
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import CertificateUntrusted, EndpointRefused, MachineUnreachable
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag
from tests.edge.running import agent, lost, status_of, until

ACKNOWLEDGE = b"ACKF" + struct.pack("<6I", 28, 0, 65535, 65535, 0, 0)
TOKEN = struct.pack("<I", 1)
NONE = b"http://opcfoundation.org/UA/SecurityPolicy#None"


def _opened() -> bytes:
    """Return the answer that opens a secure channel without security."""
    response = ua.OpenSecureChannelResponse()
    response.Parameters.SecurityToken.ChannelId = ua.UInt32(1)
    response.Parameters.SecurityToken.TokenId = ua.UInt32(1)
    response.Parameters.SecurityToken.RevisedLifetime = ua.UInt32(3_600_000)
    response.Parameters.ServerNonce = b""
    security = struct.pack("<I", len(NONE)) + NONE + struct.pack("<ii", -1, -1)
    return _chunk(b"OPNF", security, 1, struct_to_binary(response))


def _chunk(kind: bytes, security: bytes, sequence: int, body: bytes) -> bytes:
    request = 1 if kind.startswith(b"OPN") else 2
    content = struct.pack("<I", 1) + security + struct.pack("<II", sequence, request) + body
    return kind + struct.pack("<I", len(content) + 8) + content


class Flood:
    """A server that answers with chunks of one message without end.

    Attributes:
        sent: bytes the client took.
    """

    def __init__(self, body: bytes) -> None:
        self.sent = 0
        self._body = body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(1000)
            writer.write(ACKNOWLEDGE)
            await reader.read(1000)
            writer.write(_opened())
            await reader.read(10_000)
            sequence = 1
            while not writer.is_closing():
                sequence += 1
                chunk = _chunk(b"MSGC", TOKEN, sequence, self._body)
                writer.write(chunk)
                await writer.drain()
                self.sent += len(chunk)
        except OSError:
            return
        finally:
            writer.transport.abort()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()


async def _open(port: int, tmp_path: Path) -> None:
    session = MachineSession(
        machine(OpcUaMachine.url_at(port), [tag("a")]),
        None,
        TrustStore(tmp_path),
        SessionSettings(request_timeout_s=30.0),
    )
    try:
        await session.open()
    finally:
        await session.close()


@pytest.mark.parametrize(
    ("body_bytes", "at_bytes"),
    [(60_000, ReceiveCaps().max_message_size), (4_000, 4_000 * ReceiveCaps().max_chunk_count)],
)
def test_a_message_without_end_is_cut_at_its_size_or_its_chunks(
    tmp_path: Path, body_bytes: int, at_bytes: int
) -> None:
    flood = Flood(bytes(body_bytes))

    async def work() -> None:
        async with flood.running() as port:
            with pytest.raises(MachineUnreachable):
                await _open(port, tmp_path)

    tracemalloc.start()
    try:
        asyncio.run(asyncio.wait_for(work(), 60.0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert at_bytes * 0.9 < flood.sent < at_bytes + 20_000_000, "what sockets hold is in it"
    assert at_bytes * 0.5 < peak < 2 * ReceiveCaps().max_message_size


def test_a_machine_that_floods_disturbs_no_other_and_is_named(tmp_path: Path) -> None:
    """Within one agent: the flooding machine is cut and tried again, the other read on."""
    flood = Flood(bytes(60_000))

    async def work() -> None:
        historian, data = MemoryHistorian(), tmp_path / "data"
        async with OpcUaMachine(("a", "b")) as mill, flood.running() as port:
            bad = machine(OpcUaMachine.url_at(port), [tag("a")], name="bad")
            read = plant(machine(mill.url, [tag("a"), tag("b")]), bad)
            async with agent(read, historian, data):
                await until(lambda: status_of(data).get("connected") is True)
                writing = asyncio.ensure_future(mill.run(0.05))
                begun = flood.sent
                await until(lambda: flood.sent - begun > 2 * ReceiveCaps().max_message_size)
                writing.cancel()
                await until(lambda: lost(mill.ledger[-2:], historian) == [])
                told = status_of(data, "bad")
                assert status_of(data)["reconnects"] == 0
        assert (told["connected"], told["values"]) == (False, 0)
        assert "a message beyond the limits of this agent" in told["cause"]
        assert len(mill.ledger) > 10
        assert lost(mill.ledger, historian) == []
        assert {gap.machine for gap in historian.gaps(None, 0, 2**62)} <= {"mill-1"}

    asyncio.run(work())


async def _huge_value(tmp_path: Path) -> None:
    """Browse a machine with one value of three megabytes, beyond what asyncua may decode."""
    name: Any = "huge"

    async def furnish(server: Server) -> None:
        node = ua.NodeId(name, ua.Int16(1))
        await server.nodes.objects.add_variable(node, "1:huge", bytes(3_000_000))

    async with OpcUaMachine(("a", "b"), prepare=furnish) as mill:
        session = MachineSession(machine(mill.url, [tag("a")]), None, TrustStore(tmp_path))
        try:
            await session.open()
            found = await discover(session, BrowseWishes())
        finally:
            await session.close()
    assert {each.path[-1].partition(":")[2] for each in found.found} >= {"a", "b"}
    assert [each.reason for each in found.left_out] == ["unreadable: BadResponseTooLarge"]


def test_an_answer_beyond_its_cap_is_not_decoded_and_hides_no_other(tmp_path: Path) -> None:
    asyncio.run(_huge_value(tmp_path))


def test_a_server_without_the_policy_is_refused_and_never_read_unsecured(tmp_path: Path) -> None:
    async def work() -> None:
        async with OpcUaMachine(("a",)) as mill:
            read = machine(mill.url, [tag("a")], security="Basic256Sha256")
            session = MachineSession(read, own_identity(tmp_path / "own"), TrustStore(tmp_path))
            try:
                with pytest.raises(EndpointRefused, match="does not offer SignAndEncrypt"):
                    await session.open()
                assert not session.services_kept
            finally:
                await session.close()

    asyncio.run(work())


async def _secured(tmp_path: Path) -> None:
    async def furnish(server: Server) -> None:
        await server.load_certificate(str(prepared.certificate))
        await server.load_private_key(str(prepared.private_key))
        await server.set_application_uri(prepared.application_uri)

    prepared = own_identity(tmp_path / "server", host="mill")
    policy = (ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,)
    own, store = tmp_path / "own", TrustStore(tmp_path / "pki")
    async with OpcUaMachine(("a",), prepare=furnish, policies=policy) as mill:
        read = machine(mill.url, [tag("a")], security="Basic256Sha256")
        session = MachineSession(read, own_identity(own), store)
        try:
            with pytest.raises(CertificateUntrusted, match="trust accept"):
                await session.open()
            (waiting,) = store.rejected.iterdir()
            trusted = waiting.rename(store.trusted / waiting.name)
            await session.open()
            first = session.client
            session.abort()
            await session.open()
            assert session.client is first, "a lost connection keeps the session"
            prepare_renewal(own)
            activate_renewal(own)
            session.abort()
            await session.open()
            assert session.client is not first, "a renewed certificate begins a new session"
            trusted.rename(store.revoked / trusted.name)
            session.abort()
            with pytest.raises(CertificateUntrusted, match="was revoked here"):
                await session.open()
        finally:
            await session.close()


def test_trust_is_asked_at_each_connection_and_a_renewal_needs_no_restart(tmp_path: Path) -> None:
    asyncio.run(_secured(tmp_path))
