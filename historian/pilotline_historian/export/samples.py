"""Samples as rows: exactly one value column of a Parquet row is set, or none."""

from typing import Any, Final

from pilotline_historian.export.cells import (
    instant_cell,
    json_instant,
    json_value,
    text_cell,
    value_cell,
)
from pilotline_historian.export.form import Form
from pilotline_historian.sample import Sample, Value
from pilotline_historian.times import instant_text

COLUMNS: Final = (
    "site",
    "machine",
    "tag",
    "source_time",
    "value",
    "type",
    "status",
    "server_time",
)
"""Columns of a sample in CSV, and keys in JSON Lines."""

_TYPE_WORDS: Final = {bool: "bool", int: "int", float: "float", str: "text", type(None): "none"}


def cells(sample: Sample) -> tuple[str, ...]:
    """Return a sample as text cells in the order of `COLUMNS`, safe in spreadsheets."""
    series, time_ns, value, status, server_time_ns = sample
    return (
        text_cell(series.site),
        text_cell(series.machine),
        text_cell(series.tag),
        instant_text(time_ns),
        value_cell(value),
        _type_word(value),
        f"0x{status:08X}",
        instant_cell(server_time_ns),
    )


def record(sample: Sample) -> dict[str, Any]:
    """Return a sample for JSON: NaN and infinities are strings beside ``"type": "float"``."""
    series, time_ns, value, status, server_time_ns = sample
    return {
        "site": series.site,
        "machine": series.machine,
        "tag": series.tag,
        "source_time": instant_text(time_ns),
        "value": json_value(value),
        "type": _type_word(value),
        "status": status,
        "server_time": json_instant(server_time_ns),
    }


def _typed(sample: Sample) -> tuple[Any, ...]:
    series, time_ns, value, status, server_time_ns = sample
    word = _type_word(value)
    beyond_int64 = word == "int" and isinstance(value, int) and value >= 2**63
    return (
        *series,
        time_ns,
        value if word == "float" else None,
        value if word == "int" and not beyond_int64 else None,
        value if beyond_int64 else None,
        value if word == "bool" else None,
        value if word == "text" else None,
        word,
        status,
        server_time_ns,
    )


def _type_word(value: Value | None) -> str:
    return _TYPE_WORDS[type(value)]


SAMPLE_FORM: Final = Form(
    COLUMNS,
    cells,
    record,
    {
        "site": "string",
        "machine": "string",
        "tag": "string",
        "source_time": "instant",
        "value_float": "float64",
        "value_int": "int64",
        "value_uint": "uint64",
        "value_bool": "bool_",
        "value_text": "string",
        "type": "string",
        "status": "uint32",
        "server_time": "instant",
    },
    _typed,
)
"""How samples are exported."""
