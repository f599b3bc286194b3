"""Definitions: what fields a structure has and how they follow each other."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from asyncua import ua

STRUCTURE = 22
"""Number of the built-in type of a structure whose own type goes with each value."""

VARIANT = 24
ENUMERATION = 29


class DictionaryType(NamedTuple):
    """A structure in a type dictionary.

    Attributes:
        dictionary: the dictionary's variable.
        name: the structure's name in it.
    """

    dictionary: ua.NodeId
    name: str


TypeKey = ua.NodeId | DictionaryType
"""What a structure's definition is known by: its data type, or its place in a dictionary."""


def shown_key(key: TypeKey) -> str:
    """Return what a person reads of a key."""
    return key.name[:80] if isinstance(key, DictionaryType) else key.to_string()[:80]


class Layout(Enum):
    """How a structure's fields are encoded (OPC 10000-6, 5.2.6 to 5.2.8)."""

    SEQUENCE = "sequence"
    """One after the other."""

    OPTIONAL = "optional"
    """A mask says which of the optional fields are there."""

    UNION = "union"
    """A number says which one is there."""


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One field.

    Attributes:
        name: its name.
        built_in: number of its built-in type (OPC 10000-6, 5.1.2); `STRUCTURE` also for one whose
            type is `data_type`.
        data_type: key of a structure that is encoded in place, or None.
        rank: number of its dimensions, 0 for a scalar.
        optional: whether it may be missing.
    """

    name: str
    built_in: int
    data_type: TypeKey | None = None
    rank: int = 0
    optional: bool = False


@dataclass(frozen=True, slots=True)
class StructureDefinition:
    """The fields of a structure.

    Attributes:
        name: what the server calls the data type.
        layout: how the fields are encoded.
        fields: in the order of their encoding, those of supertypes first.
    """

    name: str
    layout: Layout
    fields: tuple[FieldDefinition, ...]
