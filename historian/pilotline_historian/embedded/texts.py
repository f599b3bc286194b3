"""Lists of texts to bytes: lengths first, then UTF-8."""

from collections.abc import Sequence

import numpy as np


def pack_texts(texts: Sequence[str]) -> bytes:
    """Return the texts as bytes; no texts are no bytes."""
    if not texts:
        return b""
    encoded = [text.encode() for text in texts]
    lengths = np.array([len(encoded), *map(len, encoded)], "<u4")
    return lengths.tobytes() + b"".join(encoded)


def unpack_texts(data: bytes | memoryview) -> list[str]:
    """Return the texts.

    Raises:
        ValueError: the bytes are no such list.
    """
    if not data:
        return []
    (count,) = np.frombuffer(data, "<u4", 1).tolist()
    ends = np.cumsum(np.frombuffer(data, "<u4", count, 4), dtype=np.int64) + 4 * (count + 1)
    starts = [4 * (count + 1), *ends[:-1].tolist()]
    raw = bytes(data)
    return [raw[a:b].decode() for a, b in zip(starts, ends.tolist(), strict=True)]
