"""What a broker has said of the conditions of machines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pilotline_api.live.broker_messages import ConditionList
from pilotline_api.live.push import Holding, PushedCondition, PushError

MOST_HELD: Final = 1_000
"""Most conditions of one machine that are remembered, those that hold and those that ended."""

Vouched = Callable[[ConditionList], bool]
"""Whether the run of the agent that wrote a list is there now."""


@dataclass(slots=True)
class _Machine:
    """One machine's newest list, and the newest message of each condition."""

    named: ConditionList | None = None
    held: dict[str, PushedCondition] = field(default_factory=dict)

    def holding(self) -> Holding | None:
        if self.named is None:
            return None
        known = [self.held[key] for key in self.named.active if key in self.held]
        return Holding(known, whole=len(known) == len(self.named.active))

    def drop_unnamed(self) -> bool:
        """Forget conditions that the list does not name; return whether there is a list."""
        if self.named is None:
            return False
        named = frozenset(self.named.active)
        self.held = {key: held for key, held in self.held.items() if key in named}
        return True


class ConditionPicture:
    """The conditions of each machine, as the broker tells them.

    What holds is what the newest list names, while the run that wrote it is there: a condition that
    ended while no agent ran may be retained for ever. Retained messages come in any order, so a
    list is not whole until each condition that it names has come.

    Characteristics
        newest wins: lists by their number, conditions by their time; duplicates change nothing
        bounded: by the plant, and `MOST_HELD` messages of a machine
    """

    def __init__(self) -> None:
        self._machines: dict[str, _Machine] = {}
        self._changed: dict[str, None] = {}

    def take(self, machine: str, key: str, condition: PushedCondition | None) -> None:
        """Take a condition, or None for the end of it.

        Raises:
            PushError: the machine has too many already.
        """
        of = self._of(machine)
        if condition is None:
            of.held.pop(key, None)
            return
        known = of.held.get(key)
        if known is not None and condition[-1] < known[-1]:
            return
        if known is None and len(of.held) >= MOST_HELD and not of.drop_unnamed():
            raise PushError(f"more than {MOST_HELD} conditions of {machine} come before their list")
        of.held[key] = condition
        self._changed[machine] = None

    def name(self, machine: str, named: ConditionList | None, vouched: Vouched) -> None:
        """Take a list, or None once the machine is read no more."""
        of = self._of(machine)
        if named is not None and of.named is not None:
            of_former_run = vouched(of.named) and not vouched(named)
            same_run = (named.agent, named.started) == (of.named.agent, of.named.started)
            if of_former_run or (same_run and named.number <= of.named.number):
                return
        of.named = named
        self._changed[machine] = None

    def incomplete(self) -> list[str]:
        """Return the machines of whose list not every condition has come."""
        return [
            machine
            for machine, of in self._machines.items()
            if of.named is not None and not of.held.keys() >= set(of.named.active)
        ]

    def of_agent(self, agent: str) -> None:
        """Look again at what an agent said, since it came or went."""
        for machine, of in self._machines.items():
            if of.named is not None and of.named.agent == agent:
                self._changed[machine] = None

    def holdings(self, vouched: Vouched, *, everything: bool) -> dict[str, Holding]:
        """Return what holds at machines that changed, or at all that an agent vouches for now."""
        told = {}
        for machine in list(self._machines if everything else self._changed):
            of = self._machines[machine]
            if of.named is not None and vouched(of.named) and (holding := of.holding()):
                told[machine] = holding
        self._changed.clear()
        return told

    def _of(self, machine: str) -> _Machine:
        return self._machines.setdefault(machine, _Machine())
