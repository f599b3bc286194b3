"""Transport: asyncua's socket protocol with limits that a hostile server cannot lift."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Any

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.common.connection import TransportLimits
from asyncua.common.shortcuts import Shortcuts
from asyncua.common.utils import Buffer, wait_for
from asyncua.crypto.security_policies import SecurityPolicy
from asyncua.ua import uaerrors
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import nodeid_from_binary, uatcp_to_binary

import pilotline_edge.asyncua_guards  # noqa: F401 - before anything is decoded
from pilotline_edge.connection.capped_session import CappedSession, judged_by_asyncua

log = structlog.get_logger("pilotline.edge")

_SIZE = struct.Struct("<I")
_HEADER_BYTES = 8
_HELLO: Any = ua.MessageType.Hello  # asyncua annotates its constants as what they are not
_SECURE_MESSAGE: Any = ua.MessageType.SecureMessage
_TCP_USER_TIMEOUT_MS = 10_000
_CHUNK_TYPE = 3
_ABORTED = ord("A")
_MOST_ABORTED = 16
_MOST_ENDPOINTS_BYTES = 256 * 1024
_OF_ENDPOINTS = (ua.GetEndpointsRequest, ua.CreateSessionRequest)
_FAULT = ua.NodeId(ua.Int32(ObjectIds.ServiceFault_Encoding_DefaultBinary))


@dataclass
class ReceiveCaps(TransportLimits):
    """What we accept from a server.

    asyncua's client starts without caps and then copies whatever the server's Acknowledge says
    over them, with sending and receiving swapped (`TransportLimits.update_client_limits`): a
    hostile server lifts every limit with zeros. Here the Acknowledge only bounds what we *send*.

    asyncua makes seventy bytes and up to seven microseconds of each byte of an array of nothings:
    `max_decoded_size` is for answers that it decodes on the loop (but those that list endpoints
    with their certificates: 256 KiB), `max_answer_size` for those that are decoded aside.
    """

    max_recv_buffer: int = 65_536
    max_send_buffer: int = 65_535
    max_chunk_count: int = 2_048
    max_message_size: int = 16 * 1024 * 1024
    max_decoded_size: int = 32 * 1024
    max_answer_size: int = 2 * 1024 * 1024

    def update_client_limits(self, msg: ua.Acknowledge) -> None:
        """Bound our sending by what the server says it can receive."""
        if msg.ReceiveBufferSize:
            self.max_send_buffer = min(self.max_send_buffer, int(msg.ReceiveBufferSize))


class FramedProtocol(UASocketProtocol):
    """Cuts the byte stream into message chunks and refuses oversized ones at their header.

    asyncua collects a whole announced chunk (up to 4 GiB) before it looks at its size, and copies
    all it has collected on each arrival. It logs every aborted message, for ever, and an answer
    that nobody asked for with all its bytes.

    Characteristics
        buffered: at most one chunk of `ReceiveCaps.max_recv_buffer` bytes
        policy when full: the connection is cut
        aborted messages: 16 on one connection, then it is cut
    """

    def __init__(
        self, timeout_s: float, security_policy: SecurityPolicy, caps: ReceiveCaps
    ) -> None:
        super().__init__(timeout_s, security_policy=security_policy, limits=caps)
        self._caps = caps
        self._pending = bytearray()
        self._aborted = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Bound how long sent bytes may stay unconfirmed, so a half-open link is noticed."""
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _TCP_USER_TIMEOUT_MS)

    def data_received(self, data: bytes) -> None:
        """Hand every complete chunk on."""
        self._pending += data
        while len(self._pending) >= _HEADER_BYTES:
            (size,) = _SIZE.unpack_from(self._pending, 4)
            if not _HEADER_BYTES <= size <= self._caps.max_recv_buffer:
                log.warning("edge.chunk_refused", size=size, cap=self._caps.max_recv_buffer)
                self.abort()
                return
            if len(self._pending) < size:
                return
            chunk = bytes(self._pending[:size])
            del self._pending[:size]
            self._aborted += chunk[_CHUNK_TYPE] == _ABORTED
            if self._aborted > _MOST_ABORTED:
                log.warning("edge.aborts_refused", count=self._aborted)
                self.abort()
                return
            self._process_received_data(chunk)
            if self.transport is None or self.transport.is_closing():
                return

    async def send_request(
        self,
        request: Any,  # noqa: ANN401 - asyncua's requests share no base
        timeout: float | None = None,  # noqa: ASYNC109 - asyncua's signature
        message_type: ua.MessageType = _SECURE_MESSAGE,
    ) -> Buffer:
        """Send a request and return the answer's body for asyncua to decode on the loop.

        Raises:
            BadResponseTooLarge: the answer is above `ReceiveCaps.max_decoded_size`.
            BadDecodingError: its head is none that asyncua understands.
            ConnectionError: the transport is gone.
        """
        body = await self._answered(request, timeout, message_type)
        listed = isinstance(request, _OF_ENDPOINTS)
        _check_size(body, _MOST_ENDPOINTS_BYTES if listed else self._caps.max_decoded_size)
        return body

    async def request(self, request: Any) -> Buffer:  # noqa: ANN401 - asyncua's requests share no base
        """Send a request and return the answer's body, to be decoded aside.

        Raises:
            BadResponseTooLarge: the answer is above `ReceiveCaps.max_answer_size`.
            BadDecodingError: its head is none that asyncua understands.
            ConnectionError: the transport is gone.
        """
        body = await self._answered(request, None)
        _check_size(body, self._caps.max_answer_size)
        return body

    async def ask(self, request: Any, timeout_s: float) -> Buffer:  # noqa: ANN401 - asyncua's requests share no base
        """Send a request and return the answer's body, however long, for a decoder of our own."""
        return await self._answered(request, timeout_s)

    async def _answered(
        self,
        request: Any,  # noqa: ANN401 - asyncua's requests share no base
        timeout_s: float | None,
        message_type: ua.MessageType = _SECURE_MESSAGE,
    ) -> Buffer:
        with judged_by_asyncua():
            return await super().send_request(request, timeout_s, message_type)

    def check_answer(self, data: Buffer, context: str) -> bool:
        """Raise what a service fault says; one beyond all measure is not read."""
        if len(data) > self._caps.max_decoded_size and nodeid_from_binary(data.copy()) == _FAULT:
            raise uaerrors.BadResponseTooLarge
        return super().check_answer(data, context)

    def _call_callback(self, request_id: int, body: Buffer | ua.Acknowledge) -> None:
        if request_id not in self._callbackmap:
            log.warning("edge.unasked_answer_refused", request=request_id)
            self.abort()
            return
        super()._call_callback(request_id, body)

    def abort(self) -> None:
        """Drop the connection at once; a frozen peer would never let a close finish."""
        self._pending.clear()
        if self.transport is not None:
            self.transport.abort()

    async def send_hello(
        self, url: str, max_messagesize: int = 0, max_chunkcount: int = 0
    ) -> ua.Acknowledge:
        """Say hello with our real limits, where asyncua announces 2 GiB buffers."""
        del max_messagesize, max_chunkcount
        hello = ua.Hello()
        hello.EndpointUrl = ua.String(url)
        hello.ReceiveBufferSize = ua.UInt32(self._caps.max_recv_buffer)
        hello.SendBufferSize = ua.UInt32(self._caps.max_send_buffer)
        hello.MaxMessageSize = ua.UInt32(self._caps.max_message_size)
        hello.MaxChunkCount = ua.UInt32(self._caps.max_chunk_count)
        if self.transport is None:
            raise ConnectionError("the connection is not open")
        acknowledge: asyncio.Future[ua.Acknowledge] = asyncio.get_running_loop().create_future()
        self._callbackmap[0] = acknowledge
        self.transport.write(uatcp_to_binary(_HELLO, hello))
        return await wait_for(acknowledge, self.timeout)


class CappedUaClient(UaClient):
    """asyncua's low-level client on `FramedProtocol`."""

    protocol: FramedProtocol | None

    def __init__(self, timeout_s: float, caps: ReceiveCaps) -> None:
        super().__init__(timeout_s)
        self._caps = caps
        self.session = CappedSession(self)

    def _make_protocol(self) -> FramedProtocol:
        protocol = FramedProtocol(self._timeout, self.security_policy, self._caps)
        protocol.on_connection_lost = self._on_transport_lost
        protocol.is_session_closing = self._is_session_closing
        self.protocol = protocol
        return protocol

    def abort(self) -> None:
        """Drop the transport at once and forget it; the session may be reactivated later."""
        protocol = self.protocol
        if protocol is not None:
            protocol.abort()
        self.disconnect_socket()

    async def ask(self, request: Any, timeout_s: float = 0.0) -> Buffer:  # noqa: ANN401 - asyncua's requests share no base
        """Send a request and return the answer's undecoded body.

        Args:
            request: an OPC UA request.
            timeout_s: longest wait for the answer, 0 for as long as the connection lasts.

        Raises:
            ConnectionError: the transport is gone.
        """
        if self.protocol is None:
            raise ConnectionError("the connection is not open")
        return await self.protocol.ask(request, timeout_s)

    async def request(self, request: Any) -> Buffer:  # noqa: ANN401 - asyncua's requests share no base
        """Send a request and return the undecoded body of an answer of bounded size.

        Raises:
            BadResponseTooLarge: the answer is above `ReceiveCaps.max_decoded_size`.
            ConnectionError: the transport is gone.
        """
        if self.protocol is None:
            raise ConnectionError("the connection is not open")
        return await self.protocol.request(request)


def _check_size(body: Buffer, most: int) -> None:
    if len(body) > most:
        log.warning("edge.answer_refused", size=len(body), cap=most)
        raise uaerrors.BadResponseTooLarge


class MachineClient(Client):
    """asyncua's client without its supervisor, watchdogs and unlimited transport.

    Only its single steps are used (socket, hello, channel, session). Its own reconnection
    republishes for ever against some servers, transfers subscriptions it already owns, and
    forgets monitored items after a second loss; `pilotline_edge.subscription.healing` does that
    work instead.
    """

    uaclient: CappedUaClient

    def __init__(self, url: str, timeout_s: float, caps: ReceiveCaps | None = None) -> None:
        super().__init__(url, timeout=timeout_s)
        self.uaclient = CappedUaClient(timeout_s, caps or ReceiveCaps())
        self.nodes = Shortcuts(self.uaclient.session)
