"""What edge agents publish at a broker: one message per topic, decoded and bounded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from pilotline_api.live.push import (
    MAX_CONDITIONS,
    PushedCondition,
    PushedConnection,
    PushedValue,
    PushError,
    check_width,
)
from pilotline_api.live.wire import MAX_TEXT, WireValue
from pilotline_edge.mqtt import CONDITIONS, condition_key, instant_ns
from pilotline_plant import Plant

MAX_AGENT: Final = 64
"""Longest name of an agent."""

_AGENTS: Final = "_agent"
_KEY: Final = re.compile("[0-9a-f]{32}")
_Instant = Annotated[str, Meta(max_length=40)]
_Name = Annotated[str, Meta(min_length=1, max_length=MAX_AGENT)]
_Text = Annotated[str, Meta(max_length=MAX_TEXT)]
_Key = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class _Value(msgspec.Struct, frozen=True):
    value: WireValue
    status: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    source_time: _Instant


class _Connection(msgspec.Struct, frozen=True):
    connected: bool
    since: _Instant
    agent: _Name
    cause: _Text | None = None


class _Condition(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=1024)]
    name: _Text
    source: _Text
    severity: Annotated[int, Meta(ge=1, le=1000)]
    message: _Text
    time: _Instant


class ConditionList(msgspec.Struct, frozen=True):
    """Which conditions hold at a machine.

    Attributes:
        agent: name of the agent that says so.
        started: when that run of it began, as it writes it.
        number: greater than that of every earlier list of the run.
        active: key of each.
    """

    agent: _Name
    started: _Instant
    number: Annotated[int, Meta(ge=0, le=2**53)]
    active: Annotated[list[_Key], Meta(max_length=MAX_CONDITIONS)]


class AgentRun(msgspec.Struct, frozen=True):
    """Whether an agent is there.

    Attributes:
        online: whether it is.
        started: when this run of it began, as it writes it.
    """

    online: bool
    started: _Instant = ""


_values: Final = msgspec.json.Decoder(_Value)
_connections: Final = msgspec.json.Decoder(_Connection)
_conditions: Final = msgspec.json.Decoder(_Condition)
_lists: Final = msgspec.json.Decoder(ConditionList)
_agents: Final = msgspec.json.Decoder(AgentRun)


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


@dataclass(frozen=True, slots=True)
class OfConditions:
    """A topic that lists which conditions hold at a machine."""

    machine: str


@dataclass(frozen=True, slots=True)
class OfCondition:
    """A topic with one condition of a machine."""

    machine: str
    key: str


Subject = OfTag | OfMachine | OfAgent | OfConditions | OfCondition


class Topics:
    """The topics that a plant's agents publish on below a prefix.

    Characteristics
        bounded: by the plant, agents' names by `MAX_AGENT` characters and keys of conditions by
            their form; no other topic counts
    """

    def __init__(self, prefix: str, plant: Plant) -> None:
        self._agents = f"{prefix}/{_AGENTS}/"
        self._subjects: dict[str, Subject] = {}
        self._conditions: dict[str, str] = {}
        for machine in plant.machines:
            above = f"{prefix}/{machine.site}/{machine.id}"
            self._subjects[above] = OfMachine(machine.id)
            self._subjects[f"{above}/{CONDITIONS}"] = OfConditions(machine.id)
            self._conditions[machine.id] = f"{above}/{CONDITIONS}/+"
            self._subjects |= {
                f"{above}/{tag.id}": OfTag(machine.id, tag.id) for tag in machine.tags
            }
        sites = dict.fromkeys(machine.site for machine in plant.machines)
        self.filters = [f"{self._agents}+", *self._of_sites(prefix, sites)]
        """What to subscribe to: agents, and machines, tags and lists of conditions."""

    def conditions(self, machine: str) -> str:
        """Return what to subscribe to for the conditions of a machine of the plant."""
        return self._conditions[machine]

    def subject(self, topic: str) -> Subject | None:
        """Return what a topic is about, or None when the plant has no such thing."""
        if topic.startswith(self._agents):
            agent = topic[len(self._agents) :]
            return OfAgent(agent) if 0 < len(agent) <= MAX_AGENT else None
        return self._subjects.get(topic) or self._condition(topic)

    def _condition(self, topic: str) -> OfCondition | None:
        above, _, key = topic.rpartition("/")
        conditions = self._subjects.get(above)
        if isinstance(conditions, OfConditions) and _KEY.fullmatch(key):
            return OfCondition(conditions.machine, key)
        return None

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
    if source_ns < 0:
        raise PushError(f"the source time {said.source_time} lies before 1970")
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


def decode_condition(subject: OfCondition, payload: bytes) -> PushedCondition:
    """Decode the message of a condition.

    Raises:
        PushError: it is none, or belongs to another topic.
    """
    try:
        said = _conditions.decode(payload)
        time_ns = instant_ns(said.time)
    except (ValueError, RecursionError) as error:
        raise PushError(f"this is no condition of a machine: {error}") from error
    if condition_key(said.id) != subject.key:
        raise PushError("this condition has another topic; its key is made of its id")
    return said.id, said.name, said.source, said.severity, said.message, time_ns


def decode_list(payload: bytes) -> ConditionList:
    """Decode the message that lists a machine's conditions.

    Raises:
        PushError: it is none.
    """
    try:
        return _lists.decode(payload)
    except (ValueError, RecursionError) as error:
        raise PushError(f"this is no list of conditions: {error}") from error


def decode_agent(payload: bytes) -> AgentRun:
    """Decode the message of an agent: whether it is there.

    Raises:
        PushError: it is none.
    """
    try:
        return _agents.decode(payload)
    except (ValueError, RecursionError) as error:
        raise PushError(f"this is no state of an agent: {error}") from error
