"""A message of sixty bytes neither fills the memory nor stops the clock."""

import struct
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import variant_from_binary, variant_to_binary

from pilotline_edge.backfill.answer import read_answers
from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.polling.read_response import decode_read
from pilotline_edge.subscription import decoding
from pilotline_edge.subscription.publication import Unsupported
from pilotline_edge.subscription.variants import read_variant
from tests.edge.test_hostile_messages import message

NULLS = b"\x80" + struct.pack("<i", 3_000_000)
"""An array of nulls, of which none takes a byte; two thousand million may be announced."""
NULL_MATRIX = b"\xc0" + struct.pack("<iiii", 3_000_000, 2, 3_000, 1_000)
MADE_UP = b"\xc6" + struct.pack("<iiiii", 1, 7, 2, 1_000, 1_000)
NEGATIVE = b"\xc6" + struct.pack("<iiii", 0, 2, -1_000, -1_000)
DIMENSIONS = 100_000
PRODUCT = b"\xc6" + struct.pack("<ii", 0, DIMENSIONS) + struct.pack("<i", 2**31 - 1) * DIMENSIONS
HOSTILE = {
    "nulls": NULLS,
    "matrix of nulls": NULL_MATRIX,
    "made up": MADE_UP,
    "negative": NEGATIVE,
    "product": PRODUCT,
    "nulls within": b"\x98\x01\x00\x00\x00" + NULLS,
}
_NOW = struct.pack("<q", 133_000_000_000_000_000)


def read(variant: bytes) -> bytes:
    """Return a read response with one value."""
    head = b"\x01\x00\x7a\x02" + _NOW + struct.pack("<II", 1, 0) + b"\0\xff\xff\xff\xff\0\0\0"
    return head + struct.pack("<i", 1) + b"\x01" + variant + b"\xff" * 4


def history(variant: bytes) -> bytes:
    """Return a history read response with one value of one node."""
    data = struct.pack("<i", 1) + b"\x05" + variant + _NOW
    kind = b"\x01\x00" + struct.pack("<H", ObjectIds.HistoryData_Encoding_DefaultBinary)
    head = b"\x01\x00\x9b\x02" + _NOW + struct.pack("<II", 1, 0) + b"\0\xff\xff\xff\xff\0\0\0"
    result = struct.pack("<Ii", 0, -1) + kind + b"\x01" + struct.pack("<i", len(data)) + data
    return head + struct.pack("<i", 1) + result + b"\xff" * 4


WAYS: dict[str, Callable[[bytes], object]] = {
    "published": lambda variant: decoding.decode(message(b"\x01\0\0\0\x01" + variant, 1)),
    "read": lambda variant: decode_read(read(variant)),
    "history": lambda variant: read_answers(history(variant), 1, 10),
    "alone": lambda variant: read_variant(variant, 0),
    "asyncua": lambda variant: variant_from_binary(Buffer(variant)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_announced_and_not_there_costs_nothing(name: str, way: str) -> None:
    begun = time.process_time()
    tracemalloc.start()
    try:
        WAYS[way](HOSTILE[name])
    except (UndecodableMessage, ua.uaerrors.UaError, ValueError):
        pass  # refused is as good as named for what it is
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 20 * len(HOSTILE[name]) + 1_000_000
    assert time.process_time() - begun < 0.5


def test_arrays_and_matrices_that_are_there_are_read_as_before() -> None:
    dimensions: Any = [2, 3]
    matrix = ua.Variant([[1, 2, 3], [4, 5, 6]], ua.VariantType.Int32, dimensions, is_array=True)
    nulls = ua.Variant([None, None], ua.VariantType.Null, is_array=True)
    assert variant_from_binary(Buffer(variant_to_binary(matrix))).Value == matrix.Value
    (found, _) = read_variant(variant_to_binary(matrix), 0)
    assert isinstance(found, Unsupported)
    assert found.elements == (1, 2, 3, 4, 5, 6)
    assert variant_from_binary(Buffer(variant_to_binary(nulls) + b"..")).Value == [None, None]
