"""Reads tags: those of a kind, shared by its machines, and those of one machine."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from pilotline_plant.field_path import LAST_INDEX, field_steps
from pilotline_plant.reading.addresses import ADDRESS_KEYS, Address, fill, read_address
from pilotline_plant.reading.deadbands import DEADBAND_KEYS, read_deadband
from pilotline_plant.reading.limits import read_limits
from pilotline_plant.reading.table import Table
from pilotline_plant.tag import DataType, Tag, Unit
from pilotline_plant.ucum import UnknownUnit, symbol_of

_TEXT = frozenset({DataType.STRING})
_REALS = frozenset({DataType.FLOAT, DataType.DOUBLE})
_INTEGERS = frozenset(DataType) - _REALS - _TEXT - {DataType.BOOLEAN}
_NUMBERS = _REALS | _INTEGERS
_HOUR_MS = 3_600_000
_DEFAULT_MS = 500
_MOST_DIMENSIONS = 8
Place = tuple[str | None, str | None, tuple[int, ...] | None, str | None]
"""Node id or browse path, the element of an array, and the field of a structure."""


class Role(StrEnum):
    """What a tag means to the rest of the system."""

    VALUE = "value"
    STATE = "state"
    JOB = "job"
    COUNT = "count"
    ENERGY = "energy"


class Reading(StrEnum):
    """How a tag's values come to the agent."""

    SUBSCRIBE = "subscribe"
    POLL = "poll"


_USUAL_TYPE = {
    Role.VALUE: DataType.DOUBLE,
    Role.STATE: DataType.INT32,
    Role.JOB: DataType.STRING,
    Role.COUNT: DataType.UINT32,
    Role.ENERGY: DataType.DOUBLE,
}
_TYPES = {
    Role.VALUE: frozenset(DataType),
    Role.STATE: _INTEGERS,
    Role.JOB: _TEXT,
    Role.COUNT: _INTEGERS,
    Role.ENERGY: _REALS,
}
_KILOWATT_HOUR = "kW.h"


class _Usual(NamedTuple):
    """What holds for every tag that says nothing else."""

    sampling_ms: int
    publishing_ms: int
    reading: Reading


def read_tags(owner: Table, own: Table, kind: Table | None, machine: str) -> tuple[Tag, ...]:
    """Read the tags of a machine: its kind's, changed where the machine says so, then its own.

    Args:
        owner: the machine's table laid over its kind's, for what holds for all its tags.
        own: the machine's table alone.
        kind: its kind's table alone, or None when the kind itself is read.
        machine: what ``{machine}`` in addresses stands for.
    """
    owner.expect("tags")
    address = read_address(owner)
    usual = _Usual(
        _read_interval(owner, "sampling_ms", _DEFAULT_MS),
        _read_interval(owner, "publishing_ms", _DEFAULT_MS),
        owner.word("reading", Reading, Reading.SUBSCRIBE),
    )
    tags: list[Tag] = []
    taken: dict[Place, str] = {}
    roles: dict[str, str] = {}
    for table in _tables(own, kind):
        tag = _read_tag(table, machine, address, usual)
        _check_unlike(table, tag, taken, roles)
        table.finish()
        tags.append(tag)
    return tuple(tags)


def _tables(own: Table, kind: Table | None) -> Iterator[Table]:
    lines: dict[str, int] = {}
    further: list[Table] = []
    changes: dict[str, Table] = {}
    inherited = [] if kind is None else kind.children("tags")
    known = {_id_of(table) for table in inherited}
    for table in own.children("tags"):
        tag_id = table.new_id("tag", lines)
        if tag_id in known:
            changes[tag_id] = table
        else:
            further.append(table)
    for table in inherited:
        change = changes.get(_id_of(table))
        yield table if change is None else change.over(table, ADDRESS_KEYS, DEADBAND_KEYS)
    yield from further


def _id_of(table: Table) -> str:
    return str(table.values.get("id", ""))


def _read_interval(table: Table, key: str, default: int) -> int:
    return table.integer(key, default, least=1, most=_HOUR_MS)


def _read_tag(table: Table, machine: str, address: Address, usual: _Usual) -> Tag:
    tag_id = table.id()
    role = table.word("role", Role, Role.VALUE)
    data_type = table.word("data_type", DataType, _USUAL_TYPE[role])
    own_address = read_address(table)
    if own_address == address == (None, None):
        table.mistake("has neither node_id nor browse_path, and its machine and kind say none")
    node_id, browse_path = fill(
        address if own_address == (None, None) else own_address, machine, tag_id
    )
    unit = _read_unit(table, role)
    _check_type(table, role, data_type, unit)
    deadband = read_deadband(table)
    return Tag(
        id=tag_id,
        name=table.text("name", _name_of(tag_id)),
        node_id=node_id,
        browse_path=browse_path,
        data_type=data_type,
        unit=unit,
        sampling_ms=_read_interval(table, "sampling_ms", usual.sampling_ms),
        publishing_ms=_read_interval(table, "publishing_ms", usual.publishing_ms),
        deadband=deadband.absolute,
        limits=read_limits(table),
        key=table.flag("key", default=False),
        role=role.value,
        index=_read_index(table),
        field=_read_field(table),
        deadband_percent=deadband.percent,
        eu_range=deadband.eu_range,
        reading=table.word("reading", Reading, usual.reading).value,
    )


def _read_index(table: Table) -> tuple[int, ...] | None:
    """Read ``index = 2``, or ``index = [2, 0]`` for an array of several dimensions."""
    if "index" not in table:
        return None
    if not isinstance(table.values["index"], list):
        return (table.integer("index", least=0, most=LAST_INDEX),)
    numbers = table.items("index", int)
    for position, number in numbers:
        if not 0 <= number <= LAST_INDEX:
            table.mistake(f"must be from 0 to {LAST_INDEX}", "index", position)
    if not 1 <= len(table.values["index"]) <= _MOST_DIMENSIONS:
        table.mistake(f"has one number for each dimension, from 1 to {_MOST_DIMENSIONS}", "index")
    return tuple(number for _, number in numbers)


def _read_field(table: Table) -> str | None:
    """Read ``field = "Position.X"``."""
    field = table.optional_text("field")
    if field:
        try:
            field_steps(field)
        except ValueError as fault:
            table.mistake(
                f"is no field; write such as 'Position.X' or 'Axes[2].Load': {fault}", "field"
            )
    return field


def _name_of(tag_id: str) -> str:
    return f"{tag_id[:1].upper()}{tag_id[1:]}".replace("_", " ")


def _read_unit(table: Table, role: Role) -> Unit:
    """Read ``unit = "Cel"``, or ``{ ucum = "Cel", symbol = "°C" }`` for a symbol of one's own."""
    if isinstance(table.values.get("unit"), dict):
        below = table.below("unit")
        if below is None:
            return Unit("", "")
        ucum, symbol = below.text("ucum"), below.text("symbol")
        _symbol(below, "ucum", ucum)
        below.finish()
        return Unit(ucum, symbol)
    ucum = table.text("unit", _KILOWATT_HOUR if role is Role.ENERGY else "1")
    return Unit(ucum, _symbol(table, "unit", ucum))


def _symbol(table: Table, key: str, ucum: str) -> str:
    if not ucum:
        return ""
    try:
        return symbol_of(ucum)
    except UnknownUnit as unknown:
        table.mistake(f"is no UCUM unit code: {unknown}", key)
        return ""


def _check_type(table: Table, role: Role, data_type: DataType, unit: Unit) -> None:
    if data_type not in _TYPES[role]:
        fitting = ", ".join(word for word in DataType if word in _TYPES[role])
        table.mistake(f"a tag of role {role} is one of {fitting}", "data_type")
    if role is Role.ENERGY and unit.ucum != _KILOWATT_HOUR:
        table.mistake(f"a tag of role energy counts {_KILOWATT_HOUR!r}", "unit")
    for key in (*DEADBAND_KEYS, "eu_range", "limits"):
        if key in table and data_type not in _NUMBERS:
            table.mistake(f"a tag of type {data_type} has none; only numbers do", key)


def _check_unlike(table: Table, tag: Tag, taken: dict[Place, str], roles: dict[str, str]) -> None:
    """Note a tag that reads the same variable as another one, or has its role."""
    other = taken.setdefault((tag.node_id, tag.browse_path, tag.index, tag.field), tag.id)
    if other != tag.id and (tag.node_id, tag.browse_path) != (None, None):
        key = next((key for key in ("node_id", "browse_path") if key in table), None)
        table.mistake(f"tag {other!r} of this machine reads the same variable", key)
    if tag.role != Role.VALUE:
        other = roles.setdefault(tag.role, tag.id)
        if other != tag.id:
            table.mistake(f"tag {other!r} of this machine has this role already", "role")
