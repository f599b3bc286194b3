"""Runs coroutines on a clock that jumps from timer to timer."""

import asyncio
import warnings
from collections.abc import Coroutine
from typing import Any, TypeVar

import async_solipsism
from async_solipsism.exceptions import ResolutionWarning

from pilotline_api.live.clock import Moment
from tests.api.live.floor import NOON_MS

Result = TypeVar("Result")


def in_virtual_time(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine; an hour of waiting takes no time."""
    with (
        warnings.catch_warnings(),
        asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner,
    ):
        # A timer nearer than the clock's resolution is due; sums of tenths are never exact.
        warnings.simplefilter("ignore", ResolutionWarning)
        return runner.run(work)


def virtual_moment() -> Moment:
    """The present instant of the running loop; it begins at noon."""
    now_s = asyncio.get_running_loop().time()
    return Moment(now_s, NOON_MS + round(now_s * 1000))
