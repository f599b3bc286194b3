"""Tag: an OPC UA variable of a machine, with its unit and how it is sampled."""

from dataclasses import dataclass
from enum import StrEnum


class DataType(StrEnum):
    """OPC UA built-in types a tag may have (OPC 10000-6, 5.1.2)."""

    BOOLEAN = "Boolean"
    INT16 = "Int16"
    UINT16 = "UInt16"
    INT32 = "Int32"
    UINT32 = "UInt32"
    INT64 = "Int64"
    UINT64 = "UInt64"
    FLOAT = "Float"
    DOUBLE = "Double"
    STRING = "String"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure.

    Attributes:
        ucum: case-sensitive UCUM code, such as ``Cel``, ``kW``, ``1/min``; ``1`` for a pure number.
        symbol: what a person reads, such as ``°C``, ``kW``, ``min⁻¹``; empty for a pure number.
    """

    ucum: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Alarm limits in the tag's unit (IEC 62682); None where there is none.

    A value at or beyond a limit raises its alarm; the alarm clears once the value has come back
    by `hysteresis`.
    """

    low_low: float | None = None
    low: float | None = None
    high: float | None = None
    high_high: float | None = None
    hysteresis: float = 0.0


@dataclass(frozen=True, slots=True)
class Range:
    """Values an instrument normally returns, in the tag's unit (OPC 10000-8, EURange)."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tag:
    """An OPC UA variable of a machine.

    Attributes:
        id: unique within the machine; part of the series' identity in the historian.
        name: what a person reads.
        node_id: OPC UA node id with the namespace as URI or index (``ns=2;s=Mill.Spindle.Speed``,
            ``nsu=urn:x;s=...``), or None when `browse_path` is given.
        browse_path: path from the Objects folder, such as ``2:Mill/2:Spindle/2:Speed``, or None;
            see `pilotline_plant.browse_path`.
        data_type: the type the machine is expected to send.
        unit: unit of measure.
        sampling_ms: how often the server samples the variable.
        publishing_ms: how often the server publishes; tags of one interval share a subscription.
        deadband: absolute deadband in the tag's unit; 0 keeps every change.
        deadband_percent: deadband in percent of the range; 0 where there is none.
        eu_range: what `deadband_percent` is a part of, or None for the server's EURange.
        reading: ``subscribe``, or ``poll`` for a tag that is read once each sampling interval.
        limits: alarm limits, or None.
        key: whether the value is shown on the machine's tile.
        index: element of an array, counted from 0, one number for each of its dimensions, or None
            for the whole value.
        field: field of a structure, such as ``Position.X`` or ``Axes[2].Load``, or None for the
            whole value; see `pilotline_plant.field_path`.
        role: PackML or ISO 22400 meaning, one of ``state`` (PackML state number), ``job`` (current
            operation id), ``count`` (good parts), ``energy`` (kWh counter), or ``value``.
    """

    id: str
    name: str
    node_id: str | None
    browse_path: str | None
    data_type: DataType
    unit: Unit
    sampling_ms: int = 500
    publishing_ms: int = 500
    deadband: float = 0.0
    limits: Limits | None = None
    key: bool = False
    role: str = "value"
    index: tuple[int, ...] | None = None
    field: str | None = None
    deadband_percent: float = 0.0
    eu_range: Range | None = None
    reading: str = "subscribe"
