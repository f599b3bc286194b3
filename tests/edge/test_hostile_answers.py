"""Whatever a server answers, it costs its own connection and nothing else."""

import asyncio
import math
import struct
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from asyncua import ua
from asyncua.ua import uaerrors

from pilotline_edge.connection import services
from pilotline_edge.connection.batches import BatchSizes
from pilotline_edge.connection.facts import ask_facts
from pilotline_edge.connection.redundancy import Redundancy
from pilotline_edge.connection.redundant_session import stand_by
from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.connection.session import MachineSession, SessionSettings
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import MachineUnreachable
from pilotline_edge.subscription.terms import make_subscription, patience_s
from tests.edge.plants import machine, tag
from tests.edge.running import until
from tests.edge.scripted_server import ScriptedServer

Work = Callable[[MachineSession], Awaitable[None]]
_HEAD = struct.pack("<qII", 133_000_000_000_000_000, 1, 0) + b"\0\xff\xff\xff\xff\0\0\0"
NOTHINGS = 60_000
"""Empty diagnostics, as many as take asyncua almost half a second."""
READ, FAULT = b"\x01\x00\x7a\x02", b"\x01\x00\x8d\x01"
DEEP_VARIANT = b"\x01" + b"\x98\x01\x00\x00\x00" * 5_000 + b"\0"
DEEP_DIAGNOSTICS = struct.pack("<qII", 133_000_000_000_000_000, 1, 0) + b"\x40" * 20_000


def read_response(*values: bytes) -> bytes:
    """Return the body of a read response with these values."""
    return READ + _HEAD + struct.pack("<i", len(values)) + b"".join(values) + b"\xff" * 4


def with_session(server: ScriptedServer, tmp_path: Path, work: Work | None = None) -> None:
    """Open a session with a server and do something with it."""

    async def run() -> None:
        async with server.running():
            read = machine(server.url, [tag("a")])
            settings = SessionSettings(request_timeout_s=5.0)
            session = MachineSession(read, None, TrustStore(tmp_path), settings)
            try:
                await session.open()
                if work is not None:
                    await work(session)
            finally:
                await session.close()

    asyncio.run(asyncio.wait_for(run(), 30.0))


async def longest_hold_s(work: Awaitable[Any]) -> float:
    """Return the longest time that the loop's thread computed at a stretch, in seconds."""
    longest = 0.0

    async def look() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    looking = asyncio.ensure_future(look())
    try:
        await work
    except uaerrors.UaError:
        pass
    finally:
        looking.cancel()
    return longest


def test_the_scripted_server_is_read_when_it_behaves(tmp_path: Path) -> None:
    async def work(session: MachineSession) -> None:
        assert session.services_kept
        assert (await make_subscription(session, 100, 10)).published_s == 0.1

    with_session(ScriptedServer(), tmp_path, work)


@pytest.mark.parametrize(
    "answer",
    [
        read_response(DEEP_VARIANT),
        READ + DEEP_DIAGNOSTICS,
        FAULT + DEEP_DIAGNOSTICS,
        FAULT + _HEAD[:16] + b"\0" + struct.pack("<i", 500_000) + b"\xff" * 2_000_000,
        READ,
        b"",
        b"\x05",
        b"\x02" * 70_000,
        read_response(b"\x01\x3e"),
    ],
    ids=range(9),
)
def test_an_answer_that_cannot_be_read_is_a_reason_and_no_crash(
    tmp_path: Path, answer: bytes
) -> None:
    """Nested for ever, cut short, empty: asyncua raises whatever comes over them."""
    server = ScriptedServer({ua.ReadRequest: lambda _: answer})
    with pytest.raises(MachineUnreachable):
        with_session(server, tmp_path)


def test_an_answer_of_nothings_does_not_hold_up_the_other_machines(tmp_path: Path) -> None:
    server = ScriptedServer()

    async def work(session: MachineSession) -> None:
        body = read_response(b"\0")[:-4] + struct.pack("<i", NOTHINGS) + bytes(NOTHINGS)
        server.answers[ua.ReadRequest] = lambda _: body
        asked = ask_facts(session.services, BatchSizes(100), None)
        assert await longest_hold_s(asked) < 0.2

    with_session(server, tmp_path, work)


def test_ever_so_many_namespaces_are_not_searched_for_each_tag(tmp_path: Path) -> None:
    def read(request: Any) -> Any:  # noqa: ANN401
        response: Any = ua.ReadResponse()
        texts: Any = [f"urn:{n}" for n in range(5_000)]
        held = ua.Variant(texts, ua.VariantType.String)
        response.Results = [ua.DataValue(held) for _ in request.Parameters.NodesToRead]
        return response

    async def work(session: MachineSession) -> None:
        assert session.facts is not None
        assert len(session.facts.namespaces) == 1_000
        assert len(session.facts.build.product) <= 256
        assert session.facts.capacity.items is None

    with_session(ScriptedServer({ua.ReadRequest: read}), tmp_path, work)


def test_a_hundred_thousand_endpoints_are_not_read(tmp_path: Path) -> None:
    server = ScriptedServer()

    def many(_: object) -> Any:  # noqa: ANN401
        response = server._createsession()
        response.Parameters.ServerEndpoints = [server.endpoint()] * 5_000
        return response

    server.answers[ua.CreateSessionRequest] = many
    with pytest.raises(MachineUnreachable, match="BadResponseTooLarge"):
        with_session(server, tmp_path)


def test_an_endpoint_without_an_address_is_no_crash(tmp_path: Path) -> None:
    server = ScriptedServer()

    def bare(_: object) -> Any:  # noqa: ANN401
        response = server._createsession()
        response.Parameters.ServerEndpoints[0].EndpointUrl = None
        return response

    server.answers[ua.CreateSessionRequest] = bare
    with pytest.raises(MachineUnreachable, match="what OPC UA does not know"):
        with_session(server, tmp_path)


def test_another_message_than_the_one_that_was_due_is_no_crash(tmp_path: Path) -> None:
    fault: Any = ua.ServiceFault()
    server = ScriptedServer({ua.OpenSecureChannelRequest: lambda _: fault})
    with pytest.raises(MachineUnreachable):
        with_session(server, tmp_path)


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_an_answer_nobody_asked_for_cuts_the_connection_and_is_not_logged(
    tmp_path: Path, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    server = ScriptedServer()

    async def work(session: MachineSession) -> None:
        protocol = session.client.uaclient.protocol
        assert protocol is not None
        server.send(b"MSGF", 4711, b"\x1b" * size)
        await until(lambda: protocol.is_closed)

    with structlog.testing.capture_logs() as logs:
        with_session(server, tmp_path, work)
    assert [each["request"] for each in logs if "unasked" in each["event"]] == [4711]
    assert "x1b" not in caplog.text
    assert len(caplog.text) < 10_000


def test_aborted_messages_without_end_are_cut_before_they_fill_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = ScriptedServer()

    async def work(session: MachineSession) -> None:
        protocol = session.client.uaclient.protocol
        assert protocol is not None
        reason = struct.pack("<Ii", 0x8000_0000, -1)
        for _ in range(5_000):
            server.send(b"MSGA", 9, reason)
        await until(lambda: protocol.is_closed)

    with_session(server, tmp_path, work)
    assert sum("aborted" in each.message for each in caplog.records) <= 16


def test_keys_that_expire_at_once_are_not_renewed_without_a_pause(tmp_path: Path) -> None:
    server = ScriptedServer(lifetime_ms=0)

    async def work(session: MachineSession) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.renew_channel(), 1.0)
        assert server.asked.count(ua.OpenSecureChannelRequest) <= 2

    with_session(server, tmp_path, work)


def test_keys_are_asked_for_as_long_as_we_want_them_on_each_connection(tmp_path: Path) -> None:
    """By itself asyncua asks for what was granted the time before: once nothing, then nothing."""
    lifetimes: list[int] = []
    server = ScriptedServer(lifetime_ms=1_000)

    def opened(request: Any) -> Any:  # noqa: ANN401
        lifetimes.append(request.Parameters.RequestedLifetime)
        return server._opensecurechannel()

    server.answers[ua.OpenSecureChannelRequest] = opened

    async def work(session: MachineSession) -> None:
        session.abort()
        await session.open()

    with_session(server, tmp_path, work)
    assert lifetimes == [3_600_000, 3_600_000]


@pytest.mark.parametrize("interval", [math.nan, math.inf, -math.inf, 0.0, -100.0, 1e300, 1e-300])
@pytest.mark.parametrize("keep_alives", [0, 1, 2**32 - 1])
def test_no_terms_of_a_subscription_let_a_server_fall_silent_unnoticed(
    tmp_path: Path, interval: float, keep_alives: int
) -> None:
    server = ScriptedServer()

    def absurd(_: object) -> Any:  # noqa: ANN401
        response = server._createsubscription()
        response.Parameters.RevisedPublishingInterval = interval
        response.Parameters.RevisedMaxKeepAliveCount = ua.UInt32(keep_alives)
        return response

    server.answers[ua.CreateSubscriptionRequest] = absurd

    async def work(session: MachineSession) -> None:
        _, published_s, granted = await make_subscription(session, 500, 10)
        assert 1.0 <= patience_s(published_s, granted, 0.5) <= 601.0

    with_session(server, tmp_path, work)


def test_a_slow_subscription_that_was_asked_for_is_waited_for() -> None:
    assert patience_s(3_600.0, 1, 3_600.0) == 7_201.0


@pytest.mark.parametrize("limit", [-5, "many", True, 2**32 - 1, None, [3]])
def test_limits_that_make_no_sense_are_none(tmp_path: Path, limit: Any) -> None:  # noqa: ANN401
    """A negative one had the browse ask for nothing, for ever."""
    server = ScriptedServer()

    def read(request: Any) -> Any:  # noqa: ANN401
        response: Any = ua.ReadResponse()
        response.Results = [ua.DataValue(ua.Variant(limit)) for _ in request.Parameters.NodesToRead]
        return response

    async def work(session: MachineSession) -> None:
        server.answers[ua.ReadRequest] = read
        asking = await BatchedServices.of(session)
        assert (asking._browsed, asking._read) == (100, 100)

    with_session(server, tmp_path, work)


def test_a_node_whose_references_never_end_is_left(tmp_path: Path) -> None:
    server = ScriptedServer()
    reference: Any = ua.ReferenceDescription()
    reference.NodeId = ua.ExpandedNodeId(ua.Int32(85))
    page: Any = ua.BrowseResult()
    page.ContinuationPoint, page.References = b"more", [reference] * 500
    first, following = ua.BrowseResponse(), ua.BrowseNextResponse()
    first.Results = following.Parameters.Results = [page]

    async def work(session: MachineSession) -> None:
        server.answers[ua.BrowseRequest] = lambda _: first
        server.answers[ua.BrowseNextRequest] = lambda _: following
        browsing = BatchedServices(session, 100, 100)
        ((found, problem),) = await browsing.references([ua.NodeId(ua.Int32(84))], 33)
        assert 1_000 < len(found) <= 3_000
        assert "references" in problem
        assert server.asked[-1] is ua.BrowseNextRequest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "_MOST_REFERENCES", 1_000)
        with_session(server, tmp_path, work)


def test_what_a_watched_server_answers_does_not_end_the_reading_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        redundancy = Redundancy(["opc.tcp://127.0.0.1:1", "opc.tcp://127.0.0.1:2"])
        session = MachineSession(
            machine("opc.tcp://127.0.0.1:2", [tag("a")]), None, TrustStore(tmp_path)
        )

        async def opened(_: MachineSession) -> None:
            raise RecursionError("too deep")

        monkeypatch.setattr(MachineSession, "open", opened)
        watch = asyncio.ensure_future(stand_by(session, redundancy))
        await asyncio.sleep(0.05)
        assert not watch.done()
        problem = redundancy.standings["opc.tcp://127.0.0.1:2"].problem
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        assert problem == "RecursionError: too deep"

    asyncio.run(work())
