"""Values: from what OPC UA can send to what a historian keeps, or why it cannot keep it."""

import base64
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from asyncua import ua

from pilotline_edge.subscription.publication import Unsupported
from pilotline_historian import Value

MOST_ELEMENTS = 10_000
"""Longest array whose elements are looked at."""

MOST_TEXT_BYTES = 65_536
"""Longest text that is kept; InfluxDB takes no longer one."""


def value_of(variant: ua.Variant | None) -> Value | Unsupported | None:
    """Return what a historian keeps of a variant that asyncua decoded."""
    if variant is None or variant.Value is None:
        return None
    value, kind = variant.Value, variant.VariantType
    name = str(getattr(kind, "name", kind))
    if not isinstance(value, list) and not variant.is_array:
        return _scalar(value, name)
    if variant.Dimensions and len(variant.Dimensions) > 1:
        return Unsupported(f"{len(variant.Dimensions)}-dimensional array of {name}")
    if len(value) > MOST_ELEMENTS:
        return long_array(name, len(value))
    return Unsupported(f"array of {name}", tuple(_scalar(each, name) for each in value))


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


def _scalar(value: object, name: str) -> Value | Unsupported | None:
    if value is None or isinstance(value, bool | int | float):
        return value
    for kind, written in _WRITTEN:
        if isinstance(value, kind):
            return written(value)
    return Unsupported(f"structure {type(value).__name__}" if name == "ExtensionObject" else name)
