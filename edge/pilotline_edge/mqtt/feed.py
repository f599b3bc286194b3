"""Feed: the newest value of each tag as a retained message of an MQTT 5 broker."""

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from pilotline_edge.backoff import Backoff
from pilotline_edge.errors import BrokerUrlError
from pilotline_edge.live.feed import PERIOD_S, LinkState
from pilotline_edge.live.newest import Key, Newest, NewestValues, shown
from pilotline_edge.mqtt.address import BrokerAddress, credentials, library, tls_context
from pilotline_edge.mqtt.instants import instant
from pilotline_historian import Value

if TYPE_CHECKING:
    import aiomqtt

log = structlog.get_logger("pilotline.edge")

MAX_VALUES = 5_000
"""Most values in one round; the others go with the next one."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_KEEP_ALIVE_S = 10
_TIMEOUT_S = 5.0
_FAREWELL_S = 1.0
_RETRY_FIRST_S = 0.5
_RETRY_CAP_S = 10.0


class MqttFeed:
    """Publishes the newest value of each tag, retained, and whether machines and agent are there.

    Topics below the prefix: ``SITE/MACHINE/TAG`` a value, ``SITE/MACHINE`` a connection,
    ``_agent/NAME`` the agent itself, which the broker marks offline when the agent is cut off.

    Characteristics
        buffered: one value per tag
        policy when the broker is away or slow: values are replaced by newer ones
        after it came back: the newest value of every tag is published again
        quality of service: 0 for values, since the next one or the next connection repairs a
            loss; 1 for births and deaths
        delays nothing: `put` only writes to a dictionary
    """

    def __init__(
        self,
        url: str,
        agent: str,
        machines: Callable[[], Mapping[str, tuple[str, LinkState]]],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._broker = BrokerAddress.parse(url)
        self._credentials = credentials(self._broker, environment)
        self._environment = environment
        tls_context(self._broker, environment)
        library()
        self._agent = _UNSAFE.sub("_", agent)
        self._machines = machines
        self._newest = NewestValues()
        self._sites: dict[str, str] = {}
        self._stated: dict[str, tuple[str, LinkState]] = {}
        self._gone: dict[str, None] = {}
        self._started = instant(time.time_ns())
        self.problem: str | None = "the broker was not reached yet"
        self.pushed = 0
        self._logged: str | None = None

    @property
    def address(self) -> str:
        """The broker and the prefix of topics."""
        return str(self._broker)

    def put(self, machine: str, tag: str, source_ns: int, value: Value | None, status: int) -> None:
        """Note a value; an older one than the newest is ignored."""
        self._newest.put((machine, tag), source_ns, value, status)

    def forget(self, machine: str, tags: Iterable[str]) -> None:
        """Drop tags that are no longer read, at the broker too."""
        site = self._sites.get(machine)
        for tag in tags:
            self._newest.forget([(machine, tag)])
            if site is not None:
                self._gone[self._topic(site, machine, tag)] = None

    async def run(self) -> None:
        """Publish until cancelled."""
        backoff = Backoff(_RETRY_FIRST_S, _RETRY_CAP_S)
        aiomqtt = library()
        while True:
            try:
                async with self._client() as client:
                    await self._serve(client, backoff)
            except (aiomqtt.MqttError, BrokerUrlError, OSError) as error:
                self._away(f"{type(error).__name__}: {error}")
            await asyncio.sleep(backoff.wait_s())

    async def _serve(self, client: "aiomqtt.Client", backoff: Backoff) -> None:
        """Publish on one connection until it is lost."""
        self._newest.all_again()
        self._stated.clear()
        lost = asyncio.ensure_future(_listen(client))
        try:
            await self._publish_agent(client, online=True)
            self._back()
            while True:
                await self._publish_changes(client)
                backoff.reset()
                await asyncio.wait([lost], timeout=PERIOD_S)
                if lost.done():
                    lost.result()
        except asyncio.CancelledError:
            # A farewell that fails leaves the word to the broker, which marks us offline.
            with suppress(TimeoutError, library().MqttError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._publish_agent(client, online=False)
            raise
        finally:
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)

    async def _publish_changes(self, client: "aiomqtt.Client") -> None:
        machines = dict(self._machines())
        for machine, site in self._sites.items():
            if machine not in machines:
                self._gone[self._topic(site, machine)] = None
        for machine, (site, state) in machines.items():
            if self._stated.get(machine) != (site, state):
                await self._publish(client, self._topic(site, machine), self._connection(state), 1)
                self._stated[machine] = (site, state)
        self._sites = {machine: site for machine, (site, _) in machines.items()}
        for topic in list(self._gone):
            await client.publish(topic, None, qos=1, retain=True)
            del self._gone[topic]
        for (machine, tag), newest in self._due(machines):
            topic = self._topic(machines[machine][0], machine, tag)
            await self._publish(client, topic, _value(newest), 0)

    def _due(self, machines: Mapping[str, object]) -> list[tuple[Key, Newest]]:
        return [
            (key, newest) for key, newest in self._newest.take(MAX_VALUES) if key[0] in machines
        ]

    async def _publish(
        self, client: "aiomqtt.Client", topic: str, content: Mapping[str, Any], qos: int
    ) -> None:
        payload = json.dumps(content, ensure_ascii=False, allow_nan=False)
        await client.publish(topic, payload, qos=qos, retain=True)
        self.pushed += 1

    async def _publish_agent(self, client: "aiomqtt.Client", *, online: bool) -> None:
        content = self._agent_content(online=online)
        await client.publish(self._topic("_agent", self._agent), content, qos=1, retain=True)

    def _agent_content(self, *, online: bool) -> str:
        return json.dumps({"online": online, "started": self._started})

    def _connection(self, state: LinkState) -> dict[str, Any]:
        return {
            "connected": state.connected,
            "since": instant(state.since_ms * 1_000_000),
            "cause": state.cause,
            "agent": self._agent,
        }

    def _topic(self, *levels: str) -> str:
        return "/".join((self._broker.prefix, *levels))

    def _client(self) -> "aiomqtt.Client":
        loaded = library()
        user, password = self._credentials
        client: aiomqtt.Client = loaded.Client(
            self._broker.host,
            self._broker.port,
            username=user,
            password=password,
            identifier=f"pilotline-edge-{self._agent}",
            protocol=loaded.ProtocolVersion.V5,
            clean_start=True,
            keepalive=_KEEP_ALIVE_S,
            timeout=_TIMEOUT_S,
            will=loaded.Will(
                self._topic("_agent", self._agent), self._agent_content(online=False), 1, True
            ),
            tls_context=tls_context(self._broker, self._environment),
        )
        return client

    def _away(self, problem: str) -> None:
        self.problem = problem
        if self._logged != problem:
            self._logged = problem
            log.warning("edge.live_away", url=self.address, reason=problem)

    def _back(self) -> None:
        if self._logged is not None:
            log.info("edge.live_back", url=self.address)
        self.problem = self._logged = None


async def _listen(client: "aiomqtt.Client") -> None:
    """Wait for the end of a connection, which aiomqtt tells only those who read or publish.

    Raises:
        aiomqtt.MqttError: the connection is lost.
    """
    async for message in client.messages:
        log.debug("edge.unexpected_message", topic=str(message.topic))


def _value(newest: Newest) -> dict[str, Any]:
    """Return a value as its topic carries it; the source time keeps its nanoseconds as text."""
    source_ns, value, status = newest
    return {"value": shown(value), "status": status, "source_time": instant(source_ns)}
