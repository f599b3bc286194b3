"""Slots: own ones in full, others' time as busy."""

from typing import Annotated

from fastapi import APIRouter, Query

from pilotline_api.accounts.access import CurrentPerson, ReadSession
from pilotline_api.kit.schema import ObjectId
from pilotline_api.kit.services import PlantNeeded
from pilotline_api.kit.window import WindowNeeded
from pilotline_api.occupancy.service import busy_for
from pilotline_api.slots.repository import readable_slot, readable_slots
from pilotline_api.slots.schemas import (
    BusyView,
    SlotView,
    SlotWithTagsView,
    slot_view,
    slot_with_tags_view,
)

router = APIRouter(tags=["slots"])


@router.get("/slots", summary="Slots, and others' time as busy")
def list_slots(
    person: CurrentPerson,
    session: ReadSession,
    plant: PlantNeeded,
    window: WindowNeeded,
    machine: Annotated[str | None, Query(max_length=64)] = None,
) -> list[SlotView | BusyView]:
    """Return the slots that touch a window; a customer also gets others' time as busy."""
    slots: list[SlotView | BusyView] = [
        slot_view(slot, plant) for slot in readable_slots(session, person, window, machine)
    ]
    if not person.staff:
        slots += [
            BusyView(machine=busy.machine, start=busy.start, end=busy.end)
            for busy in busy_for(session, person, window, machine)
        ]
    return slots


@router.get("/slots/{slot_id}", summary="One slot with its machine's tags")
def read_slot(
    slot_id: ObjectId, person: CurrentPerson, session: ReadSession, plant: PlantNeeded
) -> SlotWithTagsView:
    """Return a slot and what its machine measures."""
    return slot_with_tags_view(readable_slot(session, person, slot_id), plant)
