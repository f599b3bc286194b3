"""Aside: large messages are decoded in a thread, so that no machine holds up the others."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Decoded = TypeVar("Decoded")

LARGE_BYTES = 128 * 1024
"""From here on a message is decoded aside; a hostile one of this size takes half a second."""


async def decoded(
    body: bytes, decode: Callable[[bytes], Decoded], large: int = LARGE_BYTES
) -> Decoded:
    """Decode a message, a large one in a thread: it may take seconds, and the loop goes on.

    Characteristics
        order: that of the calls, since the caller waits
        threads: at most one for each machine, of asyncio's pool
        when cancelled: the thread ends by itself, and what it read is dropped

    Args:
        body: the message.
        decode: what reads it.
        large: bytes from which it is read aside.

    Raises:
        Exception: what `decode` raises.
    """
    if len(body) <= large:
        return decode(body)
    return await asyncio.to_thread(decode, body)
