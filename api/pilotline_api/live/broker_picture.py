"""What a broker has said of the plant, turned into pushes as agents make them."""

from itertools import islice
from typing import Final

from pilotline_api.live.broker_conditions import ConditionPicture
from pilotline_api.live.broker_messages import (
    AgentRun,
    ConditionList,
    OfAgent,
    OfCondition,
    OfConditions,
    OfMachine,
    OfTag,
    Subject,
    Topics,
    decode_agent,
    decode_condition,
    decode_connection,
    decode_list,
    decode_value,
)
from pilotline_api.live.push import Holding, PushedConnection, PushedValue, PushError

MAX_AGENTS: Final = 256
"""Agents that are remembered; a plant has far fewer."""

SILENT: Final = "edge-silent"


class BrokerPicture:
    """The newest message of each topic since we are connected to the broker.

    A machine is there when its newest message says so and the agent that wrote it is online: a
    retained message alone may be of an agent that died long ago.

    Characteristics
        buffered: one value per tag of the plant; a newer one replaces an older one
        bounded: by the plant, `MAX_AGENTS`, and as `ConditionPicture`
    """

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._values: dict[OfTag, PushedValue] = {}
        self._links: dict[str, tuple[str, PushedConnection]] = {}
        self._agents: dict[str, AgentRun] = {}
        self._conditions = ConditionPicture()
        self._changed: dict[str, None] = {}

    def take(self, topic: str, payload: bytes) -> bool:
        """Take a message; return False when the plant has nothing of that name.

        Raises:
            PushError: it is none of an edge agent.
        """
        subject = self._topics.subject(topic)
        if subject is None:
            return False
        if not payload:
            self._cleared(subject)
        else:
            self._take(subject, payload)
        return True

    def _take(self, subject: Subject, payload: bytes) -> None:
        match subject:
            case OfTag():
                self._take_value(subject, payload)
            case OfMachine(machine):
                self._links[machine] = decode_connection(payload)
                self._changed[machine] = None
            case OfConditions(machine):
                self._conditions.name(machine, decode_list(payload), self._vouches)
            case OfCondition(machine, key):
                self._conditions.take(machine, key, decode_condition(subject, payload))
            case OfAgent(agent):
                self._take_agent(agent, decode_agent(payload))

    def values(self, most: int) -> list[PushedValue]:
        """Return at most `most` values that nobody was told of yet."""
        taken = list(islice(self._values, most))
        return [self._values.pop(subject) for subject in taken]

    def connections(self, now_ms: int, *, everything: bool) -> dict[str, PushedConnection]:
        """Return the connections that changed, or all that an agent vouches for now.

        Args:
            now_ms: instant at which machines are lost whose agent has gone, ms UTC.
            everything: whether those that did not change count too.
        """
        told: dict[str, PushedConnection] = {}
        for machine in self._links if everything else self._changed:
            agent, connection = self._links[machine]
            run = self._agents.get(agent)
            if run is not None and run.online:
                told[machine] = connection
            elif run is not None and machine in self._changed:
                told[machine] = PushedConnection(False, now_ms, SILENT)
        self._changed.clear()
        return told

    def conditions(self, *, everything: bool) -> dict[str, Holding]:
        """Return what holds at machines that changed, or at all that an agent vouches for now."""
        return self._conditions.holdings(self._vouches, everything=everything)

    def incomplete(self) -> list[str]:
        """Return the machines of whose list not every condition has come."""
        return self._conditions.incomplete()

    def _vouches(self, named: ConditionList) -> bool:
        run = self._agents.get(named.agent)
        return run is not None and run.online and run.started == named.started

    def _take_value(self, subject: OfTag, payload: bytes) -> None:
        value = decode_value(subject, payload)
        held = self._values.get(subject)
        if held is None or value[2] >= held[2]:
            self._values[subject] = value

    def _take_agent(self, agent: str, run: AgentRun) -> None:
        if agent not in self._agents and len(self._agents) >= MAX_AGENTS:
            raise PushError(f"more than {MAX_AGENTS} agents publish here")
        if self._agents.get(agent) != run:
            self._agents[agent] = run
            self._conditions.of_agent(agent)
            of_agent = [machine for machine, (by, _) in self._links.items() if by == agent]
            self._changed |= dict.fromkeys(of_agent)

    def _cleared(self, subject: Subject) -> None:
        match subject:
            case OfMachine(machine):
                self._links.pop(machine, None)
                self._changed.pop(machine, None)
            case OfConditions(machine):
                self._conditions.name(machine, None, self._vouches)
            case OfCondition(machine, key):
                self._conditions.take(machine, key, None)
            case OfAgent(agent):
                self._agents.pop(agent, None)
            case OfTag():
                # The image keeps the newest value, and shows how old it is.
                pass
