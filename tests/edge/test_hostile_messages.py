"""A message made to be slow to read holds up no other machine, and never takes much memory."""

import asyncio
import struct
import tracemalloc

import pytest

from pilotline_edge.aside import decoded
from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.subscription import decoding
from pilotline_edge.subscription.publication import Unsupported

LEAST_TURNS = 5
"""A message that is decoded on the loop leaves it none."""
_NOW = struct.pack("<q", 133_000_000_000_000_000)
_HANDLE_1_VALUE = b"\x01\x00\x00\x00\x01"


def message(row: bytes, count: int, parts: int = 1) -> bytes:
    """Return a publish response whose parts hold this row so often."""
    change = struct.pack("<i", count) + row * count + b"\xff\xff\xff\xff"
    part = b"\x01\x00\x2b\x03\x01" + struct.pack("<i", len(change)) + change
    return b"".join(
        (
            b"\x01\x00\x3d\x03" + _NOW + struct.pack("<II", 1, 0),
            b"\x00\xff\xff\xff\xff\x00\x00\x00" + struct.pack("<Ii?", 1, 0, False),
            struct.pack("<I", 1) + _NOW + struct.pack("<i", parts) + part * parts,
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
        )
    )


MOST = decoding.MOST_CHANGES
NOTHINGS = _HANDLE_1_VALUE + b"\x98" + struct.pack("<i", 150_000) + bytes(150_000)
MESSAGES = {
    "empty values": message(b"\x01\x00\x00\x00\x00", MOST),
    "empty arrays": message(_HANDLE_1_VALUE + b"\x86\x00\x00\x00\x00", MOST),
    "nothings": message(NOTHINGS, 1),
}
LONG_ARRAYS = message(_HANDLE_1_VALUE + b"\x84\x10\x27\x00\x00" + bytes(range(200)) * 100, 800)
"""As much as a message may hold, in arrays of 10,000 small numbers each."""


def test_arrays_take_no_more_memory_than_the_message_that_brought_them() -> None:
    """As Python numbers they would take twenty times as much."""
    tracemalloc.start()
    publication = decoding.decode(LONG_ARRAYS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    ((_, value, *_), *others) = publication.changes
    assert len(others) == 799
    assert isinstance(value, Unsupported)
    assert value.elements is not None
    assert value.elements[9_999] == struct.unpack("<h", bytes((198, 199)))[0]
    assert peak < 2 * len(LONG_ARRAYS)


async def _turns(body: bytes) -> int:
    """Return how often the loop did something else while a message was decoded."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.005)
            turns += 1

    turning = asyncio.ensure_future(turn())
    await asyncio.sleep(0)
    try:
        await decoded(body, decoding.decode)
    finally:
        turning.cancel()
    return turns


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_that_is_slow_to_read_holds_up_no_other_machine(name: str) -> None:
    assert asyncio.run(_turns(MESSAGES[name])) >= LEAST_TURNS


@pytest.mark.parametrize("parts", [1, 4])
def test_more_values_than_were_ever_asked_for_are_not_read(parts: int) -> None:
    each = MOST // parts + 1
    with pytest.raises(UndecodableMessage, match="more than the 100000 values"):
        decoding.decode(message(b"\x01\x00\x00\x00\x00", each, parts))
