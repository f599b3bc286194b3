"""Conditions at the broker: one retained message for each that holds, and one that names them.

A broker keeps what it was told until it is told otherwise, and an agent may be dead when a
condition ends. So what counts is the list: it names the agent's run, and whoever reads it believes
it for as long as the broker says that this run is there.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from pilotline_edge.live.feed import ConditionRow
from pilotline_edge.mqtt.instants import instant

LEVEL: Final = "_condition"
"""Topic level below a machine; no tag is called so."""

MOST_LEFT_OVER: Final = 10_000
"""Most messages of former runs that are remembered until they are taken back."""

_DIGEST: Final = 32

Message = tuple[str, str | None]
"""Topic below the prefix and retained payload; None takes it back."""


def condition_key(condition_id: str) -> str:
    """Return the topic level of a condition: its id may hold anything, of any length."""
    return sha256(condition_id.encode("utf-8", "replace")).hexdigest()[:_DIGEST]


@dataclass(slots=True)
class _Board:
    """What the broker was told of one machine on this connection."""

    above: str
    holding: dict[str, ConditionRow] = field(default_factory=dict)
    named: bool = False


class ConditionBoards:
    """What the broker retains of machines' conditions, and which messages bring it up to date.

    Characteristics
        bounded: by what is told of a machine at once, a hundred, and `MOST_LEFT_OVER`
        order: what a list names is there before the list, and taken back after it
        delays nothing: the caller publishes

    Args:
        agent: name of the agent, as its own topic has it.
        started: when this run of it began, as its own topic says.
    """

    def __init__(self, agent: str, started: str) -> None:
        self._agent = agent
        self._started = started
        self._boards: dict[str, _Board] = {}
        self._left_over: dict[str, None] = {}
        self._number = 0

    def all_again(self) -> None:
        """Count nothing as told: the broker may know nothing of what came before."""
        for board in self._boards.values():
            board.named = False
            self._left_over |= dict.fromkeys(f"{board.above}/{key}" for key in board.holding)
            board.holding.clear()

    def found(self, topic: str) -> None:
        """Note a message that the broker retained from before; `topic` is below the prefix."""
        if len(self._left_over) < MOST_LEFT_OVER:
            self._left_over[topic] = None

    def changes(
        self, sites: Mapping[str, str], told: Mapping[str, Sequence[ConditionRow]]
    ) -> list[Message]:
        """Return what must be published now.

        Args:
            sites: site of each machine that is read.
            told: what holds at machines now.
        """
        messages = [each for machine in self._gone(sites) for each in self._removed(machine)]
        for machine, site in sites.items():
            if (rows := told.get(machine)) is not None:
                above = f"{site}/{machine}/{LEVEL}"
                board = self._boards.setdefault(machine, _Board(above))
                messages += self._of_machine(board, rows)
        return [*messages, *self._taken_back()]

    def _gone(self, sites: Mapping[str, str]) -> list[str]:
        return [
            machine
            for machine, board in self._boards.items()
            if board.above != f"{sites.get(machine)}/{machine}/{LEVEL}"
        ]

    def _removed(self, machine: str) -> Iterable[Message]:
        board = self._boards.pop(machine)
        yield board.above, None
        for key in board.holding:
            yield f"{board.above}/{key}", None

    def _of_machine(self, board: _Board, rows: Sequence[ConditionRow]) -> Iterable[Message]:
        holding = {condition_key(row[0]): row for row in rows}
        former, board.holding = board.holding, holding
        for key, row in holding.items():
            if former.get(key) != row:
                yield f"{board.above}/{key}", _said(row)
        if former.keys() != holding.keys() or not board.named:
            board.named = True
            yield board.above, self._list(holding)
        for key in former.keys() - holding.keys():
            yield f"{board.above}/{key}", None

    def _list(self, holding: Iterable[str]) -> str:
        self._number += 1
        said = {
            "agent": self._agent,
            "started": self._started,
            "number": self._number,
            "active": list(holding),
        }
        return json.dumps(said)

    def _taken_back(self) -> Iterable[Message]:
        """Yield the end of what former runs left, where this one knows better."""
        for topic in list(self._left_over):
            _, machine, _, key = topic.split("/", 3)
            if (board := self._boards.get(machine)) is not None:
                del self._left_over[topic]
                if key not in board.holding:
                    yield topic, None


def _said(row: ConditionRow) -> str:
    condition, name, source, severity, message, time_ns = row
    said = {
        "id": condition,
        "name": name,
        "source": source,
        "severity": severity,
        "message": message,
        "time": instant(time_ns),
    }
    return json.dumps(said, ensure_ascii=False)
