"""Live values from an MQTT broker, so that every replica of the API sees the same plant."""

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

import structlog

from pilotline_api.errors import BrokerAddressError
from pilotline_api.live import metrics
from pilotline_api.live.broker_messages import Topics
from pilotline_api.live.broker_picture import BrokerPicture
from pilotline_api.live.clock import Moment
from pilotline_api.live.ingest import MAX_REMEMBERED, EdgeIngest
from pilotline_api.live.push import EdgePush, PushError
from pilotline_edge.errors import BrokerUrlError
from pilotline_edge.mqtt import (
    BrokerAddress,
    BrokerLink,
    BrokerSession,
    credentials,
    library,
    tls_context,
)
from pilotline_plant import Plant

PERIOD_S: Final = 0.05
"""How often what came is passed on; a fraction of the time between two frames."""

CONNECTIONS_PERIOD_S: Final = 2.0
MAX_VALUES: Final = 2_000
"""Most values passed on at once, so that a full picture holds nothing else up."""

MOST_ASKED: Final = 4
"""Machines whose conditions are asked for at once; each has a hundred at most."""

ASK_AGAIN_S: Final = 2.0
SOURCE: Final = "mqtt"

_log = structlog.get_logger("pilotline.api.live")


class BrokerFeed:
    """Reads what edge agents publish at a broker, for ever.

    Characteristics
        buffered: the newest value of each tag; a newer one replaces an older one
        start, and each new connection: what the broker retains is a full picture
        broker away: tried again as `BrokerLink` does; after six seconds without it machines count
            as not heard, and what was told of their conditions stays as it was
        wrong messages: counted and ignored, logged once for each topic
        bounded: topics by the plant, packets by the link

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
        self._link = BrokerLink(
            checked(url, environment),
            f"pilotline-api-{secrets.token_hex(6)}",
            told=self._log,
            take=self._take,
            environment=environment,
        )
        self._topics = Topics(self._link.broker.prefix, plant)
        self._picture = BrokerPicture(self._topics)
        self._ingest = ingest
        self._now = now
        self._sent_ms = 0
        self._told_at = float("-inf")
        self._asked_at: dict[str, float] = {}
        self._logged: set[str] = set()

    @property
    def problem(self) -> str | None:
        """Why the broker is not read now, or None."""
        return self._link.problem

    async def run(self) -> None:
        """Read until cancelled."""
        await self._link.run(self._serve)

    async def _serve(self, session: BrokerSession) -> None:
        """Read on one connection until it is lost."""
        # What the former connection said may have changed unseen; the broker says it all again.
        self._picture = BrokerPicture(self._topics)
        self._told_at = float("-inf")
        self._asked_at.clear()
        for topics in self._topics.filters:
            await session.subscribe(topics)
        session.well()
        while True:
            await self._ask_for_conditions(session)
            await self._pass_on()
            await session.pause(PERIOD_S)

    async def _ask_for_conditions(self, session: BrokerSession) -> None:
        """Have the broker tell the conditions that lists name and that did not come.

        It is asked for few machines at a time, and again where something is missing: brokers drop
        what waits for a reader beyond some number, Mosquitto beyond a thousand messages.
        """
        now = asyncio.get_running_loop().time()
        due = (
            machine
            for machine in self._picture.incomplete()
            if now - self._asked_at.get(machine, float("-inf")) >= ASK_AGAIN_S
        )
        for machine in list(islice(due, MOST_ASKED)):
            self._asked_at[machine] = now
            topics = self._topics.conditions(machine)
            try:
                await session.subscribe(topics)
            except library().MqttError as error:
                # Values go on without; where the connection is lost, the next pause says so.
                self._note("live.conditions_unreadable", topics, str(error))

    async def _pass_on(self) -> None:
        """Give the ingest what came since the last time."""
        now = asyncio.get_running_loop().time()
        everything = now - self._told_at >= CONNECTIONS_PERIOD_S
        if everything:
            self._told_at = now
        unix_ms = self._now().unix_ms
        connections = self._picture.connections(unix_ms, everything=everything)
        conditions = self._picture.conditions(everything=everything)
        values = self._picture.values(MAX_VALUES)
        while connections or conditions or values:
            # A clock that steps back must not make the ingest take a push for a late one.
            self._sent_ms = max(unix_ms, self._sent_ms + 1)
            push = EdgePush(SOURCE, self._sent_ms, connections, values, conditions)
            self._ingest.take_push(push)
            await asyncio.sleep(0)
            connections, conditions, values = {}, {}, self._picture.values(MAX_VALUES)

    def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        try:
            known = self._picture.take(topic, payload)
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

    def _log(self, problem: str | None) -> None:
        metrics.broker_reached.set(problem is None)
        if problem is None:
            _log.info("live.broker_read", broker=str(self._link.broker))
        else:
            _log.warning("live.broker_away", broker=str(self._link.broker), reason=problem)


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
