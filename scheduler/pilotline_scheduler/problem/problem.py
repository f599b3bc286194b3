"""The problem as a whole."""

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import with_config

from pilotline_scheduler.plan.planned import PlannedOperation
from pilotline_scheduler.problem.objective import Objective
from pilotline_scheduler.problem.resources import Calendar, Changeover, Machine, Pool
from pilotline_scheduler.problem.runs import Run
from pilotline_scheduler.strict import STRICT


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Wall:
    """Two clients whose operations never overlap in one hall; `halls` empty means every hall.

    Operations count from start to end; setups are the facility's own work.
    """

    clients: tuple[str, str]
    halls: tuple[str, ...] = ()


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Pin:
    """A decision already taken for an operation: its machine, its start of processing, or both.

    It goes before what the frozen horizon says of the same operation.
    """

    operation: str
    machine: str | None = None
    start: int | None = None


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Running:
    """An operation that runs already; its times are facts, whatever mode and calendar say.

    It is set up, so no changeover lies before it. Release, deadline, attendance, the frozen horizon
    and lags before it no longer bind it. It holds the machine, its pools and its hall; where
    running operations alone hold more than there is, others only have to stay away.

    Attributes:
        operation: operation id; it has a mode on the machine.
        machine: machine id.
        start: tick at which it started; 0 when that was before the origin.
        end: tick at which it is expected to end: now, and the work and pauses that are left.
    """

    operation: str
    machine: str
    start: int
    end: int


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Client:
    """A client's share of the line.

    Attributes:
        id: client id, as runs name it.
        entitlement: share, such as contracted machine hours; others have 1. Who is entitled to
            twice as much may wait twice as much in all.
    """

    id: str
    entitlement: int = 1


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Problem:
    """Everything the scheduler needs to know.

    All times are whole ticks from `origin`.

    Attributes:
        name: what a person reads.
        machines, calendars, changeovers, pools: the resources.
        runs: what is asked for.
        walls: clients that must not meet.
        pins: decisions already taken; they hold even inside the frozen horizon.
        frozen_until: operations of `previous` that start before this tick keep machine and start;
            no other operation's setup or processing starts before it.
        previous: the published plan, for frozen operations and stability terms.
        objective: what to minimise.
        tick_s: seconds in a tick.
        origin: instant of tick 0 (aware, UTC), or None for abstract time.
        running: what runs already.
        clients: entitlements, for fairness.
        notice: ``(tick, price)`` steps: what it costs to move an operation that was published to
            start then; empty for 1 at any time. Like all steps they are sorted, the first is at
            tick 0 and the last holds for ever.
        tariff: ``(tick, price)`` steps of a unit of energy; empty for none.
        intensity: ``(tick, grams)`` steps of greenhouse gas emitted for a unit of energy; empty
            for none.
    """

    name: str
    machines: tuple[Machine, ...]
    runs: tuple[Run, ...]
    calendars: tuple[Calendar, ...] = ()
    changeovers: tuple[Changeover, ...] = ()
    pools: tuple[Pool, ...] = ()
    walls: tuple[Wall, ...] = ()
    pins: tuple[Pin, ...] = ()
    frozen_until: int = 0
    previous: tuple[PlannedOperation, ...] = ()
    objective: Objective = field(default_factory=Objective)
    tick_s: int = 60
    origin: datetime | None = None
    running: tuple[Running, ...] = ()
    clients: tuple[Client, ...] = ()
    notice: tuple[tuple[int, int], ...] = ()
    tariff: tuple[tuple[int, int], ...] = ()
    intensity: tuple[tuple[int, int], ...] = ()
