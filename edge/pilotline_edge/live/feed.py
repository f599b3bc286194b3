"""Live feed: the newest value of each tag, pushed outward; it may lose, it never delays."""

import asyncio
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import structlog

from pilotline_edge.backoff import Backoff
from pilotline_edge.live.newest import MAX_AGENT, Key, Newest, NewestValues, short, shown
from pilotline_historian import Value

log = structlog.get_logger("pilotline.edge")

PERIOD_S = 0.2
CONNECTIONS_PERIOD_S = 2.0
_TIMEOUT_S = 2.0
_WHOLE_S = 5.0
_RETRY_FIRST_S = 0.5
_RETRY_CAP_S = 2.0
_MOST_NOTED = 500

MAX_VALUES = 2_000
"""Most values in one push; the others go with the next one."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """Whether a machine is connected.

    Attributes:
        connected: whether its values arrive.
        since_ms: wall-clock milliseconds at which that began.
        cause: why it is not connected, or None.
    """

    connected: bool
    since_ms: int
    cause: str | None

    @property
    def told_cause(self) -> str | None:
        """The cause as it may be told live: some errors have long words."""
        return None if self.cause is None else short(self.cause)


ConditionRow = tuple[str, str, str, int, str, int]
"""Id, name, source, severity, message and time (ns UTC) of a condition that holds at a machine."""


class LiveOutlet(Protocol):
    """Where live values go."""

    @property
    def problem(self) -> str | None:
        """Why nothing is taken there now, or None."""

    @property
    def pushed(self) -> int:
        """Messages taken there since the start."""

    @property
    def address(self) -> str:
        """Where it is, without secrets."""

    def put(self, machine: str, tag: str, source_ns: int, value: Value | None, status: int) -> None:
        """Note a value; never blocks and never raises."""

    def forget(self, machine: str, tags: Iterable[str]) -> None:
        """Drop tags that are no longer read."""

    async def run(self) -> None:
        """Push until cancelled."""


class LiveFeed:
    """Keeps the newest value of each tag and pushes changes to the API.

    Connections, and the conditions that hold at machines, go whole: when they change, and every
    two seconds.

    Characteristics
        buffered: one value per tag; a newer one replaces an older one
        policy when the API is away: values are dropped, newest wins
        after it came back: the newest value of every tag is sent again
        bounded: at most `MAX_VALUES` values and short texts a push, whatever a machine sends
        delays nothing: `put` only writes to a dictionary
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        agent: str,
        connections: Callable[[], Mapping[str, LinkState]],
        transport: httpx.AsyncBaseTransport | None = None,
        conditions: Callable[[], Mapping[str, Sequence[ConditionRow]]] = dict,
    ) -> None:
        self._url = f"{url.rstrip('/')}/api/v1/edge/live"
        self._token = token
        self._agent = short(agent, MAX_AGENT)
        self._connections = connections
        self._transport = transport
        self._newest = NewestValues()
        self._conditions = conditions
        self._told: tuple[Mapping[str, LinkState], Mapping[str, Sequence[ConditionRow]]] = ({}, {})
        self._told_at = -math.inf
        self._refused: str | None = None
        self.problem: str | None = None
        self.pushed = 0

    @property
    def address(self) -> str:
        """Where values are pushed to."""
        return self._url

    def put(self, machine: str, tag: str, source_ns: int, value: Value | None, status: int) -> None:
        """Note a value; an older one than the newest is ignored."""
        self._newest.put((machine, tag), source_ns, value, status)

    def forget(self, machine: str, tags: Iterable[str]) -> None:
        """Drop tags that are no longer read; the API shows them as stale by itself."""
        self._newest.forget((machine, tag) for tag in tags)

    async def run(self) -> None:
        """Push until cancelled."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers |= {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        backoff = Backoff(_RETRY_FIRST_S, _RETRY_CAP_S)
        async with httpx.AsyncClient(
            headers=headers, timeout=_TIMEOUT_S, transport=self._transport
        ) as client:
            while True:
                wait_s = PERIOD_S
                if body := self._due():
                    if await self._push(client, body):
                        backoff.reset()
                    else:
                        wait_s = backoff.wait_s()
                await asyncio.sleep(wait_s)

    def _due(self) -> bytes | None:
        """Return what is to be sent now, or None."""
        now = asyncio.get_running_loop().time()
        connections, conditions = state = (dict(self._connections()), dict(self._conditions()))
        overdue = now - self._told_at >= CONNECTIONS_PERIOD_S or state != self._told
        if not self._newest and not overdue:
            return None
        message: dict[str, Any] = {
            "agent": self._agent,
            "sent_ms": time.time_ns() // 1_000_000,
            "connections": {},
            "values": [_row(key, newest) for key, newest in self._newest.take(MAX_VALUES)],
        }
        if overdue:
            self._told, self._told_at = state, now
            message["conditions"] = conditions
            message["connections"] = {
                machine: {"connected": s.connected, "since_ms": s.since_ms, "cause": s.told_cause}
                for machine, s in connections.items()
            }
        text = json.dumps(message, ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8", "replace")  # machines may send what is no text

    async def _push(self, client: httpx.AsyncClient, body: bytes) -> bool:
        try:
            async with asyncio.timeout(_WHOLE_S):
                answer = await _answered(client, self._url, body)
        except (httpx.HTTPError, TimeoutError) as error:
            problem = f"{type(error).__name__}: {error}"
            if self.problem is None:
                log.warning("edge.live_away", url=self._url, reason=problem)
            self.problem = problem
            # Whoever answers next knows nothing of what came before.
            self._newest.all_again()
            self._told_at = -math.inf
            return False
        if self.problem is not None:
            log.info("edge.live_back", url=self._url)
            self.problem = None
        self.pushed += 1
        self._note_refused(answer or None)
        return True

    def _note_refused(self, refused: str | None) -> None:
        """Log what the API did not take of a push, once while it is the same."""
        if refused not in (None, self._refused):
            log.warning("edge.live_partly_refused", url=self._url, answer=refused)
            self._refused = refused


async def _answered(client: httpx.AsyncClient, url: str, body: bytes) -> str:
    """Push, and return the beginning of the answer: of what never ends, no more is read.

    Raises:
        httpx.HTTPError: there is no answer, or a bad one.
    """
    async with client.stream("POST", url, content=body) as answer:
        answer.raise_for_status()
        begin = b""
        if answer.headers.get("Content-Encoding", "identity") == "identity":
            async for piece in answer.aiter_bytes():
                begin += piece
                if len(begin) > _MOST_NOTED:
                    break
    return begin[:_MOST_NOTED].decode("utf-8", "replace")


def _row(key: Key, newest: Newest) -> list[Any]:
    source_ns, value, status = newest
    return [*key, source_ns, shown(value), status]
