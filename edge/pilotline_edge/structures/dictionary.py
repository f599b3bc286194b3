"""Dictionary: what older servers say of their structures (OPC 10000-5, annex D).

Before OPC UA 1.04 data types had no DataTypeDefinition: a server describes its structures in an XML
document, the OPC Binary type dictionary, which is a variable's value.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.errors import StructureUnreadable
from pilotline_edge.structures.definitions import (
    STRUCTURE,
    DictionaryType,
    FieldDefinition,
    Layout,
    StructureDefinition,
    TypeKey,
)
from pilotline_edge.structures.learning import MOST_FIELDS
from pilotline_edge.structures.standard import standard_number

_MOST_BYTES = 1024 * 1024
_MOST_TYPES = 10_000
_LONGEST_NAME = 256
_SCHEMA = "http://opcfoundation.org/BinarySchema/"
_UA = "http://opcfoundation.org/UA/"
_MASK_BITS = 32
_NAMED_ALIKE = {"CharArray": "String", "Char": "Byte"}
_OPTION_SETS = {
    "8": ua.VariantType.Byte,
    "16": ua.VariantType.UInt16,
    "32": ua.VariantType.UInt32,
    "64": ua.VariantType.UInt64,
}
_ENUMERATIONS = _OPTION_SETS | {"32": ua.VariantType.Int32, "64": ua.VariantType.Int64}
_DIGITS = 6


Attributes = Mapping[str, str]
"""What an element of the document says of one field."""


@dataclass(frozen=True, slots=True)
class _Described:
    """A type as the document describes it.

    Attributes:
        structured: whether it is a structure.
        built_in: what an enumeration is encoded as, or None.
        fields: those of a structure.
    """

    structured: bool
    built_in: ua.VariantType | None
    fields: tuple[Attributes, ...]


@dataclass(frozen=True, slots=True)
class TypeDictionary:
    """The types of one dictionary.

    Characteristics
        size: at most 1 MiB of XML with 10 000 types; document type declarations are refused

    Attributes:
        node: the dictionary's variable.
        target: namespace of its own types.
        prefixes: namespaces by the prefix that stands for them.
        types: what is described, by name.
    """

    node: ua.NodeId
    target: str
    prefixes: Mapping[str, str]
    types: Mapping[str, _Described]

    @classmethod
    def read(cls, node: ua.NodeId, document: bytes) -> "TypeDictionary":
        """Read a dictionary's document.

        Raises:
            StructureUnreadable: it is none.
        """
        text = document.rstrip(b"\0")
        if any(refused in text for refused in (b"<!DOCTYPE", b"<!ENTITY", b"\0")):
            raise StructureUnreadable("its type dictionary is no XML of OPC UA")
        prefixes: dict[str, str] = {}
        types: dict[str, _Described] = {}
        target = ""
        try:
            for event, found in _parsed(text):
                if event == "start-ns":
                    prefixes[found[0]] = found[1]
                elif found.tag in _TYPE_TAGS and len(types) < _MOST_TYPES:
                    types[found.get("Name", "")] = _described(found)
                    found.clear()
                elif found.tag == f"{{{_SCHEMA}}}TypeDictionary":
                    target = found.get("TargetNamespace", "")
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise StructureUnreadable(f"its type dictionary is no XML: {error}") from error
        return cls(node, target, prefixes, types)

    def definition(self, name: str) -> StructureDefinition:
        """Return what a structure of this dictionary is made of.

        Raises:
            StructureUnreadable: it has none of that name, or one that this reader cannot follow.
        """
        described = self.types.get(name)
        if described is None or not described.structured:
            raise StructureUnreadable(f"its type dictionary has no structure {name[:80]}")
        fields, shown = described.fields, name[:_LONGEST_NAME]
        if len(fields) > MOST_FIELDS:
            raise StructureUnreadable(f"{shown} has more than {MOST_FIELDS} fields")
        if fields and self._is_bit(fields[0]):
            return StructureDefinition(shown, Layout.OPTIONAL, tuple(self._masked(fields)))
        members = fields[1:]
        if members and all(each.get("SwitchField") == fields[0].get("Name") for each in members):
            return StructureDefinition(shown, Layout.UNION, tuple(self._members(members)))
        return StructureDefinition(shown, Layout.SEQUENCE, tuple(self._sequence(fields)))

    def _sequence(self, fields: Sequence[Attributes]) -> Iterator[FieldDefinition]:
        """Yield fields that follow each other."""
        for each in _without_lengths(fields):
            if each.get("SwitchField") or self._is_bit(each):
                raise StructureUnreadable(f"its field {_name_of(each)} is packed in bits")
            yield self._field(each, optional=False)

    def _masked(self, fields: Sequence[Attributes]) -> Iterator[FieldDefinition]:
        """Yield fields of which a mask tells which are there, one bit for each optional one."""
        bits = [each for each in fields if self._is_bit(each)]
        if sum(_number_of(each, "Length", 1) for each in bits) != _MASK_BITS:
            raise StructureUnreadable(f"its mask is not of {_MASK_BITS} bits")
        plain = _without_lengths([each for each in fields if not self._is_bit(each)])
        told = [each.get("SwitchField") for each in plain if each.get("SwitchField")]
        if told != [each.get("Name") for each in bits][: len(told)]:
            raise StructureUnreadable("its optional fields are not in the order of its mask")
        for each in plain:
            yield self._field(each, optional=bool(each.get("SwitchField")))

    def _members(self, fields: Sequence[Attributes]) -> Iterator[FieldDefinition]:
        """Yield the fields of a union, numbered from one."""
        for number, each in enumerate(_without_lengths(fields), start=1):
            if _number_of(each, "SwitchValue", 0) != number:
                raise StructureUnreadable("the fields of a union are not numbered from one")
            yield self._field(each, optional=False)

    def _field(self, field: Attributes, *, optional: bool) -> FieldDefinition:
        number, key = self._type(field.get("TypeName", ""))
        rank = 1 if field.get("LengthField") else 0
        return FieldDefinition(_name_of(field), number, key, rank, optional)

    def _is_bit(self, field: Attributes) -> bool:
        prefix, _, name = field.get("TypeName", "").rpartition(":")
        return name == "Bit" and self.prefixes.get(prefix) == _SCHEMA

    def _type(self, written: str) -> tuple[int, TypeKey | None]:
        """Return the built-in type a field is encoded as, and which structure it is."""
        prefix, _, name = written.rpartition(":")
        uri = self.prefixes.get(prefix, "")
        if uri in (_SCHEMA, _UA):
            known = _NAMED_ALIKE.get(name, name)
            if known in ua.VariantType.__members__:
                return int(ua.VariantType[known].value), None
        if uri == self.target:
            return self._own(name)
        number = standard_number(name) if uri == _UA else None
        if number is not None:
            return STRUCTURE, ua.NodeId(ua.Int32(number))
        raise StructureUnreadable(f"the type {written[:80]} of one of its fields is not known")

    def _own(self, name: str) -> tuple[int, TypeKey | None]:
        described = self.types.get(name)
        if described is not None and described.structured:
            return STRUCTURE, DictionaryType(self.node, name)
        if described is None or described.built_in is None:
            raise StructureUnreadable(f"the type {name[:80]} of one of its fields is not known")
        return int(described.built_in.value), None


_STRUCTURED = f"{{{_SCHEMA}}}StructuredType"
_ENUMERATED = f"{{{_SCHEMA}}}EnumeratedType"
_FIELD = f"{{{_SCHEMA}}}Field"
_TYPE_TAGS = {_STRUCTURED, _ENUMERATED, f"{{{_SCHEMA}}}OpaqueType"}


def _parsed(text: bytes) -> Iterator[tuple[str, Any]]:
    source = io.BytesIO(text)
    parsed: Any = ElementTree.iterparse(source, ("start-ns", "end"))  # noqa: S314 - no entities
    return iter(parsed)


def _described(element: ElementTree.Element) -> _Described:
    built_in = None
    if element.tag == _ENUMERATED:
        widths = _OPTION_SETS if element.get("IsOptionSet") == "true" else _ENUMERATIONS
        built_in = widths.get(element.get("LengthInBits", "32"))
    fields = tuple(dict(child.attrib) for child in element if child.tag == _FIELD)
    return _Described(element.tag == _STRUCTURED, built_in, fields)


def _without_lengths(fields: Sequence[Attributes]) -> list[Attributes]:
    """Return fields without those that only tell an array's length, which stands before it."""
    lengths = {each.get("LengthField") for each in fields} - {None}
    return [each for each in fields if each.get("Name") not in lengths]


def _name_of(field: Attributes) -> str:
    return field.get("Name", "")[:_LONGEST_NAME]


def _number_of(field: Attributes, key: str, default: int) -> int:
    written = field.get(key, str(default))
    return int(written) if written.isdecimal() and len(written) < _DIGITS else -1


async def dictionary_type(encoding: ua.NodeId, services: BatchedServices) -> DictionaryType:
    """Return where a structure's encoding is described.

    Raises:
        StructureUnreadable: nowhere.
        asyncua.ua.UaError: the server refuses.
        OSError: the connection is lost.
    """
    description = await _one(encoding, ObjectIds.HasDescription, services, inverse=False)
    node = await _one(description, ObjectIds.HasComponent, services, inverse=True)
    answer = await services.read_one(description, AttributeIds.Value, _MOST_BYTES)
    name = answer.Value.Value if answer.Value is not None else None
    if not isinstance(name, str):
        raise StructureUnreadable("its description has no name")
    return DictionaryType(node, name)


async def dictionary_at(node: ua.NodeId, services: BatchedServices) -> TypeDictionary:
    """Return a dictionary.

    Raises:
        StructureUnreadable: the node has none.
        asyncua.ua.UaError: the server refuses.
        OSError: the connection is lost.
    """
    answer = await services.read_one(node, AttributeIds.Value, _MOST_BYTES)
    document = answer.Value.Value if answer.Value is not None else None
    if not isinstance(document, bytes):
        raise StructureUnreadable("its type dictionary is empty")
    return TypeDictionary.read(node, document)


async def _one(
    node: ua.NodeId, reference_type: int, services: BatchedServices, *, inverse: bool
) -> ua.NodeId:
    ((references, problem),) = await services.references([node], reference_type, inverse=inverse)
    if not references:
        raise StructureUnreadable(f"it is in no type dictionary ({problem or 'none is named'})")
    found = references[0].NodeId
    return ua.NodeId(found.Identifier, found.NamespaceIndex, found.NodeIdType)
