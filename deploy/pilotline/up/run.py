"""One run of `pilotline up`: checks, start, banner, watch, stop."""

import asyncio
import signal
import time
from collections.abc import Coroutine
from typing import TypeVar
from urllib.parse import urlsplit

from pilotline.up.banner import Screen
from pilotline.up.command import run_once
from pilotline.up.demo import Login, seed_demo
from pilotline.up.line import Wishes, field_parts, office_parts
from pilotline.up.part import Part
from pilotline.up.ports import require_free
from pilotline.up.readiness import machines_connected, pages_answer
from pilotline.up.supervisor import Supervisor
from pilotline_plant import Plant
from pilotline_plant.reading import read_plant

T = TypeVar("T")

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
        asyncio.run(_serve(wishes, plant, screen))


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


async def _serve(wishes: Wishes, plant: Plant, screen: Screen) -> None:
    def told(part: Part, code: int, delay_s: float) -> None:
        screen.restarting(part.name, code, delay_s, part.log)

    begun = time.monotonic()
    field, office = Supervisor(field_parts(wishes), told), Supervisor(office_parts(wishes), told)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await field.start()
        logins = await _first_of(stop, field.until_ready(lambda: _open_office(wishes, office)))
        if logins is None:
            return
        screen.banner(wishes, plant, logins, time.monotonic() - begun)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(field.watch()),
                group.create_task(office.watch()),
                group.create_task(_tell_machines(wishes, plant, screen, begun)),
            ]
            await stop.wait()
            for task in tasks:
                task.cancel()
    finally:
        asked = time.monotonic()
        by_field, by_office = await asyncio.gather(field.stop(), office.stop())
        killed = [part.name for part in (*by_field, *by_office)]
        screen.stopped(time.monotonic() - asked, killed)


async def _open_office(wishes: Wishes, office: Supervisor) -> list[Login]:
    """Prepare the database and start API and worker, while the machines come up."""
    await asyncio.to_thread(
        run_once, ["api", "migrate", *wishes.api_arguments()], wishes.environment()
    )
    logins = await asyncio.to_thread(
        seed_demo,
        [*wishes.api_arguments(), "--solve-seconds", str(wishes.solve_s)],
        wishes.environment(),
    )
    await office.start()
    await office.until_ready(lambda: pages_answer(wishes.url))
    return logins


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


async def _first_of(stop: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """Return what `work` gives, or None when the person asked to stop first."""
    doing = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    _, pending = await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return None if doing in pending else doing.result()
