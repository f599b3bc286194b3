"""64-bit integer columns to bytes: differences, then only the byte planes that are not all zero."""

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]

Parts = list[bytes]
"""A packed column: its header and its byte planes, lowest first."""

_HEADER: Final = struct.Struct("<BBqqq")
"""Mode, mask of kept byte planes, unit, first value, first difference."""

_CONSTANT: Final = 0
_DELTA: Final = 1
_DELTA_OF_DELTA: Final = 2
_XOR: Final = 3

_UNITS: Final = (1_000_000_000, 1_000_000, 1_000, 100)
"""Clocks tick in seconds, milliseconds, microseconds, or OPC UA's 100 ns."""


def pack_steady(values: Int64Array) -> Parts:
    """Pack a column whose steps are alike, such as sample times (delta of delta)."""
    if is_constant(values):
        return pack_constant(int(values[0]))
    steps, unit = _in_units(values[1:] - values[:-1])
    head = (unit, int(values[0]), int(steps[0]))
    return _packed(_DELTA_OF_DELTA, head, _zigzag(steps[1:] - steps[:-1]))


def pack_smooth(values: Int64Array) -> Parts:
    """Pack a column whose neighbours are close, such as counters (delta)."""
    if is_constant(values):
        return pack_constant(int(values[0]))
    steps, unit = _in_units(values[1:] - values[:-1])
    return _packed(_DELTA, (unit, int(values[0]), 0), _zigzag(steps))


def pack_bits(values: Int64Array) -> Parts:
    """Pack a column of bit patterns, such as doubles (XOR with the one before)."""
    if is_constant(values):
        return pack_constant(int(values[0]))
    return _packed(_XOR, (1, int(values[0]), 0), values[1:] ^ values[:-1])


def pack_constant(value: int) -> Parts:
    """Pack a column that is one number throughout."""
    return [_HEADER.pack(_CONSTANT, 0, 1, value, 0)]


def is_constant(values: NDArray[Any]) -> bool:
    """Return whether a column of at least one row is one number throughout."""
    # Its ends tell most columns apart without a look at the rest.
    return bool(values[0] == values[-1]) and bool((values == values[0]).all())


def unpack(data: memoryview, offset: int, count: int) -> tuple[Int64Array, int]:
    """Return the column of `count` values that starts at `offset`, and where the next one starts.

    Raises:
        ValueError: the bytes are no such column.
    """
    mode, mask, unit, first, first_step = _HEADER.unpack_from(data, offset)
    offset += _HEADER.size
    if mode == _CONSTANT:
        return np.full(count, first, np.int64), offset
    if mode not in (_DELTA, _DELTA_OF_DELTA, _XOR):
        raise ValueError(f"column mode {mode} is unknown")
    coded_count = count - 2 if mode == _DELTA_OF_DELTA else count - 1
    coded, offset = _from_planes(data, offset, coded_count, mask)
    values = np.empty(count, np.int64)
    values[0] = first
    if mode == _XOR:
        values[1:] = coded
        return np.bitwise_xor.accumulate(values), offset
    steps = values[1:]
    if mode == _DELTA:
        steps[:] = _unzigzag(coded)
    else:
        steps[0] = first_step
        steps[1:] = _unzigzag(coded)
        np.cumsum(steps, out=steps)
    steps *= unit
    return np.cumsum(values), offset


def _packed(mode: int, head: tuple[int, int, int], coded: Int64Array) -> Parts:
    used = int(np.bitwise_or.reduce(coded))
    kept = [place for place in range(8) if used >> 8 * place & 0xFF]
    mask = sum(1 << place for place in kept)
    planes = np.ascontiguousarray(coded, "<i8").view(np.uint8).reshape(-1, 8)
    return [_HEADER.pack(mode, mask, *head), *(planes[:, place].tobytes() for place in kept)]


def _from_planes(data: memoryview, offset: int, count: int, mask: int) -> tuple[Int64Array, int]:
    planes = np.zeros((count, 8), np.uint8)
    for place in range(8):
        if mask >> place & 1:
            planes[:, place] = np.frombuffer(data, np.uint8, count, offset)
            offset += count
    return planes.view("<i8").reshape(count), offset


def _in_units(steps: Int64Array) -> tuple[Int64Array, int]:
    """Divide by the largest clock unit that divides every step."""
    common = int(np.gcd.reduce(steps[:16]))
    for unit in _UNITS:
        if common % unit:
            continue
        # Dividing and multiplying back takes a third of the time of a remainder.
        in_units = steps // unit
        if np.array_equal(in_units * unit, steps):
            return in_units, unit
    return steps, 1


def _zigzag(values: Int64Array) -> Int64Array:
    """Map small negative numbers to small positive ones."""
    return (values << 1) ^ (values >> 63)


def _unzigzag(values: Int64Array) -> Int64Array:
    return (values >> 1 & 0x7FFF_FFFF_FFFF_FFFF) ^ -(values & 1)
