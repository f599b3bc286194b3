"""The live room's long-lived parts: opened when the application starts, closed when it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import structlog
from fastapi import Depends, Request

from pilotline_api.alarms.keeper import AlarmKeeper
from pilotline_api.kit.services import Services
from pilotline_api.live.clock import Moment, this_moment
from pilotline_api.live.hub import Hub
from pilotline_api.live.ingest import EdgeIngest
from pilotline_api.live.outbox_feed import OutboxFeed
from pilotline_api.live.plant_image import PlantImage
from pilotline_api.live.session_watch import SessionWatch
from pilotline_api.live.supervisor import keep_running
from pilotline_historian import Historian, HistorianError, Sample, Series
from pilotline_plant import Plant

if TYPE_CHECKING:
    from pilotline_api.live.broker_feed import BrokerFeed

TICK_S: Final = 1.0
RESTORE_AGAIN_S: Final = 15.0
LAST_WRITES_S: Final = 2.0

_log = structlog.get_logger("pilotline.api.live")


@dataclass(frozen=True, slots=True)
class Live:
    """The live parts of one API process, held in ``app.state.live``."""

    image: PlantImage
    hub: Hub
    ingest: EdgeIngest
    keeper: AlarmKeeper
    now: Callable[[], Moment]
    broker: "BrokerFeed | None" = None

    @property
    def deaf(self) -> bool:
        """Whether this process hears of no machine, since it does not reach its broker."""
        return self.broker is not None and self.broker.problem is not None

    def heard(self, machine: str) -> bool:
        """Return whether a machine is connected, by what this process was told last."""
        try:
            return self.image.connection(machine).connected
        except KeyError:
            return False


@asynccontextmanager
async def live_parts(
    services: Services, now: Callable[[], Moment] = this_moment
) -> AsyncIterator[Live]:
    """Open the live parts and run their background work until the block ends."""
    image = PlantImage(services.plant, now())
    hub = Hub(image, now)
    keeper = await AlarmKeeper.begin(services.plant, services.database, now())
    ingest = EdgeIngest(image, hub, keeper, now)
    feed = OutboxFeed(services.database, hub)
    await feed.begin()
    broker = _broker_feed(services, ingest, now)
    live = Live(image, hub, ingest, keeper, now, broker)
    work = {
        "clock": lambda: _tick(live),
        "restore": lambda: _restore(services, live),
        "outbox": feed.run,
        "sessions": SessionWatch(services.database, hub).run,
    }
    if broker is not None:
        work["broker"] = broker.run
    journal = asyncio.create_task(keep_running("alarm-journal", keeper.journal.run))
    tasks = [asyncio.create_task(keep_running(name, run)) for name, run in work.items()]
    try:
        yield live
    finally:
        hub.close()
        for task in tasks:
            task.cancel()
        keeper.journal.stop()
        await asyncio.wait([journal], timeout=LAST_WRITES_S)
        journal.cancel()
        await asyncio.gather(journal, *tasks, return_exceptions=True)


def _broker_feed(
    services: Services, ingest: EdgeIngest, now: Callable[[], Moment]
) -> "BrokerFeed | None":
    url = services.settings.live_url
    if url is None:
        return None
    # Only who uses a broker pays for what it needs.
    from pilotline_api.live.broker_feed import BrokerFeed

    return BrokerFeed(url, services.plant, ingest, now)


async def _tick(live: Live) -> None:
    while True:
        live.ingest.look_for_silence()
        live.keeper.tick(live.now(), deaf=live.deaf)
        await asyncio.sleep(TICK_S)


async def _restore(services: Services, live: Live) -> None:
    """Show the newest stored values until the edge has spoken."""
    while True:
        try:
            samples = await asyncio.to_thread(_newest, services.historian, services.plant)
        except HistorianError as error:
            _log.warning("live.not_restored", error=str(error), again_in_s=RESTORE_AGAIN_S)
            await asyncio.sleep(RESTORE_AGAIN_S)
            continue
        _log.info("live.restored", values=live.image.restore(samples))
        live.hub.image_changed()
        return


def _newest(historian: Historian, plant: Plant) -> list[Sample]:
    series = [
        Series(machine.site, machine.id, tag.id)
        for machine in plant.machines
        for tag in machine.tags
    ]
    return list(historian.last(series).values())


def get_live(request: Request) -> Live:
    """Return the process's live parts."""
    live = request.app.state.live
    assert isinstance(live, Live)  # noqa: S101 - Starlette's state is untyped
    return live


LiveNeeded = Annotated[Live, Depends(get_live)]
