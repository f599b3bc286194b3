"""Standard structures: those of the OPC UA namespace, which every server shares.

They are read off asyncua's classes, so that older servers need not describe them.
"""

import typing
from collections.abc import Mapping
from enum import Enum, IntFlag
from functools import cache

from asyncua import ua

from pilotline_edge.structures.definitions import (
    STRUCTURE,
    VARIANT,
    FieldDefinition,
    Layout,
    StructureDefinition,
)

_INT32 = 6


def standard_encoding(encoding: ua.NodeId) -> ua.NodeId | None:
    """Return the data type of a standard structure's encoding, or None where it is none."""
    if encoding.NamespaceIndex:
        return None
    found: ua.NodeId | None = getattr(
        ua.extension_objects_by_typeid.get(encoding), "data_type", None
    )
    return found


@cache
def standard_definition(number: int) -> StructureDefinition | None:
    """Return the standard structure whose data type is node `number` of namespace 0.

    Structures with optional fields are left to the server.
    """
    known = _classes().get(number)
    if known is None or issubclass(known, ua.UaUnion):
        return None
    try:
        hints = typing.get_type_hints(known, None, {"ua": ua})
    except (AttributeError, NameError):  # some of asyncua's classes name types that it has not
        return None
    fields = [_field(name, hint) for name, hint in hints.items()]
    whole = [field for field in fields if field is not None]
    if len(whole) != len(fields) or "Encoding" in hints:
        return None
    return StructureDefinition(known.__name__, Layout.SEQUENCE, tuple(whole))


def standard_number(name: str) -> int | None:
    """Return the number of the data type that the standard calls so, or None."""
    return next(
        (number for number, known in _classes().items() if known.__name__ == name),
        None,
    )


@cache
def _classes() -> Mapping[int, type]:
    found: dict[int, type] = {}
    for encoding, known in ua.extension_objects_by_typeid.items():
        data_type = getattr(known, "data_type", None)
        if not encoding.NamespaceIndex and data_type is not None:
            found[int(data_type.Identifier)] = known
    return found


def _field(name: str, hint: object) -> FieldDefinition | None:  # noqa: PLR0911 - one a sort
    rank = 0
    if typing.get_origin(hint) is list:
        (hint,) = typing.get_args(hint)
        rank = 1
    if not isinstance(hint, type):
        return None
    if issubclass(hint, IntFlag):
        kind = ua.VariantType[getattr(hint, "datatype", lambda: "UInt32")()]
        return FieldDefinition(name, int(kind.value), rank=rank)
    if issubclass(hint, Enum):
        return FieldDefinition(name, _INT32, rank=rank)
    if hint is ua.Variant:
        return FieldDefinition(name, VARIANT, rank=rank)
    data_type = getattr(hint, "data_type", None)
    if isinstance(data_type, ua.NodeId) and int(data_type.Identifier) in _classes():
        return FieldDefinition(name, STRUCTURE, data_type, rank)
    if hint.__name__ not in ua.VariantType.__members__:
        return None
    return FieldDefinition(name, int(ua.VariantType[hint.__name__].value), rank=rank)
