"""What a quote says: options with their slots, or what stands in the way."""

from dataclasses import dataclass
from enum import StrEnum

from pilotline_scheduler.problem import Run
from pilotline_scheduler.replan.times import Times


class Aim(StrEnum):
    """What an option is best at."""

    SOONER = "sooner"
    """Earliest end."""
    CHEAPER = "cheaper"
    """Least cost; the earliest of equals."""
    GREENER = "greener"
    """Least greenhouse gas, or least energy where no intensity is known; the earliest of equals."""


@dataclass(frozen=True, slots=True)
class QuotedSlot:
    """Time on a machine; ticks as in a plan.

    Attributes:
        operation: operation id.
        machine: machine id.
        setup_start: start of the changeover; equal to `start` when there is none.
        start: start of processing.
        end: end of processing.
    """

    operation: str
    machine: str
    setup_start: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Option:
    """One way to do the runs of a quote without moving anything that is planned.

    Attributes:
        aims: what it is best at among the options.
        slots: a slot for each operation.
        start: first tick of it, setup included.
        end: last tick of it.
        late: ticks after the due tick, summed over the runs.
        changeovers: changeovers of its own that take time.
        changeover_ticks: ticks of changeover it adds, those of neighbours included; below zero
            where it saves some.
        changeover_cost: cost of changeovers it adds.
        cost: price of the machines, of the energy where a tariff is known, and of changeovers.
        energy: energy drawn, in the unit of `Mode.energy`.
        greenhouse: greenhouse gas of that energy; None where no intensity is known.
    """

    aims: tuple[Aim, ...]
    slots: tuple[QuotedSlot, ...]
    start: int
    end: int
    late: int
    changeovers: int
    changeover_ticks: int
    changeover_cost: int
    cost: float
    energy: int
    greenhouse: float | None


class Rule(StrEnum):
    """What stands in the way of an operation."""

    HOURS = "hours"
    """Open hours of the machine."""
    ATTENDANCE = "attendance"
    """The client's own visits."""
    POOL = "pool"
    """People, power or places that others hold."""
    WALL = "wall"
    """Others who must not be met are in the hall."""
    MACHINE = "machine"
    """The machine is taken, setups included."""


_WORDS = {
    Rule.HOURS: "{} does not work sooner",
    Rule.ATTENDANCE: "the visits agreed for the run leave no time on {}",
    Rule.POOL: "{} are all in use",
    Rule.WALL: "hall {} is not to be shared",
    Rule.MACHINE: "{} is taken",
}


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why an operation finds no slot on one of its machines in time.

    Attributes:
        operation: operation id.
        machine: machine id.
        rule: what kind of thing stands in the way.
        resource: machine, pool or hall id.
        until: first tick at which it could start there; None for never.
        latest_end: tick by which it should have ended; None where nothing but the horizon does.
    """

    operation: str
    machine: str
    rule: Rule
    resource: str
    until: int | None
    latest_end: int | None

    def sentence(self, times: Times) -> str:
        """Return it for a person."""
        when = "never again" if self.until is None else f"not before {times.at(self.until)}"
        limit = ""
        if self.latest_end is not None:
            limit = f", but would have to end by {times.at(self.latest_end)}"
        why = _WORDS[self.rule].format(self.resource)
        return f"{self.operation} can start on {self.machine} {when}{limit}: {why}"


@dataclass(frozen=True, slots=True)
class Quote:
    """An answer to a customer.

    Attributes:
        runs: what was asked for.
        options: ways to do it, soonest first; empty when there is none.
        hindrances: when there is none, what stands in the way of the first operation that fails.
        soonest_end: when there is none, the end that would be possible without deadlines; None if
            not even then.
        wall_s: seconds it took.
    """

    runs: tuple[Run, ...]
    options: tuple[Option, ...]
    hindrances: tuple[Hindrance, ...]
    soonest_end: int | None
    wall_s: float
