"""Sensors: what is measured of a quantity, with noise, resolution and the range of its type."""

import math
import struct
from random import Random

from pilotline_plant import DataType, Tag
from pilotline_simulators.emission import Value

_INTEGER_BITS = {
    DataType.INT16: (16, True),
    DataType.UINT16: (16, False),
    DataType.INT32: (32, True),
    DataType.UINT32: (32, False),
    DataType.INT64: (64, True),
    DataType.UINT64: (64, False),
}


def as_type(value: float | bool | str, data_type: DataType) -> Value:
    """Return a value as an OPC UA client decodes it from a variable of this type.

    A number outside an integer type's range becomes the nearest one inside; a Float is rounded to
    32 bits.
    """
    if data_type is DataType.STRING:
        return str(value)
    if data_type is DataType.BOOLEAN:
        return bool(value)
    number = float(value)
    if data_type is DataType.DOUBLE:
        return number
    if data_type is DataType.FLOAT:
        return _as_float32(number)
    bits, signed = _INTEGER_BITS[data_type]
    least = -(2 ** (bits - 1)) if signed else 0
    most = 2 ** (bits - (1 if signed else 0)) - 1
    return int(min(max(round(number), least), most))


def _as_float32(number: float) -> float:
    try:
        (rounded,) = struct.unpack("<f", struct.pack("<f", number))
    except OverflowError:
        return math.copysign(math.inf, number)
    return float(rounded)


class Sensor:
    """Measures one quantity.

    A quantity at rest reads 0 without noise, and noise turns no positive quantity negative and
    lets no share exceed 100 %, as the signal processing of industrial sensors sees to.

    Args:
        tag: the tag that shows it.
        noise: standard deviation of the measurement.
        resolution: smallest step of the reading, a power of ten.
        random: source of randomness.
    """

    def __init__(self, tag: Tag, *, noise: float, resolution: float, random: Random) -> None:
        self._data_type = tag.data_type
        self._is_share = tag.unit.ucum == "%"
        self._noise = noise
        # Rounding to decimals keeps readings like 21.3 exact in text; multiples of 0.1 do not.
        self._decimals = max(0, -math.floor(math.log10(resolution) + 1e-9))
        self._random = random

    def read(self, quantity: float | bool | str) -> Value:
        """Return the reading of a quantity."""
        if isinstance(quantity, bool | str):
            return as_type(quantity, self._data_type)
        noisy = self._with_noise(quantity) if self._noise and quantity else quantity
        # Adding 0.0 turns -0.0, which equals 0.0 but looks different in a ledger, into 0.0.
        return as_type(round(noisy, self._decimals) + 0.0, self._data_type)

    def _with_noise(self, quantity: float) -> float:
        noisy = quantity + self._random.gauss(0.0, self._noise)
        if quantity > 0:
            noisy = max(noisy, 0.0)
        return min(noisy, 100.0) if self._is_share and quantity <= 100.0 else noisy
