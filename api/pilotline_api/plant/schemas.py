"""Shapes of sites, machines, procedures and clients."""

from pilotline_api.kit.schema import View
from pilotline_plant import DataType, Limits, Machine, Plant, Procedure, Sector, Tag


class HallView(View):
    """A room of a site."""

    id: str
    name: str


class SiteView(View):
    """A facility with its own local time."""

    id: str
    name: str
    time_zone: str
    country: str
    owner: str
    partner: bool
    halls: list[HallView]


class PlantView(View):
    """The plant."""

    name: str
    sites: list[SiteView]


class UnitView(View):
    """A unit of measure."""

    ucum: str
    symbol: str


class LimitsView(View):
    """Alarm limits in the tag's unit."""

    low_low: float | None
    low: float | None
    high: float | None
    high_high: float | None


class TagView(View):
    """A variable of a machine."""

    id: str
    name: str
    unit: UnitView
    data_type: DataType
    key: bool
    role: str
    limits: LimitsView | None


class MachineView(View):
    """A machine; `tags` is empty for a customer."""

    id: str
    name: str
    kind: str
    sector: Sector
    site: str
    hall: str
    calendar: str
    tags: list[TagView]


class StepView(View):
    """One step of a procedure."""

    id: str
    name: str
    capability: str
    minutes: int
    scales: bool
    attended: bool
    pausable: bool


class ProcedureView(View):
    """A kind of trial run the plant offers."""

    id: str
    name: str
    sector: str
    description: str
    steps: list[StepView]


def plant_view(plant: Plant) -> PlantView:
    """Return the plant."""
    return PlantView(
        name=plant.name,
        sites=[
            SiteView(
                id=site.id,
                name=site.name,
                time_zone=site.time_zone,
                country=site.country,
                owner=site.owner,
                partner=site.partner,
                halls=[HallView(id=hall.id, name=hall.name) for hall in site.halls],
            )
            for site in plant.sites
        ],
    )


def tag_view(tag: Tag) -> TagView:
    """Return a tag."""
    return TagView(
        id=tag.id,
        name=tag.name,
        unit=UnitView(ucum=tag.unit.ucum, symbol=tag.unit.symbol),
        data_type=tag.data_type,
        key=tag.key,
        role=tag.role,
        limits=_limits_view(tag.limits) if tag.limits else None,
    )


def _limits_view(limits: Limits) -> LimitsView:
    return LimitsView(
        low_low=limits.low_low, low=limits.low, high=limits.high, high_high=limits.high_high
    )


def machine_view(machine: Machine, *, with_tags: bool) -> MachineView:
    """Return a machine, with its tags or without any."""
    return MachineView(
        id=machine.id,
        name=machine.name,
        kind=machine.kind,
        sector=machine.sector,
        site=machine.site,
        hall=machine.hall,
        calendar=machine.calendar,
        tags=[tag_view(tag) for tag in machine.tags] if with_tags else [],
    )


def procedure_view(procedure: Procedure) -> ProcedureView:
    """Return a procedure."""
    return ProcedureView(
        id=procedure.id,
        name=procedure.name,
        sector=procedure.sector,
        description=procedure.description,
        steps=[
            StepView(
                id=step.id,
                name=step.name,
                capability=step.capability,
                minutes=step.minutes,
                scales=step.scales,
                attended=step.attended,
                pausable=step.pausable,
            )
            for step in procedure.steps
        ],
    )
