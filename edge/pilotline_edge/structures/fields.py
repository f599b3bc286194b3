"""Fields: from the bytes of a structure to its fields, by its definition."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import unpack_uatype

from pilotline_edge.asyncua_guards import MOST_DIMENSIONS, unpack_array
from pilotline_edge.errors import StructureUnreadable
from pilotline_edge.structures.definitions import (
    STRUCTURE,
    VARIANT,
    FieldDefinition,
    Layout,
    StructureDefinition,
    TypeKey,
    shown_key,
)
from pilotline_edge.subscription.extension_objects import read_structure
from pilotline_edge.subscription.publication import Unsupported
from pilotline_edge.subscription.values import MOST_ELEMENTS, array_of, long_array, scalar
from pilotline_edge.subscription.variants import read_variant
from pilotline_historian import Value

MOST_BODY_BYTES = 65_536
"""Longest structure whose fields are read."""

_DEEPEST = 32
_WIDTHS = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 8, 9: 8, 10: 4, 11: 8}
"""Bytes of the built-in types with a fixed width."""

_i32 = struct.Struct("<i").unpack_from
_u32 = struct.Struct("<I").unpack_from

Held = Value | Unsupported | None


def read_fields(
    definition: StructureDefinition,
    body: bytes,
    definitions: Mapping[TypeKey, StructureDefinition],
) -> Unsupported:
    """Return a structure with its fields.

    A structure within it that says its type itself stays as it was sent.

    Args:
        definition: the structure's.
        body: its bytes.
        definitions: those of structures within it, by data type.

    Raises:
        StructureUnreadable: the bytes are not what the definition says.
    """
    if len(body) > MOST_BODY_BYTES:
        raise StructureUnreadable(
            f"structure {definition.name} of {len(body)} bytes, more than {MOST_BODY_BYTES}"
        )
    reader = _Reader(body, definitions)
    try:
        found = reader.structure(definition, 0)
    except StructureUnreadable:
        raise
    except Exception as error:  # asyncua raises whatever its fields raise
        raise StructureUnreadable(
            f"structure {definition.name} is not what its type says: {error}"
        ) from error
    if reader.at != len(body):
        raise StructureUnreadable(
            f"structure {definition.name} is not what its type says: {len(body) - reader.at} bytes "
            "are left over"
        )
    return found


@dataclass(slots=True)
class _Reader:
    """Reads fields one after the other.

    Characteristics
        work: proportional to the bytes; an array cannot have more elements than bytes are left
        depth: 32 structures within each other
    """

    _body: bytes
    _definitions: Mapping[TypeKey, StructureDefinition]
    at: int = 0

    def structure(self, definition: StructureDefinition, depth: int) -> Unsupported:
        if depth > _DEEPEST:
            raise StructureUnreadable(f"more than {_DEEPEST} structures within each other")
        held = self._union if definition.layout is Layout.UNION else self._sequence
        return Unsupported(f"structure {definition.name}", fields=held(definition, depth))

    def _union(self, definition: StructureDefinition, depth: int) -> dict[str, Held]:
        switch = self._number()
        if switch > len(definition.fields):
            raise StructureUnreadable(f"union {definition.name} has no field {switch}")
        found: dict[str, Held] = dict.fromkeys(each.name for each in definition.fields)
        if switch:
            chosen = definition.fields[switch - 1]
            found[chosen.name] = self._field(chosen, depth)
        return found

    def _sequence(self, definition: StructureDefinition, depth: int) -> dict[str, Held]:
        mask = self._number() if definition.layout is Layout.OPTIONAL else 0
        found: dict[str, Held] = {}
        for each in definition.fields:
            there = True
            if each.optional:
                there, mask = bool(mask & 1), mask >> 1
            found[each.name] = self._field(each, depth) if there else None
        return found

    def _field(self, definition: FieldDefinition, depth: int) -> Held:
        if not definition.rank:
            return self._scalar(definition, depth)
        dimensions: tuple[int, ...] = ()
        if definition.rank > 1:
            dimensions = self._dimensions(definition.rank)
            length = 1
            for each in dimensions:
                length *= max(each, 0)
        else:
            length = self._length()
        if length < 0:
            return None
        return self._array(definition, length, dimensions, depth)

    def _array(
        self, definition: FieldDefinition, length: int, dimensions: tuple[int, ...], depth: int
    ) -> Held:
        width = _WIDTHS.get(definition.built_in)
        if length * (width or 1) > len(self._body) - self.at:
            raise StructureUnreadable(f"{definition.name} has {length} elements and too few bytes")
        name = _name(definition)
        if width is not None:
            if length > MOST_ELEMENTS:
                self.at += length * width
                return long_array(name, length)
            numbers = struct.pack("<i", length) + self._body[self.at : self.at + length * width]
            self.at += length * width
            found = unpack_array(ua.VariantType(definition.built_in), Buffer(numbers))
            return array_of(name, tuple(found or ()), dimensions)
        elements = tuple(self._scalar(definition, depth) for _ in range(length))
        return array_of(name, elements, dimensions)

    def _scalar(self, definition: FieldDefinition, depth: int) -> Held:
        if definition.data_type is not None:
            inner = self._definitions.get(definition.data_type)
            if inner is None:
                raise StructureUnreadable(
                    f"the type {shown_key(definition.data_type)} of its field "
                    f"{definition.name} is not known"
                )
            return self.structure(inner, depth + 1)
        if definition.built_in in (STRUCTURE, VARIANT):
            read = read_structure if definition.built_in == STRUCTURE else read_variant
            value, self.at = read(self._body, self.at)
            return value
        kind = ua.VariantType(definition.built_in)
        buffer = Buffer(self._body, self.at)
        plain = unpack_uatype(kind, buffer)
        self.at = buffer.cur_pos
        return scalar(plain, kind.name)

    def _number(self) -> int:
        (number,) = _u32(self._body, self.at)
        self.at += 4
        return int(number)

    def _length(self) -> int:
        (length,) = _i32(self._body, self.at)
        self.at += 4
        return int(length)

    def _dimensions(self, rank: int) -> tuple[int, ...]:
        count = self._length()
        if count > MOST_DIMENSIONS:
            raise StructureUnreadable(f"an array of {count} dimensions")
        if count != rank:
            raise StructureUnreadable(f"an array of {count} dimensions where {rank} should be")
        return tuple(self._length() for _ in range(count))


def _name(definition: FieldDefinition) -> str:
    if definition.built_in == STRUCTURE:
        return "structures"
    return ua.VariantType(definition.built_in).name
