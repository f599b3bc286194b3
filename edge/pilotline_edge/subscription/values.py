"""Values: from what OPC UA can send to what a historian keeps, or why it cannot keep it."""

import base64
import math
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from asyncua import ua

from pilotline_edge.subscription.extension_objects import structure_of
from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Value

MOST_ELEMENTS = 10_000
"""Longest array whose elements are looked at."""

_STRUCTURE = "ExtensionObject"

MOST_TEXT_BYTES = 65_536
"""Longest text that is kept; InfluxDB takes no longer one."""


def value_of(variant: ua.Variant | None) -> Value | Unsupported | None:
    """Return what a historian keeps of a variant that asyncua decoded."""
    if variant is None or variant.Value is None:
        return None
    value, kind = variant.Value, variant.VariantType
    name = str(getattr(kind, "name", kind))
    if not isinstance(value, list | tuple) and not variant.is_array:
        return scalar(value, name)
    elements = ua.flatten(value) or []
    shown = "structures" if name == _STRUCTURE else name
    if len(elements) > MOST_ELEMENTS:
        return long_array(shown, len(elements))
    dimensions = tuple(map(int, variant.Dimensions or ()))
    return array_of(shown, tuple(scalar(each, name) for each in elements), dimensions)


def array_of(
    name: str, elements: Sequence[Value | Unsupported | None], dimensions: tuple[int, ...] = ()
) -> Unsupported:
    """Return an array whose elements a tag may ask for, one by one."""
    if len(dimensions) < 2:
        return Unsupported(f"array of {name}", elements)
    shown = f"{len(dimensions)}-dimensional array of {name}"
    if min(dimensions) < 0 or math.prod(dimensions) != len(elements):
        return Unsupported(
            f"{shown} whose dimensions are not those of its {len(elements)} elements"
        )
    return Unsupported(shown, elements, dimensions)


def long_array(name: str, length: int) -> Unsupported:
    """Return what stands for an array beyond `MOST_ELEMENTS`."""
    return Unsupported(f"array of {length} {name}, more than {MOST_ELEMENTS}")


def long_text(length: int) -> Unsupported:
    """Return what stands for a text beyond `MOST_TEXT_BYTES`."""
    return Unsupported(f"String of {length} bytes, more than {MOST_TEXT_BYTES}")


def byte_string(value: bytes) -> Value | Unsupported:
    """Return bytes as Base64 (OPC 10000-6, 5.4.2)."""
    if len(value) > MOST_TEXT_BYTES // 4 * 3:
        return Unsupported(f"ByteString of {len(value)} bytes, more than {MOST_TEXT_BYTES} as text")
    return base64.b64encode(value).decode("ascii")


def _text(value: str | None) -> Value | Unsupported | None:
    if value is None:
        return None
    content = value.encode("utf-8", "surrogateescape")
    if len(content) > MOST_TEXT_BYTES:
        return long_text(len(content))
    return content.decode("utf-8", "replace")


_WRITTEN: tuple[tuple[type[Any], Callable[[Any], Value | Unsupported | None]], ...] = (
    (str, _text),
    (ua.LocalizedText, lambda value: _text(value.Text)),
    (datetime, datetime.isoformat),
    (bytes, byte_string),
    (uuid.UUID, str),
    (ua.StatusCode, lambda value: int(value.value)),
    (ua.NodeId, lambda value: _text(value.to_string())),
    (ua.QualifiedName, lambda value: _text(value.to_string())),
)
"""How what is no number is written: times in ISO 8601, a status as its code."""


def scalar(value: object, name: str) -> Value | Unsupported | None:
    """Return what a historian keeps of one value.

    Args:
        value: what asyncua decoded.
        name: name of its built-in type.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    for kind, written in _WRITTEN:
        if isinstance(value, kind):
            return written(value)
    if isinstance(value, ua.Variant):
        return value_of(value)
    return structure_of(value) if name == _STRUCTURE else Unsupported(name)
