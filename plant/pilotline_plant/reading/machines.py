"""Reads machines and the kinds they are of."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pilotline_plant.calendar import Calendar, Maintenance
from pilotline_plant.machine import Capability, Machine, Sector
from pilotline_plant.priority import Priority
from pilotline_plant.reading.addresses import ADDRESS_KEYS
from pilotline_plant.reading.endpoints import read_endpoint
from pilotline_plant.reading.events import read_events
from pilotline_plant.reading.naming import ID_RULE, is_id
from pilotline_plant.reading.table import Table
from pilotline_plant.reading.tags import read_tags
from pilotline_plant.setup import ChangeoverMatrix
from pilotline_plant.site import Site


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a machine may name.

    Attributes:
        halls: halls by site id.
        calendars: site id by calendar id.
        states: setup states by changeover id.
    """

    halls: dict[str, tuple[str, ...]]
    calendars: dict[str, str]
    states: dict[str, tuple[str, ...]]


def read_machines(
    root: Table,
    sites: tuple[Site, ...],
    calendars: tuple[Calendar, ...],
    changeovers: tuple[ChangeoverMatrix, ...],
) -> tuple[Machine, ...]:
    """Read ``[kinds]`` and ``[[machines]]``; a machine has what its kind says unless it says so."""
    around = Surroundings(
        halls={site.id: tuple(hall.id for hall in site.halls) for site in sites},
        calendars={calendar.id: calendar.site for calendar in calendars},
        states={matrix.id: matrix.states for matrix in changeovers},
    )
    kinds = _read_kinds(root, around)
    ids: dict[str, int] = {}
    endpoints: dict[str, str] = {}
    return tuple(
        _read_machine(table, kinds, around, ids, endpoints)
        for table in root.children("machines", required=True)
    )


def _read_kinds(root: Table, around: Surroundings) -> dict[str, Table]:
    described = root.below("kinds")
    kinds: dict[str, Table] = {}
    for kind, table in described.tables() if described is not None else ():
        if not is_id(kind):
            table.mistake(ID_RULE)
        if "sector" in table:
            table.word("sector", Sector)
        _read_capabilities(table)
        _read_setup(table, around)
        _read_power(table)
        _read_priority(table)
        read_tags(table, table, None, "machine")
        read_events(table, "machine")
        table.finish()
        kinds[kind] = table
    return kinds


def _read_machine(
    own: Table,
    kinds: dict[str, Table],
    around: Surroundings,
    ids: dict[str, int],
    endpoints: dict[str, str],
) -> Machine:
    machine_id = own.new_id("machine", ids)
    kind_id = own.reference("kind", "kind", kinds)
    kind = kinds.get(kind_id)
    table = own if kind is None else own.over(kind, ADDRESS_KEYS)
    site = table.reference("site", "site", around.halls)
    changeover, initial_setup = _read_setup(table, around)
    machine = Machine(
        id=table.id(),
        name=table.text("name"),
        kind=table.text("kind"),
        # A machine of an unknown kind has one mistake, not one more for what the kind would say.
        sector=table.word("sector", Sector, None if kind else Sector.COMPONENTS),
        site=site,
        hall=table.reference("hall", f"hall of site {site!r}", around.halls.get(site, ())),
        endpoint=read_endpoint(table, endpoints),
        calendar=_read_calendar(table, site, around),
        capabilities=_read_capabilities(table),
        changeover=changeover,
        initial_setup=initial_setup,
        power_kw=_read_power(table),
        maintenance=_read_maintenance(table),
        tags=read_tags(table, own, kind, machine_id),
        priority=_read_priority(table),
        events=read_events(table, machine_id),
    )
    table.finish()
    return machine


def _read_priority(table: Table) -> Priority:
    return table.word("priority", Priority, Priority.NORMAL)


def _read_calendar(table: Table, site: str, around: Surroundings) -> str:
    calendar = table.reference("calendar", "calendar", around.calendars)
    of_site = around.calendars.get(calendar)
    if of_site in around.halls and site in around.halls and of_site != site:
        reason = f"is a calendar of site {of_site!r}, the machine stands at {site!r}"
        table.mistake(f"{reason}; zone and holidays would be wrong", "calendar")
    return calendar


def _read_capabilities(table: Table) -> tuple[Capability, ...]:
    """Read ``{ milling = 1.0, drilling = 0.8 }``: each with its rate."""
    written = table.below("capabilities")
    if written is None:
        return ()
    for capability in written.values:
        if not is_id(capability):
            written.mistake(ID_RULE, capability)
    return tuple(
        Capability(id=capability, rate=written.number(capability, above=0))
        for capability in written.values
    )


def _read_setup(table: Table, around: Surroundings) -> tuple[str | None, str | None]:
    changeover = table.optional_reference("changeover", "changeover", around.states)
    initial = table.optional_text("initial_setup")
    if initial is not None and changeover is None:
        table.mistake("needs a changeover that has this state", "initial_setup")
    elif initial and changeover in around.states:
        noun = f"state of changeover {changeover!r}"
        table.check_known(initial, noun, around.states[changeover], "initial_setup")
    return changeover, initial


def _read_power(table: Table) -> float:
    return table.number("power_kw", 0.0, least=0)


def _read_maintenance(machine: Table) -> tuple[Maintenance, ...]:
    stops: list[Maintenance] = []
    for table in machine.each("maintenance"):
        start, end = _read_instant(table, "start"), _read_instant(table, "end")
        reason = table.text("reason")
        if start is None or end is None:
            continue
        if end <= start:
            table.mistake(f"must be after start, which is {start.isoformat()}", "end")
        stops.append(Maintenance(start=start, end=end, reason=reason))
    return tuple(stops)


def _read_instant(table: Table, key: str) -> datetime | None:
    value = table.value(key, datetime, required=True)
    if value is None:
        return None
    if value.tzinfo is None:
        table.mistake("needs an offset from UTC; write such as 2026-12-01T06:00:00Z", key)
        return None
    try:
        return value.astimezone(UTC)
    except OverflowError:
        table.mistake("is beyond the calendar in UTC", key)
        return None
