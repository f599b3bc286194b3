"""Racing: work side by side of which the first to end ends all."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def first_to_fail(*work: Coroutine[Any, Any, object]) -> None:
    """Run coroutines until the first ends, cancel the others and raise what it raised."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
