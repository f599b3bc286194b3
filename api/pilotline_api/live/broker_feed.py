"""Live values from an MQTT broker, so that every replica of the API sees the same plant."""

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from pilotline_api.errors import BrokerAddressError
from pilotline_api.live import metrics
from pilotline_api.live.broker_messages import Topics
from pilotline_api.live.broker_picture import BrokerPicture
from pilotline_api.live.clock import Moment
from pilotline_api.live.ingest import MAX_REMEMBERED, EdgeIngest
from pilotline_api.live.push import EdgePush, PushError
from pilotline_edge.backoff import Backoff
from pilotline_edge.errors import BrokerUrlError
from pilotline_edge.mqtt import BrokerAddress, credentials, library, tls_context
from pilotline_plant import Plant

PERIOD_S: Final = 0.05
"""How often what came is passed on; a fraction of the time between two frames."""

CONNECTIONS_PERIOD_S: Final = 2.0
MAX_VALUES: Final = 2_000
"""Most values passed on at once, so that a full picture holds nothing else up."""

MAX_PACKET_BYTES: Final = 16_384
"""The broker keeps larger packets to itself; a value is shorter than 2 kB."""

SOURCE: Final = "mqtt"

_KEEP_ALIVE_S: Final = 10
_TIMEOUT_S: Final = 5.0
_RETRY_FIRST_S: Final = 0.5
_RETRY_CAP_S: Final = 10.0
_UNREADABLE: Final = 0x80

_log = structlog.get_logger("pilotline.api.live")


class _Outlet(asyncio.Queue[Any]):
    """Passes each message on at once; aiomqtt's own queue costs a task for each."""

    def __init__(self, take: Callable[[Any], None]) -> None:
        super().__init__()
        self._take = take

    def put_nowait(self, item: Any) -> None:  # noqa: ANN401 - an aiomqtt.Message
        self._take(item)


class BrokerFeed:
    """Reads what edge agents publish at a broker, for ever.

    Characteristics
        buffered: the newest value of each tag; a newer one replaces an older one
        start, and each new connection: what the broker retains is a full picture
        broker away: tried again within 0.5 s, then ever slower up to 10 s; after six seconds
            without it machines count as not heard
        wrong messages: counted and ignored, logged once for each topic
        bounded: topics by the plant, packets by `MAX_PACKET_BYTES`

    Args:
        url: ``mqtt(s)://HOST[:PORT][/PREFIX]``, as agents are given it.
        plant: whose machines and tags.
        ingest: takes what came.
        now: the clock.
        environment: where user, password and authorities are.

    Raises:
        BrokerAddressError: the broker cannot be used so.
    """

    def __init__(
        self,
        url: str,
        plant: Plant,
        ingest: EdgeIngest,
        now: Callable[[], Moment],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._broker = checked(url, environment)
        self._environment = environment
        self._topics = Topics(self._broker.prefix, plant)
        self._picture = BrokerPicture(self._topics)
        self._ingest = ingest
        self._now = now
        self._sent_ms = 0
        self._told_at = float("-inf")
        self._logged: set[str] = set()
        self.problem: str | None = "the broker was not reached yet"

    async def run(self) -> None:
        """Read until cancelled."""
        backoff = Backoff(_RETRY_FIRST_S, _RETRY_CAP_S)
        aiomqtt = library()
        while True:
            try:
                async with self._client() as client:
                    await self._serve(client, backoff)
            except (aiomqtt.MqttError, BrokerUrlError, OSError) as error:
                self._away(f"{type(error).__name__}: {error}")
            await asyncio.sleep(backoff.wait_s())

    async def _serve(self, client: Any, backoff: Backoff) -> None:  # noqa: ANN401 - an aiomqtt.Client
        """Read on one connection until it is lost."""
        # What the former connection said may have changed unseen; the broker says it all again.
        self._picture = BrokerPicture(self._topics)
        self._told_at = float("-inf")
        lost = asyncio.ensure_future(_until_lost(client))
        try:
            await self._subscribe(client)
            self._back()
            backoff.reset()
            while True:
                await self._pass_on()
                await asyncio.wait([lost], timeout=PERIOD_S)
                if lost.done():
                    lost.result()
        finally:
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)

    async def _subscribe(self, client: Any) -> None:  # noqa: ANN401 - an aiomqtt.Client
        aiomqtt = library()
        for topics in self._topics.filters:
            for code in await client.subscribe(topics, qos=1):
                if code.value >= _UNREADABLE:
                    raise aiomqtt.MqttError(f"the broker does not let us read {topics} ({code})")

    async def _pass_on(self) -> None:
        """Give the ingest what came since the last time."""
        now = asyncio.get_running_loop().time()
        everything = now - self._told_at >= CONNECTIONS_PERIOD_S
        if everything:
            self._told_at = now
        unix_ms = self._now().unix_ms
        connections = self._picture.connections(unix_ms, everything=everything)
        values = self._picture.values(MAX_VALUES)
        while connections or values:
            # A clock that steps back must not make the ingest take a push for a late one.
            self._sent_ms = max(unix_ms, self._sent_ms + 1)
            self._ingest.take_push(EdgePush(SOURCE, self._sent_ms, connections, values))
            await asyncio.sleep(0)
            connections, values = {}, self._picture.values(MAX_VALUES)

    def _take(self, message: Any) -> None:  # noqa: ANN401 - an aiomqtt.Message
        topic = str(message.topic)
        try:
            known = self._picture.take(topic, message.payload)
        except PushError as error:
            metrics.broker_messages.labels("malformed").inc()
            self._note("live.message_refused", topic, str(error))
            return
        metrics.broker_messages.labels("taken" if known else "unknown").inc()
        if not known:
            self._note("live.topic_unknown", topic, "the plant file has no such machine or tag")

    def _note(self, event: str, topic: str, reason: str) -> None:
        if topic not in self._logged and len(self._logged) < MAX_REMEMBERED:
            self._logged.add(topic)
            _log.warning(event, topic=topic, reason=reason)

    def _client(self) -> Any:  # noqa: ANN401 - an aiomqtt.Client
        aiomqtt, broker = library(), self._broker
        user, password = credentials(broker, self._environment)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=user,
            password=password,
            identifier=f"pilotline-api-{secrets.token_hex(6)}",
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            keepalive=_KEEP_ALIVE_S,
            timeout=_TIMEOUT_S,
            tls_context=tls_context(broker, self._environment),
            properties=properties,
            queue_type=lambda maxsize: _Outlet(self._take),
        )

    def _away(self, problem: str) -> None:
        metrics.broker_reached.set(0)
        if self.problem != problem:
            _log.warning("live.broker_away", broker=str(self._broker), reason=problem)
        self.problem = problem

    def _back(self) -> None:
        metrics.broker_reached.set(1)
        _log.info("live.broker_read", broker=str(self._broker))
        self.problem = None


def checked(url: str, environment: Mapping[str, str] = os.environ) -> BrokerAddress:
    """Return where a broker is, once all that can be known before connecting is in order.

    Raises:
        BrokerAddressError: it is not; the message says what to do.
    """
    try:
        broker = BrokerAddress.parse(url)
        credentials(broker, environment)
        tls_context(broker, environment)
        library()
    except BrokerUrlError as error:
        raise BrokerAddressError(str(error)) from error
    return broker


async def _until_lost(client: Any) -> None:  # noqa: ANN401 - an aiomqtt.Client
    """Wait for the end of a connection.

    Raises:
        aiomqtt.MqttError: the connection is lost.
    """
    async for message in client.messages:
        raise AssertionError(f"{message.topic} was queued, the outlet passes everything on")
