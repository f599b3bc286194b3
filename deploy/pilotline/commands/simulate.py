"""`pilotline simulate`: simulated machines as OPC UA servers."""

import asyncio
import gc
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pilotline_simulators import SimulatedPlant

_LOG_WIDTH = 200

app = typer.Typer(add_completion=False)


@app.command()
def simulate(
    plant: Annotated[Path, typer.Argument(help="Plant file.", show_default=False)],
    seed: Annotated[int, typer.Option(help="The same seed gives the same values.")] = 1,
    speed: Annotated[
        float, typer.Option(min=0.001, max=1000, help="Simulated seconds in a real second.")
    ] = 1.0,
    ledger: Annotated[
        Path | None, typer.Option(help="Write every sample to this file before it is emitted.")
    ] = None,
    replay: Annotated[
        list[str] | None,
        typer.Option(metavar="MACHINE=FILE", help="Replay a recording on a machine; repeatable."),
    ] = None,
    replay_interval_ms: Annotated[
        int, typer.Option(min=1, max=3_600_000, help="Time between two rows of a recording.")
    ] = 100,
    replay_once: Annotated[
        bool, typer.Option("--replay-once", help="End with the last row; else begin anew.")
    ] = False,
    replay_wait: Annotated[
        float,
        typer.Option(min=0, help="Seconds to wait for a client that watches every column."),
    ] = 60.0,
    machine: Annotated[
        list[str] | None, typer.Option(help="Simulate only this machine; repeatable.")
    ] = None,
    certificates: Annotated[
        Path, typer.Option(help="Where the machines' certificates are kept, as DER files.")
    ] = Path("pilotline-data/simulators/certificates"),
    incidents: Annotated[
        bool, typer.Option("--incidents/--no-incidents", help="Let mishaps and alarms happen.")
    ] = True,
) -> None:
    """Run simulated machines until stopped; print where they listen once all do."""
    from rich.console import Console

    from pilotline_plant.errors import PlantError
    from pilotline_plant.reading import read_plant
    from pilotline_simulators import Replay, SimulatedPlant, SimulatorError

    try:
        simulated = SimulatedPlant(
            read_plant(plant),
            seed=seed,
            machines=machine,
            speed=speed,
            ledger=ledger,
            certificates=certificates,
            replays={
                machine_id: Replay(file, replay_interval_ms, replay_once, replay_wait)
                for machine_id, file in _recordings(replay or []).items()
            },
            incidents=incidents,
        )
        asyncio.run(_run(simulated))
    except (PlantError, SimulatorError) as error:
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(str(error))
        raise typer.Exit(2) from error


def _recordings(words: list[str]) -> dict[str, Path]:
    recordings: dict[str, Path] = {}
    for word in words:
        machine, equals, file = word.partition("=")
        if not (machine and equals and file):
            raise typer.BadParameter(f"{word!r} is not MACHINE=FILE", param_hint="--replay")
        if machine in recordings:
            raise typer.BadParameter(f"{machine!r} has two recordings", param_hint="--replay")
        recordings[machine] = Path(file)
    return recordings


async def _run(simulated: "SimulatedPlant") -> None:
    from pilotline.logs import log_to_stderr

    log_to_stderr()
    # asyncua warns of much that is meant here, such as endpoints without a certificate.
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    starting = asyncio.create_task(simulated.start())
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            # Thousands of nodes that live as long as the process need not be walked again.
            gc.freeze()
            _show(simulated)
            await _run_until(simulated, stopping)
    finally:
        starting.cancel()
        stopping.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        await simulated.stop()


async def _run_until(simulated: "SimulatedPlant", stopping: asyncio.Task[bool]) -> None:
    failing = asyncio.create_task(simulated.wait())
    await asyncio.wait({failing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if failing.done():
        await failing
    failing.cancel()
    await asyncio.gather(failing, return_exceptions=True)


def _show(simulated: "SimulatedPlant") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("machine", "kind", "endpoint", "security", "tags", box=None, pad_edge=False)
    for machine in simulated.plant.machines:
        endpoint = machine.endpoint
        table.add_row(
            machine.id, machine.kind, endpoint.url, endpoint.security, str(len(machine.tags))
        )
    console = Console(highlight=False)
    # In a log file there is no edge to wrap at.
    console.print(table, width=None if console.is_terminal else _LOG_WIDTH)
