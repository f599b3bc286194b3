"""Shapes of slots and of busy time."""

from typing import Literal

from pilotline_api.accounts.schemas import ClientView, client_view
from pilotline_api.kit.schema import Instant, View
from pilotline_api.plans.models import Slot
from pilotline_api.plant.schemas import TagView, tag_view
from pilotline_plant import Plant


class RunReference(View):
    """A trial run by name."""

    id: str
    title: str


class OperationReference(View):
    """An operation by name."""

    id: str
    name: str


class SlotView(View):
    """A planned operation on a machine."""

    id: str
    machine: str
    machine_name: str
    site: str | None
    run: RunReference
    client: ClientView
    operation: OperationReference
    setup_start: Instant
    start: Instant
    end: Instant
    setup_state: str | None
    busy: Literal[False] = False


class SlotWithTagsView(SlotView):
    """A slot, and what its machine measures."""

    tags: list[TagView]


class BusyView(View):
    """Machine time of others: merged, and with nothing else."""

    machine: str
    start: Instant
    end: Instant
    busy: Literal[True] = True


def slot_view(slot: Slot, plant: Plant) -> SlotView:
    """Return a slot; a machine that has left the plant file keeps its id as its name."""
    machine = plant.machine_by_id.get(slot.machine)
    return SlotView(
        id=slot.id,
        machine=slot.machine,
        machine_name=machine.name if machine else slot.machine,
        site=machine.site if machine else None,
        run=RunReference(id=slot.run.id, title=slot.run.title),
        client=client_view(slot.run.organisation),
        operation=OperationReference(id=slot.operation.id, name=slot.operation.name),
        setup_start=slot.setup_start,
        start=slot.starts_at,
        end=slot.ends_at,
        setup_state=slot.setup_state,
    )


def slot_with_tags_view(slot: Slot, plant: Plant) -> SlotWithTagsView:
    """Return a slot with its machine's tags."""
    machine = plant.machine_by_id.get(slot.machine)
    tags = [tag_view(tag) for tag in machine.tags] if machine else []
    return SlotWithTagsView(**slot_view(slot, plant).model_dump(), tags=tags)
