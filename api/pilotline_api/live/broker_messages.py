"""What edge agents publish at a broker: one message per topic, decoded and bounded."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from pilotline_api.live.push import PushedConnection, PushedValue, PushError, check_width
from pilotline_api.live.wire import MAX_TEXT, WireValue
from pilotline_edge.mqtt import instant_ns
from pilotline_plant import Plant

MAX_AGENT: Final = 64
"""Longest name of an agent."""

_AGENTS: Final = "_agent"
_Instant = Annotated[str, Meta(max_length=40)]


class _Value(msgspec.Struct, frozen=True):
    value: WireValue
    status: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    source_time: _Instant


class _Connection(msgspec.Struct, frozen=True):
    connected: bool
    since: _Instant
    agent: Annotated[str, Meta(min_length=1, max_length=MAX_AGENT)]
    cause: Annotated[str, Meta(max_length=MAX_TEXT)] | None = None


class _Agent(msgspec.Struct, frozen=True):
    online: bool


_values: Final = msgspec.json.Decoder(_Value)
_connections: Final = msgspec.json.Decoder(_Connection)
_agents: Final = msgspec.json.Decoder(_Agent)


@dataclass(frozen=True, slots=True)
class OfTag:
    """A topic with a tag's newest value."""

    machine: str
    tag: str


@dataclass(frozen=True, slots=True)
class OfMachine:
    """A topic that says whether an agent has a machine."""

    machine: str


@dataclass(frozen=True, slots=True)
class OfAgent:
    """A topic that says whether an agent is there; the broker says so when it is cut off."""

    agent: str


Subject = OfTag | OfMachine | OfAgent


class Topics:
    """The topics that a plant's agents publish on below a prefix.

    Characteristics
        bounded: by the plant, and agents' names by `MAX_AGENT` characters; no other topic counts
    """

    def __init__(self, prefix: str, plant: Plant) -> None:
        self._agents = f"{prefix}/{_AGENTS}/"
        self._subjects: dict[str, Subject] = {}
        for machine in plant.machines:
            above = f"{prefix}/{machine.site}/{machine.id}"
            self._subjects[above] = OfMachine(machine.id)
            self._subjects |= {
                f"{above}/{tag.id}": OfTag(machine.id, tag.id) for tag in machine.tags
            }
        sites = dict.fromkeys(machine.site for machine in plant.machines)
        self.filters = [f"{self._agents}+", *self._of_sites(prefix, sites)]
        """What to subscribe to: agents, and machines and tags of the plant's sites."""

    def subject(self, topic: str) -> Subject | None:
        """Return what a topic is about, or None when the plant has no such thing."""
        if topic.startswith(self._agents):
            agent = topic[len(self._agents) :]
            return OfAgent(agent) if 0 < len(agent) <= MAX_AGENT else None
        return self._subjects.get(topic)

    @staticmethod
    def _of_sites(prefix: str, sites: Iterable[str]) -> list[str]:
        return [f"{prefix}/{site}/{below}" for site in sites for below in ("+", "+/+")]


def decode_value(subject: OfTag, payload: bytes) -> PushedValue:
    """Decode the message of a tag.

    Raises:
        PushError: it is none.
    """
    try:
        said = _values.decode(payload)
        source_ns = instant_ns(said.source_time)
    except (ValueError, RecursionError) as error:
        raise PushError(f"this is no value of a tag: {error}") from error
    check_width(subject.machine, subject.tag, said.value)
    return subject.machine, subject.tag, source_ns, said.value, said.status


def decode_connection(payload: bytes) -> tuple[str, PushedConnection]:
    """Decode the message of a machine: which agent speaks, and whether it has the machine.

    Raises:
        PushError: it is none.
    """
    try:
        said = _connections.decode(payload)
        since_ms = instant_ns(said.since) // 1_000_000
    except (ValueError, RecursionError) as error:
        raise PushError(f"this is no state of a connection: {error}") from error
    return said.agent, PushedConnection(said.connected, since_ms, said.cause)


def decode_agent(payload: bytes) -> bool:
    """Decode the message of an agent: whether it is there.

    Raises:
        PushError: it is none.
    """
    try:
        return _agents.decode(payload).online
    except (ValueError, RecursionError) as error:
        raise PushError(f"this is no state of an agent: {error}") from error
