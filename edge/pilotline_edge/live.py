"""Live feed: the newest value of each tag, pushed outward; it may lose, it never delays."""

import asyncio
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from pilotline_edge.backoff import Backoff
from pilotline_historian import Value

log = structlog.get_logger("pilotline.edge")

PERIOD_S = 0.2
CONNECTIONS_PERIOD_S = 2.0
_TIMEOUT_S = 2.0
_RETRY_FIRST_S = 0.5
_RETRY_CAP_S = 2.0

MAX_VALUES = 2_000
"""Most values in one push; the others go with the next one."""
MAX_TEXT = 256
"""Longest text shown live, in characters; the historian has it whole."""

Newest = tuple[int, Value | None, int]
"""Source time in ns UTC, value and status code."""


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


class LiveFeed:
    """Keeps the newest value of each tag and pushes changes to the API.

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
    ) -> None:
        self._url = f"{url.rstrip('/')}/api/v1/edge/live"
        self._token = token
        self._agent = agent
        self._connections = connections
        self._transport = transport
        self._newest: dict[tuple[str, str], Newest] = {}
        self._changed: set[tuple[str, str]] = set()
        self._told: Mapping[str, LinkState] = {}
        self._told_at = -math.inf
        self.problem: str | None = None
        self.pushed = 0

    def put(self, machine: str, tag: str, source_ns: int, value: Value | None, status: int) -> None:
        """Note a value; an older one than the newest is ignored."""
        key = (machine, tag)
        newest = self._newest.get(key)
        if newest is None or source_ns >= newest[0]:
            self._newest[key] = (source_ns, value, status)
            self._changed.add(key)

    async def run(self) -> None:
        """Push until cancelled."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers["Content-Type"] = "application/json"
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
        connections = dict(self._connections())
        overdue = now - self._told_at >= CONNECTIONS_PERIOD_S or connections != self._told
        if not self._changed and not overdue:
            return None
        changed = sorted(self._changed)[:MAX_VALUES]
        self._changed.difference_update(changed)
        message: dict[str, Any] = {
            "agent": self._agent,
            "sent_ms": time.time_ns() // 1_000_000,
            "connections": {},
            "values": [self._row(key) for key in changed],
        }
        if overdue:
            self._told, self._told_at = connections, now
            message["connections"] = {
                machine: {"connected": s.connected, "since_ms": s.since_ms, "cause": s.cause}
                for machine, s in connections.items()
            }
        return json.dumps(message, ensure_ascii=False, allow_nan=False).encode()

    def _row(self, key: tuple[str, str]) -> list[Any]:
        source_ns, value, status = self._newest[key]
        return [*key, source_ns, _sendable(value), status]

    async def _push(self, client: httpx.AsyncClient, body: bytes) -> bool:
        try:
            answer = await client.post(self._url, content=body)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            problem = f"{type(error).__name__}: {error}"
            if self.problem is None:
                log.warning("edge.live_away", url=self._url, reason=problem)
            self.problem = problem
            # Whoever answers next knows nothing of what came before.
            self._changed = set(self._newest)
            self._told_at = -math.inf
            return False
        if self.problem is not None:
            log.info("edge.live_back", url=self._url)
            self.problem = None
        self.pushed += 1
        return True


def _sendable(value: Value | None) -> Value | None:
    """Return a value as a push may carry it: short text, and words for floats JSON cannot write."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if not isinstance(value, float) or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
