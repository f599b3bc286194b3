"""Rows: many values of one type read from a message at once.

A server that reports hundreds of changes in one message sends rows of one layout more often than
not: the same type, with status or without, both times. Such rows are an array to numpy, read in a
sixth of the time of reading them one by one.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from pilotline_edge.subscription.publication import LATEST_TICKS, TICKS_1970, ChangeColumns

_CODES = ("u1", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8")
_TYPES = {number: np.dtype(code) for number, code in enumerate(_CODES, start=1)}
"""OPC UA built-in types with a fixed width (OPC 10000-6, 5.1.2)."""

_BOOLEAN = 1
_VALUE, _STATUS, _SOURCE, _SERVER, _SOURCE_PICO, _SERVER_PICO = (1 << bit for bit in range(6))
_NEEDED = _VALUE | _SOURCE | _SERVER
_KNOWN = _NEEDED | _STATUS | _SOURCE_PICO | _SERVER_PICO


def read_rows(body: bytes, at: int, count: int) -> tuple[ChangeColumns, int] | None:
    """Read rows of one layout and return them with the offset behind them.

    None where they differ, or lack a time, or hold one that ns cannot say.

    Raises:
        IndexError: the message ends before the first row does.
    """
    mask, kind = body[at + 4], body[at + 5]
    if kind not in _TYPES or mask & _NEEDED != _NEEDED or mask & ~_KNOWN:
        return None
    layout = _layout(mask, kind)
    end = at + count * layout.itemsize
    if end > len(body):
        return None
    rows = np.frombuffer(body, layout, count, at)
    if (rows["mask"] != mask).any() or (rows["kind"] != kind).any():
        return None
    source, server = _ns(rows, "source"), _ns(rows, "server")
    if source is None or server is None:
        return None
    values = rows["value"] if kind != _BOOLEAN else rows["value"] != 0
    statuses = rows["status"].tolist() if mask & _STATUS else [0] * count
    columns = ChangeColumns(rows["handle"].tolist(), values.tolist(), statuses, source, server)
    return columns, end


@cache
def _layout(mask: int, kind: int) -> np.dtype[np.void]:
    """Return the layout of a notification with its DataValue (OPC 10000-6, 5.2.2.17)."""
    fields = [("handle", "<u4"), ("mask", "u1"), ("kind", "u1"), ("value", _TYPES[kind])]
    further = (
        (_STATUS, "status", "<u4"),
        (_SOURCE, "source", "<i8"),
        (_SOURCE_PICO, "source_pico", "<u2"),
        (_SERVER, "server", "<i8"),
        (_SERVER_PICO, "server_pico", "<u2"),
    )
    fields += [(name, code) for bit, name, code in further if mask & bit]
    return np.dtype(fields)


def _ns(rows: npt.NDArray[np.void], name: str) -> list[int] | None:
    ticks = rows[name]
    if ticks.min() <= TICKS_1970 or ticks.max() > LATEST_TICKS:
        return None
    ns = (ticks - TICKS_1970) * 100
    fields = rows.dtype.names or ()
    if f"{name}_pico" in fields:
        ns += rows[f"{name}_pico"] // 100
    return ns.tolist()  # type: ignore[no-any-return]
