"""Tables of whole numbers, many in one array, so that a kernel takes a line as one argument.

The array begins with two numbers per table: where the table is, and how many columns it has.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pilotline_scheduler.solver.kernel import kernel_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_DATA = "int64[::1]"


def pack(tables: Mapping[int, Ints]) -> Ints:
    """Return tables, each of one or two dimensions and numbered without gaps, in one array."""
    header = 2 * len(tables)
    at = header
    data = np.zeros(header + sum(table.size for table in tables.values()), np.int64)
    for number, table in tables.items():
        data[2 * number] = at
        data[2 * number + 1] = table.shape[1] if table.ndim > 1 else 1
        data[at : at + table.size] = table.reshape(-1)
        at += table.size
    return data


def view(data: Ints, table: int, rows: int) -> Ints:
    """Return a table of so many rows; what is written to it is written to the array."""
    at, columns = int(data[2 * table]), int(data[2 * table + 1])
    values = data[at : at + rows * columns]
    return values.reshape(rows, columns) if columns > 1 else values


@kernel_of(f"int64({_DATA}, int64, int64, int64)")
def get(data: Ints, table: int, row: int, column: int) -> int:
    """Return a number of a table."""
    number: int = data[data[2 * table] + row * data[2 * table + 1] + column]
    return number


@kernel_of(f"void({_DATA}, int64, int64, int64, int64)")
def put(data: Ints, table: int, row: int, column: int, value: int) -> None:
    """Set a number of a table."""
    data[data[2 * table] + row * data[2 * table + 1] + column] = value


@kernel_of(f"int64({_DATA}, int64, int64)")
def item(data: Ints, table: int, row: int) -> int:
    """Return a number of a table of one column."""
    number: int = data[data[2 * table] + row]
    return number


@kernel_of(f"void({_DATA}, int64, int64, int64)")
def set_item(data: Ints, table: int, row: int, value: int) -> None:
    """Set a number of a table of one column."""
    data[data[2 * table] + row] = value


@kernel_of(f"void({_DATA}, int64, int64, int64)")
def add(data: Ints, table: int, row: int, value: int) -> None:
    """Add to a number of a table of one column."""
    data[data[2 * table] + row] += value


@kernel_of(f"int64({_DATA}, int64, int64, int64, int64)")
def above(data: Ints, table: int, first: int, end: int, value: int) -> int:
    """Return the first row in ``[first, end)`` whose number is greater, or `end`."""
    at = data[2 * table]
    while first < end:
        middle = (first + end) >> 1
        if data[at + middle] > value:
            end = middle
        else:
            first = middle + 1
    return first


@kernel_of(f"int64({_DATA}, int64, int64, int64, int64)")
def not_below(data: Ints, table: int, first: int, end: int, value: int) -> int:
    """Return the first row in ``[first, end)`` whose number is as great or greater, or `end`."""
    at = data[2 * table]
    while first < end:
        middle = (first + end) >> 1
        if data[at + middle] >= value:
            end = middle
        else:
            first = middle + 1
    return first


@kernel_of(f"void({_DATA}, int64, int64, int64, int64)")
def slide(data: Ints, table: int, first: int, end: int, by: int) -> None:
    """Move the rows in ``[first, end)`` one up (1) or one down (-1)."""
    at = data[2 * table]
    if by > 0:
        for row in range(at + end, at + first, -1):
            data[row] = data[row - 1]
    else:
        for row in range(at + first, at + end):
            data[row - 1] = data[row]
