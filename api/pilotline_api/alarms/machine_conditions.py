"""Conditions that machines raise themselves: OPC UA alarms as the edge tells them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from pilotline_api.alarms.condition import Condition
from pilotline_api.alarms.models import Severity
from pilotline_api.alarms.transition import Cleared, Raised, Transition
from pilotline_api.live.clock import Moment
from pilotline_api.live.push import Holding, PushedCondition
from pilotline_plant import Plant

CALM_S: Final = 2.0
"""An alarm clears once its condition has been over for so long, so that chatter makes one alarm."""

_CRITICAL_FROM: Final = 667
_WARNING_FROM: Final = 334
_KIND: Final = "event:"
_DIGEST: Final = 32


@dataclass(slots=True)
class _Open:
    """An alarm whose condition holds, or held until just now."""

    alarm: str
    over_since_s: float | None = None


@dataclass(slots=True)
class _Machine:
    """One machine's name and its open alarms."""

    name: str
    open: dict[Condition, _Open] = field(default_factory=dict)


class MachineConditions:
    """Turns what machines say of their conditions into alarms that rise and clear.

    Acknowledging is Pilotline's own: nothing is told to the machine.

    Characteristics
        bounded: by what the edge tells of a machine at once, a hundred
        calm: a condition that ends and is back within `CALM_S` goes on as the same alarm
        thread-safe: no, it lives on the event loop

    Args:
        plant: whose machines.
        new_id: makes alarm ids.
    """

    def __init__(self, plant: Plant, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._machines = {machine.id: _Machine(machine.name) for machine in plant.machines}

    @property
    def open_alarms(self) -> int:
        """Number of alarms that have not cleared."""
        return sum(len(machine.open) for machine in self._machines.values())

    def adopt(self, open_alarms: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Take over alarms left open by a former process; return those that are not of this sort.

        Args:
            open_alarms: alarm id and `Condition.open_key` of each.
        """
        others = []
        for alarm, open_key in open_alarms:
            machine_id, _, kind = open_key.split("/", 2)
            machine = self._machines.get(machine_id)
            if machine is None or not kind.startswith(_KIND):
                others.append((alarm, open_key))
            else:
                machine.open[Condition(machine_id, None, kind)] = _Open(alarm)
        return others

    def told(self, machine_id: str, holding: Holding, now: Moment) -> Iterator[Transition]:
        """Compare what holds at a machine, by its own account, with its open alarms.

        Nothing clears while not all that holds is known.
        """
        machine = self._machines.get(machine_id)
        if machine is None:
            return
        held = {_condition(machine_id, told): told for told in holding.conditions}
        for condition, told in held.items():
            if (known := machine.open.get(condition)) is not None:
                known.over_since_s = None
                continue
            machine.open[condition] = opened = _Open(self._new_id())
            severity, message = _severity(told[3]), _message(machine.name, told)
            yield Raised(opened.alarm, condition, severity, message, None, None, now.unix_ms)
        if not holding.whole:
            return
        for condition in machine.open.keys() - held.keys():
            opened = machine.open[condition]
            opened.over_since_s = opened.over_since_s or now.monotonic_s
            if now.monotonic_s - opened.over_since_s >= CALM_S:
                del machine.open[condition]
                yield Cleared(opened.alarm, condition, now.unix_ms)


def _condition(machine: str, told: PushedCondition) -> Condition:
    digest = sha256(told[0].encode("utf-8", "replace")).hexdigest()
    return Condition(machine, None, f"{_KIND}{digest[:_DIGEST]}")


def _severity(severity: int) -> Severity:
    if severity >= _CRITICAL_FROM:
        return Severity.CRITICAL
    return Severity.WARNING if severity >= _WARNING_FROM else Severity.INFO


def _message(machine: str, told: PushedCondition) -> str:
    _, name, source, _, message, _ = told
    about = " ".join(filter(None, (source, name)))
    text = ": ".join(filter(None, (machine, about, message)))
    return "".join(char if char.isprintable() else " " for char in text)
