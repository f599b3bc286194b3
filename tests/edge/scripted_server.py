"""A server whose every answer a test may write itself, down to the bytes."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary, struct_to_binary

ACKNOWLEDGE = b"ACKF" + struct.pack("<6I", 28, 0, 65535, 65535, 0, 0)
NONE = b"http://opcfoundation.org/UA/SecurityPolicy#None"
_ASYMMETRIC = struct.pack("<I", len(NONE)) + NONE + struct.pack("<ii", -1, -1)
_CHUNK_BYTES = 60_000
_RESULTS: dict[type[Any], tuple[Any, str, Callable[[], Any]]] = {
    ua.ReadRequest: (ua.ReadResponse, "NodesToRead", ua.DataValue),
    ua.CreateMonitoredItemsRequest: (
        ua.CreateMonitoredItemsResponse,
        "ItemsToCreate",
        ua.MonitoredItemCreateResult,
    ),
    ua.SetPublishingModeRequest: (
        ua.SetPublishingModeResponse,
        "SubscriptionIds",
        lambda: ua.StatusCode(ua.UInt32(0)),
    ),
}

Answer = Callable[[Any], Any]
"""From a request to a response, the body of one, or None for silence."""


@dataclass
class ScriptedServer:
    """Answers as a well-behaved server without security, but for what a test overrides.

    Attributes:
        answers: what to answer to a sort of request instead.
        asked: every request, by its class, in order.
        lifetime_ms: lifetime of the channel's keys.
        port: where it listens.
    """

    answers: dict[type[Any], Answer] = field(default_factory=dict)
    asked: list[type[Any]] = field(default_factory=list)
    lifetime_ms: int = 3_600_000
    port: int = 0
    _sequence: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/machine"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0)

    def send(self, kind: bytes, request: int, body: bytes) -> None:
        """Send a message, or a chunk of one, to every client."""
        for writer in self._writers:
            self._write(writer, kind, request, body)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self._sequence = 0
        try:
            while True:
                head = await reader.readexactly(8)
                (size,) = struct.unpack_from("<I", head, 4)
                await self._take(head[:3], await reader.readexactly(size - 8), writer)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _take(self, kind: bytes, rest: bytes, writer: asyncio.StreamWriter) -> None:
        if kind == b"HEL":
            writer.write(ACKNOWLEDGE)
            return
        at = 8 if kind == b"MSG" else 4 + len(_ASYMMETRIC)
        (number,) = struct.unpack_from("<I", rest, at + 4)
        body = rest[at + 8 :]
        request = _request(body)
        self.asked.append(type(request))
        answer = self.answers.get(type(request), self._usual)(request)
        if answer is None:
            return
        if not isinstance(answer, bytes):
            answer.ResponseHeader.RequestHandle = request.RequestHeader.RequestHandle
            answer.ResponseHeader.Timestamp = datetime.now(UTC)
            answer = struct_to_binary(answer)
        self._write(writer, kind + b"F", number, answer)
        await writer.drain()

    def _write(self, writer: asyncio.StreamWriter, kind: bytes, request: int, body: bytes) -> None:
        security = _ASYMMETRIC if kind.startswith(b"OPN") else struct.pack("<I", 1)
        parts = [body[at : at + _CHUNK_BYTES] for at in range(0, len(body), _CHUNK_BYTES)] or [b""]
        for place, part in enumerate(parts):
            self._sequence += 1
            content = struct.pack("<I", 1) + security
            content += struct.pack("<II", self._sequence, request) + part
            last = kind[3:] if place == len(parts) - 1 else b"C"
            writer.write(kind[:3] + last + struct.pack("<I", len(content) + 8) + content)

    def _usual(self, request: Any) -> Any:  # noqa: ANN401 - asyncua's messages share no base
        if type(request) in _RESULTS:
            kind, asked, result = _RESULTS[type(request)]
            response: Any = kind()
            response.Results = [result() for _ in getattr(request.Parameters, asked)]
            return response
        name = type(request).__name__.removesuffix("Request")
        usual: Callable[[], Any] | None = getattr(self, f"_{name.lower()}", None)
        return None if usual is None else usual()

    def _opensecurechannel(self) -> Any:  # noqa: ANN401
        response: Any = ua.OpenSecureChannelResponse()
        token = response.Parameters.SecurityToken
        token.ChannelId = token.TokenId = ua.UInt32(1)
        token.RevisedLifetime = ua.UInt32(self.lifetime_ms)
        response.Parameters.ServerNonce = b""
        return response

    def _getendpoints(self) -> Any:  # noqa: ANN401
        response: Any = ua.GetEndpointsResponse()
        response.Endpoints = [self.endpoint()]
        return response

    def _createsession(self) -> Any:  # noqa: ANN401
        response: Any = ua.CreateSessionResponse()
        response.Parameters.AuthenticationToken = ua.NodeId(ua.Int32(7))
        response.Parameters.ServerNonce = bytes(32)
        response.Parameters.RevisedSessionTimeout = 60_000.0
        response.Parameters.ServerEndpoints = [self.endpoint()]
        return response

    def _activatesession(self) -> Any:  # noqa: ANN401
        response: Any = ua.ActivateSessionResponse()
        response.Parameters.ServerNonce = bytes(32)
        return response

    def _closesession(self) -> Any:  # noqa: ANN401
        return ua.CloseSessionResponse()

    def _createsubscription(self) -> Any:  # noqa: ANN401
        response: Any = ua.CreateSubscriptionResponse()
        response.Parameters.SubscriptionId = ua.UInt32(1)
        response.Parameters.RevisedPublishingInterval = 100.0
        response.Parameters.RevisedLifetimeCount = ua.UInt32(1000)
        response.Parameters.RevisedMaxKeepAliveCount = ua.UInt32(20)
        return response

    def endpoint(self) -> Any:  # noqa: ANN401
        """Return what the server offers: no security, for anybody."""
        endpoint: Any = ua.EndpointDescription()
        endpoint.EndpointUrl = self.url
        endpoint.SecurityMode = ua.MessageSecurityMode.None_
        endpoint.SecurityPolicyUri = NONE.decode()
        anybody = ua.UserTokenPolicy()
        anybody.PolicyId = ua.String("anonymous")
        endpoint.UserIdentityTokens = [anybody]
        return endpoint


def publish_response(
    values: list[tuple[int, Any]],
    sequence: int = 1,
    subscription: int = 1,
    published: datetime | None = None,
    **notification: Any,  # noqa: ANN401 - parameters of a publish response
) -> Any:  # noqa: ANN401
    """Return a publish response with values by client handle."""
    response: Any = ua.PublishResponse()
    response.Parameters.SubscriptionId = ua.UInt32(subscription)
    message = response.Parameters.NotificationMessage
    message.SequenceNumber = ua.UInt32(sequence)
    message.PublishTime = published or datetime.now(UTC)
    part: Any = ua.DataChangeNotification()
    for handle, value in values:
        item: Any = ua.MonitoredItemNotification()
        item.ClientHandle, item.Value = ua.UInt32(handle), value
        part.MonitoredItems.append(item)
    message.NotificationData = [part] if values else []
    for name, held in notification.items():
        setattr(response.Parameters, name, held)
    return response


def _request(body: bytes) -> Any:  # noqa: ANN401
    type_id = nodeid_from_binary(Buffer(body))
    kind = next(each for node, each in ua.extension_objects_by_typeid.items() if node == type_id)
    return struct_from_binary(kind, Buffer(body))
