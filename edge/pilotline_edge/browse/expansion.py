"""Expansion: the scalars within arrays and structures, each a tag of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from asyncua import ua

from pilotline_edge.browse.data_types import AS_TAG
from pilotline_edge.errors import StructureUnreadable
from pilotline_edge.structures import StructureTypes
from pilotline_edge.structures.definitions import (
    STRUCTURE,
    VARIANT,
    FieldDefinition,
    StructureDefinition,
)
from pilotline_edge.structures.selection import Held
from pilotline_edge.subscription.publication import Unsupported
from pilotline_plant import DataType
from pilotline_plant.field_path import FieldStep

MOST_PARTS = 1_000
"""Most scalars of one variable that become tags, each one of its own."""

_DEEPEST = 16
_PASSES = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A scalar within a value, or what cannot be had of it.

    Attributes:
        steps: indexes and fields that lead to it.
        data_type: its type as a tag, or None where no tag can have it.
        reason: why none can.
    """

    steps: tuple[FieldStep, ...]
    data_type: DataType | None
    reason: str = ""


@dataclass(slots=True)
class Expansion:
    """Finds the scalars within a value.

    Characteristics
        size: arrays up to `most_elements`, at most `most_parts` of one variable
        depth: 16 structures within each other; a type within itself is not followed without a value

    Attributes:
        types: what the server's structures are made of.
        most_elements: longest array whose elements are told one by one.
        most_parts: most scalars of one variable.
    """

    types: StructureTypes
    most_elements: int
    most_parts: int = MOST_PARTS
    _unknown: set[ua.NodeId] = field(default_factory=set)

    async def parts(self, number: int, data_type: ua.NodeId | None, held: Held) -> list[Part]:
        """Return a variable's scalars in the order of their encoding.

        Args:
            number: built-in type of the variable.
            data_type: its data type where that is a structure.
            held: its value.

        Raises:
            StructureUnreadable: the server does not describe the structure.
            OSError: the connection is lost.
        """
        if held is not None:
            data_type = None  # the value says its type, which may be a subtype
        if data_type is not None:
            await self.types.learn_data_type(data_type)
        definition = FieldDefinition("", number, data_type)
        for _ in range(_PASSES):
            self._unknown.clear()
            found: list[Part] = []
            for part in self._parts(definition, held, (), ()):
                found.append(part)
                if len(found) > self.most_parts:
                    raise StructureUnreadable(
                        f"more than {self.most_parts} scalars; write a tag with index and field "
                        "for each you want"
                    )
            if not self._unknown:
                break
            for encoding in self._unknown:
                await self.types.learn_encoding(encoding)
        return found

    def _parts(
        self,
        definition: FieldDefinition,
        held: Held,
        steps: tuple[FieldStep, ...],
        within: tuple[str, ...],
    ) -> Iterator[Part]:
        if isinstance(held, Unsupported) and held.elements is not None:
            yield from self._elements(definition, held, steps, within)
        elif definition.rank:
            yield Part(steps, None, "an array without elements")
        elif definition.built_in == STRUCTURE:
            yield from self._structure(definition, held, steps, within)
        elif definition.built_in == VARIANT:
            kind = _type_of(held)
            yield Part(steps, kind, "" if kind else "its type is abstract and it has no value")
        elif definition.built_in in AS_TAG:
            yield Part(steps, AS_TAG[definition.built_in])
        else:
            yield Part(steps, None, f"built-in type {definition.built_in}, which no tag has")

    def _elements(
        self,
        definition: FieldDefinition,
        held: Unsupported,
        steps: tuple[FieldStep, ...],
        within: tuple[str, ...],
    ) -> Iterator[Part]:
        elements = held.elements or ()
        if not elements:
            yield Part(steps, None, "an array without elements")
        elif len(elements) > self.most_elements:
            yield Part(steps, None, _too_long(len(elements)))
        else:
            scalar = replace(definition, rank=0)
            for at, element in enumerate(elements):
                index = _index_of(at, held.dimensions or (len(elements),))
                yield from self._parts(scalar, element, (*steps, index), within)

    def _structure(
        self,
        definition: FieldDefinition,
        held: Held,
        steps: tuple[FieldStep, ...],
        within: tuple[str, ...],
    ) -> Iterator[Part]:
        try:
            described, fields = self._opened(definition, held)
        except StructureUnreadable as unreadable:
            yield Part(steps, None, str(unreadable))
            return
        if described is None:
            yield Part(steps, None, "a structure of no fixed type without a value")
        elif len(within) >= _DEEPEST or (not fields and described.name in within):
            yield Part(steps, None, f"a {described.name} within another without a value")
        else:
            for each in described.fields:
                inner = (*within, described.name)
                yield from self._parts(each, fields.get(each.name), (*steps, each.name), inner)

    def _opened(
        self, definition: FieldDefinition, held: Held
    ) -> tuple[StructureDefinition | None, dict[str, Held]]:
        """Return what a structure is made of, and its fields where it has a value."""
        data_type = definition.data_type
        if isinstance(held, Unsupported) and held.encoded is not None:
            encoding = held.encoded.type_id
            data_type = self.types.key_of(encoding)
            if data_type is None:
                self._unknown.add(encoding)
            held = self.types.opened(held.encoded)
        described = None if data_type is None else self.types.definition(data_type)
        fields = held.fields if isinstance(held, Unsupported) else None
        return described, dict(fields or {})


def _too_long(length: int) -> str:
    asked = f"ask for --elements {length}, or " if length <= MOST_PARTS else ""
    return f"an array of {length} elements; {asked}write a tag with index for each you want"


def _index_of(at: int, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """Return the index of the element that stands `at` in an array, the last dimension first."""
    index: list[int] = []
    for length in reversed(lengths):
        at, number = divmod(at, length)
        index.append(number)
    return tuple(reversed(index))


def _type_of(held: Held) -> DataType | None:
    """Return the type that holds a value of which nothing else is known."""
    kinds = (
        (bool, DataType.BOOLEAN),
        (int, DataType.INT64),
        (float, DataType.DOUBLE),
        (str, DataType.STRING),
    )
    return next((data_type for kind, data_type in kinds if isinstance(held, kind)), None)
