"""Keeps the background work of one process running."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from prometheus_client import Counter

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0

_log = structlog.get_logger("pilotline.api")
_restarts = Counter(
    "pilotline_background_restarts", "Background work that failed and was begun again.", ["work"]
)


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until it returns; when it fails, log, count and begin it again.

    Characteristics
        pauses: `FIRST_PAUSE_S`, doubled for each failure up to `LONGEST_PAUSE_S`; work that ran
            for longer than that begins anew with the first pause
    """
    loop = asyncio.get_running_loop()
    pause_s = FIRST_PAUSE_S
    while True:
        began_s = loop.time()
        try:
            await work()
        except Exception:  # noqa: BLE001 - the supervisor: whatever it is, the others go on
            if loop.time() - began_s > LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
            _restarts.labels(name).inc()
            _log.exception("background.failed", work=name, again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        else:
            return
