"""The plant, its machines and what it offers."""

from fastapi import APIRouter

from pilotline_api.accounts.access import CurrentPerson, StaffNeeded
from pilotline_api.accounts.schemas import ClientView
from pilotline_api.errors import NotFound
from pilotline_api.kit.schema import ObjectId, Span
from pilotline_api.kit.services import PlantNeeded
from pilotline_api.kit.window import WindowNeeded
from pilotline_api.plant.schemas import (
    MachineView,
    PlantView,
    ProcedureView,
    machine_view,
    plant_view,
    procedure_view,
)
from pilotline_plant import Machine, Plant
from pilotline_plant.working_time import machine_working_time

router = APIRouter(tags=["plant"])


@router.get("/plant", summary="Sites and halls")
def read_plant(_person: CurrentPerson, plant: PlantNeeded) -> PlantView:
    """Return the plant's sites with their time zones and halls."""
    return plant_view(plant)


@router.get("/machines", summary="Machines in plant order")
def list_machines(person: CurrentPerson, plant: PlantNeeded) -> list[MachineView]:
    """Return every machine; a customer gets no tags."""
    return [machine_view(machine, with_tags=person.staff) for machine in plant.machines]


@router.get("/machines/{machine_id}", summary="One machine")
def read_machine(machine_id: ObjectId, person: CurrentPerson, plant: PlantNeeded) -> MachineView:
    """Return a machine; a customer gets no tags."""
    return machine_view(machine_of(plant, machine_id), with_tags=person.staff)


@router.get("/machines/{machine_id}/working-time", summary="When a machine works")
def read_working_time(
    machine_id: ObjectId, _person: CurrentPerson, plant: PlantNeeded, window: WindowNeeded
) -> list[Span]:
    """Return a machine's open hours, less its maintenance, in UTC."""
    machine = machine_of(plant, machine_id)
    hours = machine_working_time(plant, machine, window.start, window.end)
    return [Span(start=start, end=end) for start, end in hours]


@router.get("/procedures", summary="Kinds of trial runs")
def list_procedures(_person: CurrentPerson, plant: PlantNeeded) -> list[ProcedureView]:
    """Return what the plant offers."""
    return [procedure_view(procedure) for procedure in plant.procedures]


@router.get("/clients", summary="Clients, for staff")
def list_clients(_person: StaffNeeded, plant: PlantNeeded) -> list[ClientView]:
    """Return the plant's clients, for whom staff can ask for trial runs."""
    return [ClientView(id=client.id, name=client.name) for client in plant.clients]


def machine_of(plant: Plant, machine_id: str) -> Machine:
    """Return a machine.

    Raises:
        NotFound: there is none with this id.
    """
    machine = plant.machine_by_id.get(machine_id)
    if machine is None:
        raise NotFound
    return machine
