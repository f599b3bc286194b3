"""Trial runs and bookings as the scheduler's runs."""

from collections.abc import Collection, Iterable
from datetime import datetime
from math import ceil

from pilotline_api.bookings.models import Booking
from pilotline_api.plans.axis import TICK_S, Axis
from pilotline_api.runs.models import Operation, TrialRun
from pilotline_api.runs.schemas import AttendanceWindow
from pilotline_plant import Plant
from pilotline_scheduler import problem
from pilotline_scheduler.problem import Interval, Lag, Mode, Pin

INSTITUTE = "institute"
"""Stands for the institute where the scheduler asks for a client."""


def open_run(run: TrialRun, plant: Plant, axis: Axis, *, attended: bool) -> problem.Run:
    """Return a run that needs machine time, with all its operations.

    Args:
        run: the trial run.
        plant: the plant.
        axis: the planning axis.
        attended: whether its attendance windows still count.
    """
    return problem.Run(
        id=run.id,
        client=run.organisation.client or INSTITUTE,
        operations=tuple(_operation(operation, plant) for operation in run.operations),
        lags=_lags(run.operations),
        release=max(0, axis.ceil(run.release)),
        due=axis.floor(run.due),
        weight=run.weight,
        attendance=tuple(axis.inside(attendance(run))) if attended else (),
    )


def done_run(run: TrialRun, kept: Collection[str], plant: Plant) -> problem.Run:
    """Return what remains visible of a run that is done: the operations after the origin.

    They stay where they were, so that the setup states they left are right; nothing else about
    the run counts any more.
    """
    operations = [operation for operation in run.operations if operation.id in kept]
    return problem.Run(
        id=run.id,
        client=run.organisation.client or INSTITUTE,
        operations=tuple(_operation(operation, plant) for operation in operations),
        weight=0,
    )


def booked_run(booking: Booking, axis: Axis) -> tuple[problem.Run, Pin]:
    """Return a booking as a run of one operation, pinned where it is."""
    taken = booked_ticks(booking, axis)
    operation = problem.Operation(
        id=f"booking:{booking.id}",
        modes=(Mode(booking.machine, taken.end - taken.start),),
    )
    run = problem.Run(
        id=operation.id,
        client=booking.organisation.client or INSTITUTE,
        operations=(operation,),
        weight=0,
    )
    return run, Pin(operation.id, booking.machine, taken.start)


def booked_ticks(booking: Booking, axis: Axis) -> Interval:
    """Return the ticks a booking takes from the origin on."""
    return Interval(max(0, axis.floor(booking.starts_at)), axis.ceil(booking.ends_at))


def attendance(run: TrialRun) -> list[tuple[datetime, datetime]]:
    """Return the windows in which the client can be present, by start."""
    windows = [AttendanceWindow.model_validate(window) for window in run.attendance]
    return sorted((window.start, window.end) for window in windows)


def _operation(operation: Operation, plant: Plant) -> problem.Operation:
    demands = tuple((str(pool), int(units)) for pool, units in operation.pools)
    return problem.Operation(
        id=operation.id,
        modes=tuple(
            Mode(machine.id, _ticks(operation.minutes, capability.rate), demands)
            for machine in plant.machines_able(operation.capability)
            for capability in machine.capabilities
            if capability.id == operation.capability
        ),
        setup_state=operation.setup_state,
        pausable=operation.pausable,
        attended=operation.attended,
    )


def _ticks(minutes: int, rate: float) -> int:
    return max(1, ceil(minutes * 60 / rate / TICK_S))


def _lags(operations: Iterable[Operation]) -> tuple[Lag, ...]:
    by_step = {operation.step: operation for operation in operations}
    per_minute = 60 // TICK_S
    return tuple(
        Lag(
            before=by_step[before].id,
            after=operation.id,
            minimum=least * per_minute,
            maximum=None if most is None else most * per_minute,
        )
        for operation in by_step.values()
        for before, least, most in operation.after
    )
