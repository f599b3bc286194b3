"""Learning: from a server's data type node to the definition of a structure."""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.errors import StructureUnreadable
from pilotline_edge.structures.built_in import built_in_types
from pilotline_edge.structures.definitions import (
    ENUMERATION,
    STRUCTURE,
    VARIANT,
    FieldDefinition,
    Layout,
    StructureDefinition,
)

MOST_FIELDS = 1_000
"""Most fields of one structure."""

_MOST_BYTES = 256 * 1024
_MOST_SUPERTYPES = 16
_LONGEST_NAME = 256
_INT32 = 6
_LAST_BUILT_IN = 25
_ROOTS = {ObjectIds.Structure, ObjectIds.Union}
_LAYOUTS = {
    ua.StructureType.Structure: Layout.SEQUENCE,
    ua.StructureType.StructureWithOptionalFields: Layout.OPTIONAL,
    ua.StructureType.Union: Layout.UNION,
    ua.StructureType.StructureWithSubtypedValues: Layout.SEQUENCE,
    ua.StructureType.UnionWithSubtypedValues: Layout.UNION,
}
_SUBTYPED = {
    ua.StructureType.StructureWithSubtypedValues,
    ua.StructureType.UnionWithSubtypedValues,
}


@dataclass(frozen=True, slots=True)
class DefinitionSource:
    """Reads DataTypeDefinition attributes (OPC 10000-3, 8.48).

    Characteristics
        answers: at most 256 KiB each are decoded
        size: at most 1 000 fields; at most 16 supertypes

    Attributes:
        services: the server.
    """

    services: BatchedServices

    async def definition(self, data_type: ua.NodeId) -> StructureDefinition:
        """Return what a structure is made of.

        Raises:
            StructureUnreadable: the server does not say, or what it says cannot be.
            asyncua.ua.UaError: the server refuses.
            OSError: the connection is lost.
        """
        name = await self._name(data_type)
        described = await self._described(data_type, name)
        layout = _LAYOUTS.get(described.StructureType)
        if layout is None:
            raise StructureUnreadable(f"{name} is a structure of no known sort")
        fields = await self._inherited(described, name)
        names = {field.Name for field in fields}
        if len(names) != len(fields) or not all(names) or len(fields) > MOST_FIELDS:
            raise StructureUnreadable(
                f"{name} has {len(fields)} fields with {len(names)} names; it may have "
                f"{MOST_FIELDS}, each with a name of its own"
            )
        subtyped = described.StructureType in _SUBTYPED
        return StructureDefinition(name, layout, await self._fields(fields, layout, subtyped))

    async def _name(self, data_type: ua.NodeId) -> str:
        answer = await self.services.read_one(data_type, AttributeIds.BrowseName, _MOST_BYTES)
        name = answer.Value.Value if answer.Value is not None else None
        if not isinstance(name, ua.QualifiedName) or not name.Name:
            return data_type.to_string()[:_LONGEST_NAME]
        return str(name.Name)[:_LONGEST_NAME]

    async def _described(self, data_type: ua.NodeId, name: str) -> ua.StructureDefinition:
        answer = await self.services.read_one(
            data_type, AttributeIds.DataTypeDefinition, _MOST_BYTES
        )
        found = answer.Value.Value if answer.Value is not None else None
        if not isinstance(found, ua.StructureDefinition):
            status = answer.StatusCode.name if answer.StatusCode is not None else "Good"
            raise StructureUnreadable(f"the server does not describe {name} ({status})")
        return found

    async def _inherited(
        self, described: ua.StructureDefinition, name: str
    ) -> list[ua.StructureField]:
        """Return the fields with those of supertypes, which some servers leave out."""
        fields = list(described.Fields or ())
        seen: set[ua.NodeId] = set()
        base = described.BaseDataType
        while not _is_root(base) and base not in seen and len(seen) < _MOST_SUPERTYPES:
            seen.add(base)
            try:
                above = await self._described(base, name)
            except StructureUnreadable:
                break  # an abstract supertype without fields
            own = {field.Name for field in fields}
            fields = [each for each in above.Fields or () if each.Name not in own] + fields
            base = above.BaseDataType
        return fields

    async def _fields(
        self, fields: Sequence[ua.StructureField], layout: Layout, subtyped: bool
    ) -> tuple[FieldDefinition, ...]:
        types = await built_in_types((field.DataType for field in fields), self.services)
        abstract = await self._abstract(
            {field.DataType for field in fields if types[field.DataType] == STRUCTURE}
        )
        return tuple(
            _field(field, types[field.DataType], layout, subtyped, field.DataType in abstract)
            for field in fields
        )

    async def _abstract(self, data_types: set[ua.NodeId]) -> set[ua.NodeId]:
        """Return those of which there are no values, only of their subtypes."""
        asked = sorted(data_types, key=ua.NodeId.to_string)
        answers = await self.services.read([(each, AttributeIds.IsAbstract) for each in asked])
        return {
            each
            for each, answer in zip(asked, answers, strict=True)
            if answer.Value is not None and answer.Value.Value is True
        }


def _is_root(base: ua.NodeId) -> bool:
    return base.is_null() or (not base.NamespaceIndex and base.Identifier in _ROOTS)


def _field(
    field: ua.StructureField, built_in: int, layout: Layout, subtyped: bool, abstract: bool
) -> FieldDefinition:
    """Return a field as it is encoded (OPC 10000-6, 5.2.6)."""
    number = _INT32 if built_in == ENUMERATION else built_in
    data_type: ua.NodeId | None = None
    as_subtype = subtyped and bool(field.IsOptional)
    if number == STRUCTURE:
        data_type = None if abstract or as_subtype else field.DataType
    elif as_subtype or not 0 < number <= _LAST_BUILT_IN:
        number = VARIANT
    return FieldDefinition(
        str(field.Name),
        number,
        data_type,
        max(int(field.ValueRank), 1 if field.ArrayDimensions else 0),
        bool(field.IsOptional) and layout is Layout.OPTIONAL,
    )
