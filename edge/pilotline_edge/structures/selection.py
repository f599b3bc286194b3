"""Selection: what a tag has of a value that is an array or a structure."""

from collections.abc import Callable, Sequence

from pilotline_edge.errors import StructureUnreadable
from pilotline_edge.subscription.publication import Encoded, Unsupported
from pilotline_historian import Value
from pilotline_plant.field_path import FieldStep

_NAMED = 8
_SHOWN = 40

Held = Value | Unsupported | None
Open = Callable[[Encoded], Unsupported]
"""Reads a structure's fields; raises StructureUnreadable."""


def selected(value: Held, steps: Sequence[FieldStep], opened: Open) -> Held:
    """Return what stands at the end of a path into a value, or why nothing does.

    A field that the structure does not have now, such as an optional one, is None.

    Args:
        value: an array, a structure, or a scalar where there are no steps.
        steps: indexes of elements and names of fields, the outermost first.
        opened: reads the fields of structures on the way.
    """
    try:
        for step in steps:
            if value is None:
                return None
            if isinstance(step, tuple):
                value = _element(value, step)
            else:
                value = _field(value, step, opened)
        return _whole(value)
    except StructureUnreadable as unreadable:
        return Unsupported(str(unreadable))


def _element(value: Value | Unsupported, index: tuple[int, ...]) -> Held:
    if not isinstance(value, Unsupported):
        raise StructureUnreadable("a scalar, which has no index")
    if value.elements is None:
        raise StructureUnreadable(value.type_name)
    lengths = value.dimensions or (len(value.elements),)
    if len(lengths) != len(index):
        raise StructureUnreadable(
            f"{value.type_name}; its index has {len(lengths)} numbers, not {len(index)}"
        )
    at = 0
    for number, length in zip(index, lengths, strict=True):
        if number >= length:
            size = " by ".join(map(str, lengths))
            raise StructureUnreadable(f"{value.type_name} with {size} elements only")
        at = at * length + number
    return value.elements[at]


def _field(value: Value | Unsupported, name: str, opened: Open) -> Held:
    if not isinstance(value, Unsupported):
        raise StructureUnreadable("a scalar, which has no fields")
    if value.encoded is not None:
        value = opened(value.encoded)
    if value.elements is not None:
        raise StructureUnreadable(f"{value.type_name}; before a field it needs the index of one")
    if value.fields is None:
        raise StructureUnreadable(value.type_name)
    if name not in value.fields:
        known = [field[:_SHOWN] for field in list(value.fields)[:_NAMED]]
        more = ", …" if len(value.fields) > _NAMED else ""
        raise StructureUnreadable(
            f"{value.type_name} has no field {name!r}; it has {', '.join(known)}{more}"
        )
    return value.fields[name]


def _whole(value: Held) -> Held:
    """Return a value, or what a tag must say besides to have a part of it."""
    if not isinstance(value, Unsupported):
        return value
    if value.elements is not None:
        return Unsupported(f"{value.type_name}; give the tag the index of one element")
    if value.encoded is not None or value.fields is not None:
        return Unsupported(f"{value.type_name}; give the tag one of its fields")
    return value
