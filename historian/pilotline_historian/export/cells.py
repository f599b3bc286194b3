"""Cells: fields as CSV, JSON and spreadsheets can hold them."""

from math import isfinite, isnan
from typing import Final

from pilotline_historian.sample import Value
from pilotline_historian.times import instant_text

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets run a text cell that starts so."""


def text_cell(text: str) -> str:
    """Return text as a cell; what a spreadsheet would run gets an apostrophe."""
    return "'" + text if text.startswith(_FORMULA) else text


def value_cell(value: Value | None) -> str:
    """Return a value as one text cell, safe in spreadsheets."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_cell(value) if isinstance(value, str) else repr(value)


def instant_cell(time_ns: int | None) -> str:
    """Return an instant as a cell, empty where there is none."""
    return "" if time_ns is None else instant_text(time_ns)


def json_value(value: Value | None) -> Value | None:
    """Return the value as JSON can hold it."""
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def json_instant(time_ns: int | None) -> str | None:
    """Return an instant for JSON."""
    return None if time_ns is None else instant_text(time_ns)
