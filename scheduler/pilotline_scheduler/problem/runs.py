"""What is asked for: trial runs of operations, their modes and lags."""

from dataclasses import dataclass

from pydantic import with_config

from pilotline_scheduler.problem.resources import Interval
from pilotline_scheduler.strict import STRICT


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Mode:
    """One way to do an operation.

    Attributes:
        machine: machine id.
        ticks: processing time on that machine, without setup and pauses.
        demands: ``(pool id, units)`` held while processing and, unless named in
            `freed_in_pauses`, while paused.
        energy: energy drawn per tick of processing, in the unit of the tariff; 0 where unknown.
            A batch draws it once.
        spread: least, most likely and greatest processing time in ticks (a triangular
            distribution), or None where it is certain. Plans reckon with `ticks`.
        batch: family of operations that may share the machine as a batch, or None to run alone.
            Operations of a family on a machine take the same ticks and energy and need the same
            setup state; those of one batch start and end together (incompatible job families,
            Uzsoy 1995).
        places: places of the machine that it takes in a batch.
        freed_in_pauses: pool ids of `demands` that get their units back during pauses, as when
            people go home; the others are held, as a place in a clean room is.
    """

    machine: str
    ticks: int
    demands: tuple[tuple[str, int], ...] = ()
    energy: int = 0
    spread: tuple[int, int, int] | None = None
    batch: str | None = None
    places: int = 1
    freed_in_pauses: tuple[str, ...] = ()


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a run.

    Attributes:
        id: unique within the problem.
        modes: alternatives, at least one, each on another machine.
        setup_state: state the machine must be in, or None for any.
        pausable: may pause while the machine's calendar is closed (it starts and ends in open
            hours, and nothing else uses the machine meanwhile); otherwise it must lie within one
            open interval.
        attended: must start and end within one attendance window of its run, if the run has any.
    """

    id: str
    modes: tuple[Mode, ...]
    setup_state: str | None = None
    pausable: bool = False
    attended: bool = False


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Lag:
    """``minimum <= start(after) - end(before) <= maximum``.

    Starts are starts of processing; setups may run earlier. `maximum` None means no limit; 0 with
    `minimum` 0 is no-wait. A `minimum` below zero lets the two overlap; lags of
    0 or more form a DAG.
    """

    before: str
    after: str
    minimum: int = 0
    maximum: int | None = None


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Run:
    """A trial run: operations in a DAG.

    Attributes:
        id: unique within the problem.
        client: client it belongs to, for walls and fairness.
        operations: its operations, at least one.
        lags: precedences between them.
        release: no operation starts (processing) before this tick.
        due: wished end; later is tardy. None for none.
        deadline: hard latest end; None for none.
        weight: cost of a tick of tardiness.
        attendance: windows in which the client can be present; empty for always.
    """

    id: str
    client: str
    operations: tuple[Operation, ...]
    lags: tuple[Lag, ...] = ()
    release: int = 0
    due: int | None = None
    deadline: int | None = None
    weight: int = 1
    attendance: tuple[Interval, ...] = ()
