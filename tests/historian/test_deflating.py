"""Chunks are zlib streams that any zlib reads, small where there is something to save."""

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotline_historian.embedded.deflating import zlib_stream

NOISE = random.Random(4).randbytes(70_000)
STILL = bytes(3_000)
SLOW = bytes(i // 40 % 7 for i in range(4_000))

_part = st.one_of(
    st.binary(max_size=40),
    st.integers(1, 70_000).map(lambda size: NOISE[:size]),
    st.integers(1, 3_000).map(lambda size: STILL[:size]),
    st.integers(1, 4_000).map(lambda size: SLOW[-size:]),
)


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(_part, max_size=8), texts=st.booleans())
def test_any_mixture_of_parts_reads_back(parts: list[bytes], texts: bool) -> None:
    stream = zlib_stream(parts, texts=texts)
    assert zlib.decompress(stream) == b"".join(parts)
    assert len(stream) <= sum(map(len, parts)) + 40 * (len(parts) + 1)


@pytest.mark.parametrize("texts", [False, True])
def test_what_repeats_is_small_also_between_noise(texts: bool) -> None:
    stream = zlib_stream([STILL, NOISE, SLOW, NOISE, STILL], texts=texts)
    assert len(stream) < 2 * len(NOISE) + 1_000


def test_a_changed_byte_is_noticed_wherever_it_is() -> None:
    stream = zlib_stream([b"head", NOISE[:700], SLOW], texts=False)
    for place in range(0, len(stream), 7):
        damaged = bytearray(stream)
        damaged[place] ^= 0x10
        with pytest.raises(zlib.error):
            zlib.decompress(bytes(damaged))
