"""Whether a client's attendance windows leave room for the steps the client wants to see."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from pilotline_api.errors import FieldError, Unprocessable
from pilotline_api.runs.schemas import AttendanceWindow, RunRequest
from pilotline_plant import Machine, Plant, Procedure, Step
from pilotline_plant.working_time import machine_working_time


def minutes_of(step: Step, size: float) -> int:
    """Return a step's nominal duration for a run's size."""
    return max(1, round(step.minutes * size)) if step.scales else step.minutes


def refuse_without_room(plant: Plant, procedure: Procedure, request: RunRequest) -> None:
    """Refuse windows into which an attended step cannot fit even on an empty machine.

    One such run would leave the whole line without any plan.

    Raises:
        Unprocessable: ``no_room``; names the step.
    """
    if not request.attendance:
        return
    for step in procedure.steps:
        if step.attended and not _fits(plant, step, request):
            message = (
                f"the attended step {step.name!r} takes {minutes_of(step, request.size)} minutes "
                "and fits into none of these windows while a machine works; give longer ones"
            )
            raise Unprocessable(message, errors=[FieldError("/attendance", "no_room", message)])


def _fits(plant: Plant, step: Step, request: RunRequest) -> bool:
    for machine in plant.machines_able(step.capability):
        rate = next(each.rate for each in machine.capabilities if each.id == step.capability)
        needed = timedelta(minutes=ceil(minutes_of(step, request.size) / rate))
        if any(
            end - start >= needed
            for start, end in _present(plant, machine, request.attendance, request.release)
        ):
            return True
    return False


def _present(
    plant: Plant, machine: Machine, windows: Sequence[AttendanceWindow], release: datetime
) -> list[tuple[datetime, datetime]]:
    return [
        hours
        for window in windows
        for hours in machine_working_time(plant, machine, max(window.start, release), window.end)
    ]
