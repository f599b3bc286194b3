"""Trends, states and gaps of machines."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Depends, Response

from pilotline_api.accounts.access import StaffNeeded, require_staff
from pilotline_api.errors import FieldError, Unprocessable
from pilotline_api.history import slot_history
from pilotline_api.history.answer import history_answer
from pilotline_api.history.instants import from_ns
from pilotline_api.history.queries import (
    DEFAULT_POINTS,
    IntervalAsked,
    Points,
    Tags,
    historian_asked,
    known_tags,
    machine_of,
)
from pilotline_api.history.schemas import GapView, HistoryView, StateView
from pilotline_api.history.states import StateInterval, TooManyChanges, blind_times, read_states
from pilotline_api.kit.schema import ObjectId
from pilotline_api.kit.services import HistorianNeeded, PlantNeeded
from pilotline_api.live.parts import LiveNeeded
from pilotline_api.live.reading import Connection
from pilotline_historian import Historian, Series

router = APIRouter(tags=["history"])
router.include_router(slot_history.router)

LONGEST_STATES: Final = timedelta(days=92)

_MS_TO_NS: Final = 1_000_000


@router.get(
    "/machines/{machine_id}/history",
    summary="Trends of a machine's tags",
    response_model=HistoryView,
    dependencies=[Depends(require_staff)],
)
def read_history(
    machine_id: ObjectId,
    tag: Tags,
    interval: IntervalAsked,
    plant: PlantNeeded,
    historian: HistorianNeeded,
    points: Points = DEFAULT_POINTS,
) -> Response:
    """Return each tag in at most `points` points; raw samples where there are no more than that."""
    machine = machine_of(plant, machine_id)
    tags = known_tags(tag, [each.id for each in machine.tags])
    return history_answer(historian, machine, tags, interval, points)


@router.get("/machines/{machine_id}/states", summary="States of a machine over time")
def list_states(
    machine_id: ObjectId,
    interval: IntervalAsked,
    _person: StaffNeeded,
    plant: PlantNeeded,
    historian: HistorianNeeded,
    live: LiveNeeded,
) -> list[StateView]:
    """Return adjoining intervals up to now; `Unknown` where the machine was out of reach."""
    machine = machine_of(plant, machine_id)
    if interval.end - interval.start > LONGEST_STATES:
        raise _too_long(f"States are listed for {LONGEST_STATES.days} days at most.")
    tag = next((each.id for each in machine.tags if each.role == "state"), None)
    end_ns = min(interval.end_ns, live.now().unix_ms * _MS_TO_NS)
    if tag is None or interval.start_ns >= end_ns:
        return []
    connection = live.image.connection(machine.id)
    series = Series(machine.site, machine.id, tag)
    states = _states(historian, series, interval.start_ns, end_ns, connection)
    return [
        StateView(state=each.state, start=from_ns(each.start_ns), end=from_ns(each.end_ns))
        for each in states
    ]


def _states(
    historian: Historian, series: Series, start_ns: int, end_ns: int, connection: Connection
) -> list[StateInterval]:
    with historian_asked():
        blind = blind_times(historian.gaps(series.machine, start_ns, end_ns), series.tag)
        if not connection.connected:
            # A gap is declared when it ends; this one has not.
            blind.append((connection.since_ms * _MS_TO_NS, end_ns))
        try:
            return read_states(historian, series, start_ns, end_ns, blind)
        except TooManyChanges as error:
            raise _too_long(f"{error}; ask for a shorter interval.") from error


@router.get("/machines/{machine_id}/gaps", summary="Declared intervals without data")
def list_gaps(
    machine_id: ObjectId,
    interval: IntervalAsked,
    _person: StaffNeeded,
    plant: PlantNeeded,
    historian: HistorianNeeded,
) -> list[GapView]:
    """Return the gaps that touch the interval, by start."""
    machine = machine_of(plant, machine_id)
    with historian_asked():
        gaps = historian.gaps(machine.id, interval.start_ns, interval.end_ns)
    return [
        GapView(
            tag=each.tag, start=from_ns(each.start_ns), end=from_ns(each.end_ns), cause=each.cause
        )
        for each in gaps
    ]


def _too_long(message: str) -> Unprocessable:
    return Unprocessable(message, errors=[FieldError("query:end", "interval", message)])
