"""Aside: large messages are decoded in a thread, so that no machine holds up the others."""

import asyncio
from collections.abc import Callable

from pilotline_edge.subscription.publication import Publication

LARGE_BYTES = 128 * 1024
"""From here on a message is decoded aside; a hostile one of this size takes half a second."""


async def decoded(body: bytes, decode: Callable[[bytes], Publication]) -> Publication:
    """Decode a message, a large one in a thread: it may take seconds, and the loop goes on.

    Characteristics
        order: that of the calls, since the caller waits
        threads: at most one for each machine, of asyncio's pool
        when cancelled: the thread ends by itself, and what it read is dropped

    Raises:
        Exception: what `decode` raises.
    """
    if len(body) <= LARGE_BYTES:
        return decode(body)
    return await asyncio.to_thread(decode, body)
