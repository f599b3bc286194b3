"""Feed: the newest value of each tag as a retained message of an MQTT 5 broker."""

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final

import structlog

from pilotline_edge.live.feed import PERIOD_S, ConditionRow, LinkState
from pilotline_edge.live.newest import MAX_AGENT, Key, Newest, NewestValues, shown
from pilotline_edge.mqtt.address import BrokerAddress, library
from pilotline_edge.mqtt.conditions import LEVEL, ConditionBoards
from pilotline_edge.mqtt.instants import instant
from pilotline_edge.mqtt.link import BrokerLink, BrokerSession, Will
from pilotline_historian import Value
from pilotline_plant.printable import well_formed

log = structlog.get_logger("pilotline.edge")

MAX_VALUES: Final = 5_000
"""Most values in one round; the others go with the next one."""

MAX_CONDITIONS: Final = 200
"""Most messages of conditions in one round, each of which is waited for; values come in between."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_FAREWELL_S: Final = 1.0
_MOST_REFUSALS: Final = 3
"""Some brokers cut off who asks for what they may not read; so often it is asked for."""


class MqttFeed:
    """Publishes the newest value of each tag, retained, and whether machines and agent are there.

    Topics below the prefix: ``SITE/MACHINE/TAG`` a value, ``SITE/MACHINE`` a connection,
    ``SITE/MACHINE/_condition/KEY`` a condition that holds and ``SITE/MACHINE/_condition`` the list
    of them, ``_agent/NAME`` the agent itself, which the broker marks offline when the agent is cut
    off.

    Characteristics
        buffered: one value per tag, and one message for each condition that changed
        policy when the broker is away or slow: values are replaced by newer ones
        after it came back: the newest value of every tag, and every condition, is published again
        quality of service: 0 for values, since the next one or the next connection repairs a
            loss; 1 for births, deaths and conditions
        delays nothing: `put` only writes to a dictionary
    """

    def __init__(
        self,
        url: str,
        agent: str,
        machines: Callable[[], Mapping[str, tuple[str, LinkState]]],
        environment: Mapping[str, str] = os.environ,
        conditions: Callable[[], Mapping[str, Sequence[ConditionRow]]] = dict,
    ) -> None:
        broker = BrokerAddress.parse(url)
        self._agent = _UNSAFE.sub("_", agent)[:MAX_AGENT]
        self._started = instant(time.time_ns())
        self._prefix = broker.prefix
        self._link = BrokerLink(
            broker,
            f"pilotline-edge-{self._agent}",
            told=self._log,
            take=self._found,
            will=Will(self._topic("_agent", self._agent), self._agent_content(online=False)),
            environment=environment,
        )
        self._machines = machines
        self._conditions = conditions
        self._newest = NewestValues()
        self._boards = ConditionBoards(self._agent, self._started)
        self._pending: dict[str, str | None] = {}
        self._sites: dict[str, str] = {}
        self._looked_at: set[str] = set()
        self._stated: dict[str, tuple[str, LinkState]] = {}
        self._gone: dict[str, None] = {}
        self._was_away = False
        self._refusals = 0
        self.pushed = 0

    @property
    def address(self) -> str:
        """The broker and the prefix of topics."""
        return str(self._link.broker)

    @property
    def problem(self) -> str | None:
        """Why the broker takes nothing now, or None."""
        return self._link.problem

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
        await self._link.run(self._serve)

    async def _serve(self, session: BrokerSession) -> None:
        """Publish on one connection until it is lost."""
        self._newest.all_again()
        self._boards.all_again()
        # All that holds is said anew; what was to be taken back still is.
        self._pending = {topic: said for topic, said in self._pending.items() if said is None}
        self._stated.clear()
        self._looked_at.clear()
        try:
            await self._publish_agent(session, online=True)
            while True:
                await self._publish_changes(session)
                session.well()
                await session.pause(PERIOD_S)
        except asyncio.CancelledError:
            # A farewell that fails leaves the word to the broker, which marks us offline.
            with suppress(TimeoutError, library().MqttError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._publish_agent(session, online=False)
            raise

    async def _publish_changes(self, session: BrokerSession) -> None:
        machines = dict(self._machines())
        await self._publish_connections(session, machines)
        await self._publish_conditions(session)
        await self._take_back(session)
        for (machine, tag), newest in self._due(machines):
            topic = self._topic(machines[machine][0], machine, tag)
            await self._publish(session, topic, _value(newest), 0)

    async def _publish_connections(
        self, session: BrokerSession, machines: Mapping[str, tuple[str, LinkState]]
    ) -> None:
        for machine, site in self._sites.items():
            if machine not in machines:
                self._gone[self._topic(site, machine)] = None
        for machine, (site, state) in machines.items():
            if self._stated.get(machine) != (site, state):
                await self._publish(session, self._topic(site, machine), self._connection(state), 1)
                self._stated[machine] = (site, state)
        self._sites = {machine: site for machine, (site, _) in machines.items()}

    async def _publish_conditions(self, session: BrokerSession) -> None:
        await self._look_for_left_over(session)
        for below, payload in self._boards.changes(self._sites, self._conditions()):
            topic = self._topic(below)
            # A newer message goes behind what it speaks of.
            self._pending.pop(topic, None)
            self._pending[topic] = payload
        some = list(islice(self._pending.items(), MAX_CONDITIONS))
        await session.publish_all(some)
        for topic, _ in some:
            del self._pending[topic]

    async def _take_back(self, session: BrokerSession) -> None:
        gone = list(self._gone)
        await session.publish_all([(topic, None) for topic in gone])
        for topic in gone:
            self._gone.pop(topic, None)

    async def _look_for_left_over(self, session: BrokerSession) -> None:
        """Have the broker tell which conditions it retains of each machine."""
        for machine, site in self._sites.items():
            if machine in self._looked_at or self._refusals >= _MOST_REFUSALS:
                continue
            self._looked_at.add(machine)
            try:
                topics = self._topic(site, machine, LEVEL, "+")
                await session.subscribe(topics, qos=0, own=False)
            except library().MqttError as error:
                self._note_refusal(str(error))

    def _note_refusal(self, reason: str) -> None:
        self._refusals += 1
        if self._refusals == 1:
            hint = "conditions that ended while no agent ran stay at the broker, in no list"
            log.warning("edge.broker_unreadable", url=self.address, reason=reason, hint=hint)

    def _found(self, topic: str, payload: bytes, retained: bool) -> None:
        """Note a condition that the broker retains from before; later messages are no business."""
        if retained and payload:
            self._boards.found(topic.removeprefix(f"{self._prefix}/"))

    def _due(self, machines: Mapping[str, object]) -> list[tuple[Key, Newest]]:
        return [
            (key, newest) for key, newest in self._newest.take(MAX_VALUES) if key[0] in machines
        ]

    async def _publish(
        self, session: BrokerSession, topic: str, content: Mapping[str, Any], qos: int
    ) -> None:
        payload = well_formed(json.dumps(content, ensure_ascii=False, allow_nan=False))
        await session.publish(topic, payload, qos)
        self.pushed += 1

    async def _publish_agent(self, session: BrokerSession, *, online: bool) -> None:
        content = self._agent_content(online=online)
        await session.publish(self._topic("_agent", self._agent), content, qos=1)

    def _agent_content(self, *, online: bool) -> str:
        return json.dumps({"online": online, "started": self._started})

    def _connection(self, state: LinkState) -> dict[str, Any]:
        return {
            "connected": state.connected,
            "since": instant(state.since_ms * 1_000_000),
            "cause": state.told_cause,
            "agent": self._agent,
        }

    def _topic(self, *levels: str) -> str:
        return "/".join((self._prefix, *levels))

    def _log(self, problem: str | None) -> None:
        if problem is not None:
            log.warning("edge.live_away", url=self.address, reason=problem)
        elif self._was_away:
            log.info("edge.live_back", url=self.address)
        self._was_away = problem is not None


def _value(newest: Newest) -> dict[str, Any]:
    """Return a value as its topic carries it; the source time keeps its nanoseconds as text."""
    source_ns, value, status = newest
    return {"value": shown(value), "status": status, "source_time": instant(source_ns)}
