"""Deflating: byte columns to one zlib stream that stores what is noise and deflates the rest."""

import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np

_HEAD: Final = b"\x78\x01"
"""Deflate in a window of 32 KiB (RFC 1950, 2.2)."""

_LAST_EMPTY_BLOCK: Final = b"\x01\x00\x00\xff\xff"
_STORED_BYTES: Final = 65_535
"""Most bytes of a stored block (RFC 1951, 3.2.4)."""

_LEVEL: Final = 1
"""zlib level: 9 saves a few percent and costs five times the time."""

_RAW_WINDOW_BITS: Final = -15
_MEMORY_LEVEL: Final = 8

_LOOKED_AT: Final = 16
"""One byte in so many is looked at."""

_LONG_BYTES: Final = 512
"""A shorter part is deflated together with its neighbours."""

_EVEN: Final = 3.0
"""Bytes that meet their like at most so many times as often as evenly spread ones are noise:
deflating them would save less than a fifth."""


def zlib_stream(parts: Iterable[bytes], *, texts: bool) -> bytes:
    """Return the parts, one behind the other, as one zlib stream with its Adler-32.

    The low bytes of measurements are noise: deflating them saves nothing and takes most of the
    time. A long part that is not gets a block, and so a code, of its own.

    Args:
        parts: what `zlib.decompress` will return, in pieces of like content.
        texts: whether sequences repeat; otherwise only runs do, and looking for more takes twice
            the time.
    """
    strategy = zlib.Z_DEFAULT_STRATEGY if texts else zlib.Z_RLE
    stream, check = [_HEAD], 1
    deflating = None
    for part in parts:
        check = zlib.adler32(part, check)
        if len(part) >= _LONG_BYTES and _is_noise(part):
            if deflating is not None:
                # The next deflated part begins anew, so nothing refers back across stored bytes.
                stream.append(deflating.flush(zlib.Z_SYNC_FLUSH))
                deflating = None
            stream.extend(_stored(part))
            continue
        if deflating is None:
            deflating = zlib.compressobj(
                _LEVEL, zlib.DEFLATED, _RAW_WINDOW_BITS, _MEMORY_LEVEL, strategy
            )
        stream.append(deflating.compress(part))
        if len(part) >= _LONG_BYTES:
            stream.append(deflating.flush(zlib.Z_BLOCK))
    stream.append(_LAST_EMPTY_BLOCK if deflating is None else deflating.flush())
    stream.append(check.to_bytes(4, "big"))
    return b"".join(stream)


def _is_noise(part: bytes) -> bool:
    """Return whether bytes of a part are spread so evenly that deflating would save little."""
    seen = np.frombuffer(part, np.uint8)[::_LOOKED_AT]
    counts = np.bincount(seen, minlength=256)
    meetings = int(counts @ counts) - len(seen)
    return meetings * 256 <= _EVEN * len(seen) * len(seen)


def _stored(part: bytes) -> Iterable[bytes]:
    for start in range(0, len(part), _STORED_BYTES):
        block = part[start : start + _STORED_BYTES]
        size = len(block)
        yield b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little")
        yield block
