"""Link to a broker: one connection, made again whenever it is lost."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pilotline_edge.backoff import Backoff
from pilotline_edge.errors import BrokerUrlError
from pilotline_edge.mqtt.address import BrokerAddress, credentials, library, tls_context

MAX_PACKET_BYTES: Final = 16_384
"""The broker keeps larger packets to itself; a value is shorter than 2 kB."""

_KEEP_ALIVE_S: Final = 10
_TIMEOUT_S: Final = 5.0
_RETRY_FIRST_S: Final = 0.5
_RETRY_CAP_S: Final = 10.0
_AT_ONCE: Final = 10
_REFUSED_FROM: Final = 0x80


class Will(NamedTuple):
    """What the broker publishes, retained, once we are cut off."""

    topic: str
    payload: str


class BrokerSession:
    """What can be done on a connection for as long as it lasts.

    Every call raises `aiomqtt.MqttError` once the connection is lost.
    """

    def __init__(self, client: Any, well: Callable[[], None]) -> None:  # noqa: ANN401 - aiomqtt's
        self._client = client
        self._lost = asyncio.ensure_future(_until_lost(client))
        self.well = well
        """Call it whenever the broker has done what was asked of it."""

    async def publish(self, topic: str, payload: str | None, qos: int) -> None:
        """Publish a retained message; None takes back what is retained."""
        await self._client.publish(topic, payload, qos=qos, retain=True)

    async def publish_all(self, messages: Sequence[tuple[str, str | None]]) -> None:
        """Publish retained messages in their order, each at least once."""
        for start in range(0, len(messages), _AT_ONCE):
            some = messages[start : start + _AT_ONCE]
            calls = (self.publish(topic, payload, qos=1) for topic, payload in some)
            for outcome in await asyncio.gather(*calls, return_exceptions=True):
                if outcome is not None:
                    raise outcome

    async def subscribe(self, topics: str, *, qos: int = 1, own: bool = True) -> None:
        """Have what is retained, and what comes, given to the link's `take`.

        Args:
            topics: a topic filter.
            qos: 0 where a message may be lost, but brokers drop those of 1 from some number on.
            own: whether what we publish ourselves comes back.

        Raises:
            aiomqtt.MqttError: the broker does not let us read there.
        """
        from paho.mqtt.subscribeoptions import SubscribeOptions

        options = SubscribeOptions(qos=qos, noLocal=not own)
        for code in await self._client.subscribe(topics, options=options):
            if code.value >= _REFUSED_FROM:
                raise library().MqttError(f"the broker does not let us read {topics} ({code})")

    async def pause(self, seconds: float) -> None:
        """Wait, no longer than the connection lasts."""
        await asyncio.wait([self._lost], timeout=seconds)
        if self._lost.done():
            self._lost.result()

    async def end(self) -> None:
        """Look no longer whether the connection is lost."""
        self._lost.cancel()
        await asyncio.gather(self._lost, return_exceptions=True)


class BrokerLink:
    """Keeps a connection to a broker for as long as it runs.

    Characteristics
        broker away, refusing or too slow: tried again within 0.5 s, then ever slower up to 10 s
        peer gone without a word: noticed within 15 s, by MQTT's keep-alive
        messages: given to `take` at once and kept nowhere
        bounded: packets from the broker, by `MAX_PACKET_BYTES`

    Args:
        broker: where it is.
        client_id: who we are; the broker ends another connection of the same name.
        told: called with the new `problem` whenever that changes.
        take: called with topic, payload and whether the broker had retained it.
        will: what the broker says for us once we are cut off.
        environment: where user, password and authorities are.

    Raises:
        BrokerUrlError: the broker cannot be used so.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        client_id: str,
        *,
        told: Callable[[str | None], None],
        take: Callable[[str, bytes, bool], None],
        will: Will | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        credentials(broker, environment)
        tls_context(broker, environment)
        library()
        self.broker = broker
        self.problem: str | None = "the broker was not reached yet"
        self._client_id = client_id
        self._told = told
        self._take = take
        self._will = will
        self._environment = environment
        self._backoff = Backoff(_RETRY_FIRST_S, _RETRY_CAP_S)

    async def run(self, serve: Callable[[BrokerSession], Awaitable[None]]) -> None:
        """Have each connection served, until cancelled."""
        aiomqtt = library()
        while True:
            try:
                async with self._client() as client:
                    session = BrokerSession(client, self._well)
                    try:
                        await serve(session)
                    finally:
                        await session.end()
            except (aiomqtt.MqttError, BrokerUrlError, OSError) as error:
                self._change(f"{type(error).__name__}: {error}")
            await asyncio.sleep(self._backoff.wait_s())

    def _well(self) -> None:
        self._backoff.reset()
        self._change(None)

    def _change(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._told(problem)

    def _client(self) -> Any:  # noqa: ANN401 - an aiomqtt.Client
        aiomqtt, broker, will = library(), self.broker, self._will
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        user, password = credentials(broker, self._environment)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=user,
            password=password,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            keepalive=_KEEP_ALIVE_S,
            timeout=_TIMEOUT_S,
            will=aiomqtt.Will(will.topic, will.payload, 1, True) if will is not None else None,
            tls_context=tls_context(broker, self._environment),
            properties=properties,
            queue_type=lambda maxsize: _Outlet(self._take),
        )


class _Outlet(asyncio.Queue[Any]):
    """Passes each message on at once; aiomqtt's own queue costs a task for each."""

    def __init__(self, take: Callable[[str, bytes, bool], None]) -> None:
        super().__init__()
        self._take = take

    def put_nowait(self, item: Any) -> None:  # noqa: ANN401 - an aiomqtt.Message
        self._take(str(item.topic), item.payload, bool(item.retain))


async def _until_lost(client: Any) -> None:  # noqa: ANN401 - an aiomqtt.Client
    """Wait for the end of a connection, which aiomqtt tells only those who read or publish.

    Raises:
        aiomqtt.MqttError: the connection is lost.
    """
    async for message in client.messages:
        raise AssertionError(f"{message.topic} was queued, the outlet passes everything on")
