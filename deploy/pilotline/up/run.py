"""One run of `pilotline up`: checks, start, banner, watch, stop."""

import asyncio
import signal
import time
from collections.abc import Coroutine, Sequence
from urllib.parse import urlsplit

from pilotline.up.banner import Screen
from pilotline.up.command import run_once
from pilotline.up.demo import Login, seed_demo
from pilotline.up.line import Wishes, parts
from pilotline.up.part import Part
from pilotline.up.ports import require_free
from pilotline.up.readiness import machines_connected, pages_answer
from pilotline.up.supervisor import Supervisor
from pilotline_plant import Plant
from pilotline_plant.reading import read_plant

LIVE_WITHIN_S = 60.0
"""Machines that are not read by then are named as missing; the line runs on without them."""


def run(wishes: Wishes, screen: Screen) -> None:
    """Run the line until Ctrl-C or SIGTERM.

    Raises:
        StartError: something stands in the way; nothing is left running.
        PlantFileError: the plant file has mistakes.
    """
    plant = read_plant(wishes.plant)
    wishes.data.prepare()
    with wishes.data.lock():
        _require_ports(wishes, plant)
        begun = time.monotonic()
        run_once(["api", "migrate", *wishes.api_arguments()], wishes.environment())
        logins = seed_demo(
            [*wishes.api_arguments(), "--solve-seconds", str(wishes.solve_s)],
            wishes.environment(),
        )
        asyncio.run(_serve(wishes, plant, logins, screen, begun))


def _require_ports(wishes: Wishes, plant: Plant) -> None:
    require_free(wishes.host, wishes.port, "The API", "Choose another one with --port N.")
    if not wishes.simulators:
        return
    for machine in plant.machines:
        where = urlsplit(machine.endpoint.url)
        require_free(
            where.hostname or "127.0.0.1",
            where.port or 4840,
            f"The simulated machine {machine.id}",
            f"Stop what listens there, or change the machine's endpoint in {wishes.plant}.",
        )


async def _serve(
    wishes: Wishes, plant: Plant, logins: Sequence[Login], screen: Screen, begun: float
) -> None:
    def told(part: Part, code: int, delay_s: float) -> None:
        screen.restarting(part.name, code, delay_s, part.log)

    supervisor = Supervisor(parts(wishes), on_restart=told)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await supervisor.start()
        if not await _first_of(stop, supervisor.until_ready(lambda: pages_answer(wishes.url))):
            return
        screen.banner(wishes, plant, logins, time.monotonic() - begun)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(supervisor.watch())
            live = group.create_task(_tell_machines(wishes, plant, screen, begun))
            await stop.wait()
            live.cancel()
            watch.cancel()
    finally:
        asked = time.monotonic()
        killed = await supervisor.stop()
        screen.stopped(time.monotonic() - asked, [part.name for part in killed])


async def _tell_machines(wishes: Wishes, plant: Plant, screen: Screen, begun: float) -> None:
    status_file = wishes.data.edge / "status.json"
    try:
        await asyncio.wait_for(
            machines_connected(status_file, len(plant.machines), screen.machines), LIVE_WITHIN_S
        )
    except TimeoutError:
        screen.machines_missing(wishes)
        return
    screen.all_live(len(plant.machines), time.monotonic() - begun)


async def _first_of(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Return True when `work` ended first, False when the person asked to stop."""
    doing = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    done, pending = await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    if doing in done:
        doing.result()
        return True
    return False
