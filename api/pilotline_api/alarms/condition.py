"""Conditions: what can be wrong with a machine, and what an alarm about it says."""

from typing import Final, NamedTuple

from pilotline_api.alarms.models import Severity
from pilotline_plant import Limits, Machine, PackMLState, Tag

CONNECTION: Final = "connection"


class Condition(NamedTuple):
    """Something about a machine that is either so or not.

    Attributes:
        machine: machine id.
        tag: tag id of a limit; None where the whole machine is meant.
        kind: ``low_low``, ``low``, ``high``, ``high_high``, ``connection``, the PackML state word
            in lower case, or ``event:`` and a digest for a condition of the machine's own.
    """

    machine: str
    tag: str | None
    kind: str

    @property
    def open_key(self) -> str:
        """Name of the condition in the alarm table."""
        return f"{self.machine}/{self.tag or ''}/{self.kind}"


def kind_of(open_key: str) -> str:
    """Return the kind of the condition that an `open_key` names, ``event`` without its digest."""
    kind = open_key.split("/", 2)[2]
    return kind.partition(":")[0]


class LimitKind(NamedTuple):
    """One of a tag's four limits (IEC 62682).

    Attributes:
        name: field of `pilotline_plant.Limits`.
        high: whether greater values are worse.
        severity: how soon someone must act.
        words: how a message says it.
    """

    name: str
    high: bool
    severity: Severity
    words: str


LIMIT_KINDS: Final = (
    LimitKind("low_low", False, Severity.CRITICAL, "low-low limit"),
    LimitKind("low", False, Severity.WARNING, "low limit"),
    LimitKind("high", True, Severity.WARNING, "high limit"),
    LimitKind("high_high", True, Severity.CRITICAL, "high-high limit"),
)

STATE_ALARMS: Final = {
    PackMLState.ABORTED: (Severity.CRITICAL, "has aborted"),
    PackMLState.HELD: (Severity.WARNING, "is held"),
    PackMLState.STOPPED: (Severity.WARNING, "has stopped"),
}
"""PackML states in which a machine waits for a person."""


def limit_of(limits: Limits, kind: LimitKind) -> float | None:
    """Return one of a tag's limits."""
    value: float | None = getattr(limits, kind.name)
    return value


def conditions_of(machine: Machine) -> frozenset[Condition]:
    """Return every condition that can hold on a machine."""
    limits = {
        Condition(machine.id, tag.id, kind.name)
        for tag in machine.tags
        if tag.limits is not None
        for kind in LIMIT_KINDS
        if limit_of(tag.limits, kind) is not None
    }
    states = {Condition(machine.id, None, state.word.lower()) for state in STATE_ALARMS}
    return frozenset({Condition(machine.id, None, CONNECTION)} | limits | states)


def limit_message(machine: Machine, tag: Tag, kind: LimitKind, value: float, limit: float) -> str:
    """Return what a person reads about a limit."""
    unit = f" {tag.unit.symbol}" if tag.unit.symbol else ""
    beyond = "at or above" if kind.high else "at or below"
    met = f"{beyond} the {kind.words} {limit:.6g}{unit}"
    return f"{machine.name}: {tag.name} {value:.6g}{unit} is {met}"
