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
