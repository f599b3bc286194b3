"""Builds the scheduler's problem from the plant, the open trial runs and what is promised."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from pilotline_api.plans import equipment, work
from pilotline_api.plans.axis import TICK_S, Axis
from pilotline_api.plans.commitments import Commitments, commitments
from pilotline_api.plans.models import Slot
from pilotline_api.runs.models import Operation, TrialRun
from pilotline_plant import Plant
from pilotline_scheduler.plan import PlannedOperation
from pilotline_scheduler.problem import (
    Goal,
    Interval,
    Objective,
    Pin,
    Problem,
    Run,
    Term,
)

_CHANGED_MACHINE_MINUTES = 60


@dataclass(frozen=True, slots=True)
class PlanningCase:
    """A problem, and what its ids and ticks stand for.

    Attributes:
        problem: what the solver is given.
        axis: from ticks to instants.
        now: when the case was built.
        operations: operations to plan, by id.
        kept: slots in force of operations that a plan may not move, by operation id.
        notes: what a person should know about the case, one sentence each.
    """

    problem: Problem
    axis: Axis
    now: datetime
    operations: dict[str, Operation]
    kept: dict[str, Slot]
    notes: tuple[str, ...]


def build_case(
    session: Session,
    plant: Plant,
    *,
    now: datetime,
    frozen_horizon: timedelta,
    planning_horizon: timedelta,
    lead: timedelta,
) -> PlanningCase:
    """Build the problem of planning every open trial run from now on.

    Args:
        session: a session that sees every organisation.
        plant: the plant.
        now: the present instant.
        frozen_horizon: how far ahead of now the published plan stays as it is.
        planning_horizon: how far ahead to plan, from now or from the last release.
        lead: how long it takes until a plan can be published; without a published plan nothing is
            frozen, but nothing can begin earlier either.
    """
    decided = commitments(session, now)
    last_release = max([now, *(run.release for run in decided.runs)])
    axis = Axis(decided.origin, last_release + planning_horizon)
    horizon = max(lead, frozen_horizon) if decided.slots else lead
    frozen_until = max(0, axis.ceil(now + horizon))
    missed = [run for run in decided.runs if _missed(run, decided.slots, now)]
    return PlanningCase(
        problem=_problem(decided, plant, axis, frozen_until, {run.id for run in missed}),
        axis=axis,
        now=now,
        operations={
            operation.id: operation for run in decided.runs for operation in run.operations
        },
        kept={
            operation: slot
            for operation, slot in decided.slots.items()
            if axis.floor(slot.starts_at) < frozen_until
        },
        notes=tuple(
            f"The attendance windows of {run.title!r} are over; it is planned without."
            for run in missed
        ),
    )


def _problem(
    decided: Commitments, plant: Plant, axis: Axis, frozen_until: int, missed: Collection[str]
) -> Problem:
    runs, pins = _runs(decided, plant, axis, missed)
    hours = equipment.calendars(plant, axis, _opened(decided, axis, frozen_until))
    previous = _previous(decided, axis)
    return Problem(
        name=plant.name,
        machines=equipment.machines(plant, decided.setup_states),
        runs=runs,
        calendars=hours,
        changeovers=equipment.changeovers(plant),
        pools=equipment.pools(plant, axis, runs, hours),
        walls=equipment.walls(plant),
        pins=(*pins, *_setups_under_way(decided, axis, frozen_until)),
        frozen_until=frozen_until,
        previous=previous,
        objective=objective(stable=bool(previous)),
        tick_s=TICK_S,
        origin=axis.origin,
    )


def _previous(decided: Commitments, axis: Axis) -> tuple[PlannedOperation, ...]:
    return tuple(
        PlannedOperation(
            operation=operation,
            machine=slot.machine,
            setup_start=axis.floor(slot.setup_start),
            start=axis.floor(slot.starts_at),
            end=axis.floor(slot.ends_at),
        )
        for operation, slot in decided.slots.items()
    )


def objective(*, stable: bool) -> Objective:
    """Return what a good plan is: in time first; then calm, with few changeovers.

    Args:
        stable: whether a published plan exists that should move little. A changed machine counts
            as much as an hour's move.
    """
    terms = [Term(Goal.WEIGHTED_TARDINESS), Term(Goal.CHANGEOVER_TIME, priority=1)]
    if stable:
        terms += [
            Term(Goal.MOVED_START, priority=1),
            Term(Goal.CHANGED_MACHINE, weight=_CHANGED_MACHINE_MINUTES, priority=1),
        ]
    return Objective(tuple(terms))


def _runs(
    decided: Commitments, plant: Plant, axis: Axis, missed: Collection[str]
) -> tuple[tuple[Run, ...], list[Pin]]:
    runs = [work.open_run(run, plant, axis, attended=run.id not in missed) for run in decided.runs]
    done: dict[str, list[Slot]] = defaultdict(list)
    opened = {run.id for run in decided.runs}
    for slot in decided.slots.values():
        if slot.run_id not in opened:
            done[slot.run_id].append(slot)
    for slots in done.values():
        kept = {slot.operation_id for slot in slots}
        runs.append(work.done_run(slots[0].run, kept, plant))
    booked = [
        work.booked_run(booking, axis)
        for booking in decided.bookings
        if booking.machine in plant.machine_by_id
    ]
    runs += [run for run, _ in booked]
    return tuple(runs), [pin for _, pin in booked]


def _missed(run: TrialRun, planned: Collection[str], now: datetime) -> bool:
    """Return whether a run waits for a client whose windows are all over."""
    windows = work.attendance(run)
    waiting = any(each.attended and each.id not in planned for each in run.operations)
    return waiting and bool(windows) and all(end <= now for _, end in windows)


def _setups_under_way(decided: Commitments, axis: Axis, frozen_until: int) -> list[Pin]:
    """Pin operations whose changeover, but not whose start, lies in the frozen horizon."""
    return [
        Pin(operation, slot.machine, axis.floor(slot.starts_at))
        for operation, slot in decided.slots.items()
        if axis.floor(slot.setup_start) < frozen_until <= axis.floor(slot.starts_at)
    ]


def _opened(decided: Commitments, axis: Axis, frozen_until: int) -> dict[str, list[Interval]]:
    """Return what is done outside of working time: bookings, and frozen slots as they stand."""
    opened: dict[str, list[Interval]] = defaultdict(list)
    for booking in decided.bookings:
        opened[booking.machine].append(work.booked_ticks(booking, axis))
    for slot in decided.slots.values():
        start = axis.floor(slot.setup_start)
        if start < frozen_until and not slot.operation.pausable:
            opened[slot.machine].append(Interval(start, axis.floor(slot.ends_at)))
    return opened
