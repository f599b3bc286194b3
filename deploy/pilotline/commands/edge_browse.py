"""`pilotline edge browse`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pilotline_edge.browse import BrowseWishes, Discovery
    from pilotline_plant import Machine

DATA = Path("pilotline-data/edge")


def browse(
    target: Annotated[str, typer.Argument(help="opc.tcp://HOST:PORT/PATH, or a plant file.")],
    machine: Annotated[str | None, typer.Argument(help="Machine of the plant file.")] = None,
    under: Annotated[
        str | None, typer.Option(help="Node id or browse path to begin at; Objects by default.")
    ] = None,
    depth: Annotated[int, typer.Option(min=1, max=100, help="Levels below it.")] = 12,
    out: Annotated[Path | None, typer.Option(help="File to write; the screen by default.")] = None,
    properties: Annotated[
        bool, typer.Option("--properties", help="Make tags of properties too, such as nameplates.")
    ] = False,
    elements: Annotated[
        int, typer.Option(min=0, max=1000, help="Longest array of which each element is a tag.")
    ] = 16,
    security: Annotated[
        str, typer.Option(help="Policy of an endpoint: Basic256Sha256, …, or None.")
    ] = "Basic256Sha256",
    user: Annotated[
        str | None,
        typer.Option(help="User of an endpoint; password in PILOTLINE_OPCUA_PASSWORD_MACHINE."),
    ] = None,
    data: Annotated[Path, typer.Option("--data", help="Directory of the certificates.")] = DATA,
    trust: Annotated[
        Path | None, typer.Option(help="Further folder of server certificates to accept.")
    ] = None,
) -> None:
    """Write a machine's variables as tags for the plant file.

    Only reads. An unknown certificate waits for `pilotline edge trust accept`.
    """
    from asyncua.ua.uaerrors import UaError

    from pilotline.logs import log_to_stderr
    from pilotline_edge import EdgeError
    from pilotline_edge.browse import BrowseWishes, section
    from pilotline_plant import PlantError

    log_to_stderr()
    _quiet_libraries()
    wishes = BrowseWishes(under, depth, properties, elements)
    try:
        browsed = _machine(target, machine, security, user)
        discovery = asyncio.run(_discover(browsed, wishes, data, trust))
        text = section(discovery, browsed.endpoint.url)
        if out is not None:
            out.write_text(text, encoding="utf-8")
    except (EdgeError, PlantError, OSError, UaError) as error:
        typer.echo(str(error) or type(error).__name__, err=True)
        raise typer.Exit(1) from error
    if out is None:
        typer.echo(text, nl=False)
    typer.echo(f"{len(discovery.found)} tags, {len(discovery.left_out)} left out", err=True)


async def _discover(
    machine: "Machine", wishes: "BrowseWishes", data: Path, trust: Path | None
) -> "Discovery":
    from pilotline_edge.browse import discover
    from pilotline_edge.connection.identity import own_identity
    from pilotline_edge.connection.session import MachineSession
    from pilotline_edge.connection.trust import TrustStore

    pki = data / "pki"
    secure = machine.endpoint.security != "None"
    session = MachineSession(
        machine, own_identity(pki / "own") if secure else None, TrustStore(pki, trust)
    )
    try:
        await session.open()
        return await discover(session, wishes)
    finally:
        await session.close()


def _machine(target: str, machine: str | None, security: str, user: str | None) -> "Machine":
    """Return the plant's machine, or one that only has an endpoint."""
    from pilotline_plant import Endpoint, Machine, Sector
    from pilotline_plant.reading import read_plant

    if target.startswith("opc.tcp://"):
        return Machine(
            id="machine",
            name=target,
            kind="",
            sector=Sector.COMPONENTS,
            site="",
            hall="",
            endpoint=Endpoint(target, security, user),
            calendar="",
            capabilities=(),
            changeover=None,
            initial_setup=None,
            power_kw=0.0,
            maintenance=(),
            tags=(),
        )
    plant = read_plant(Path(target))
    for each in plant.machines:
        if each.id == machine:
            return each
    known = ", ".join(each.id for each in plant.machines)
    raise typer.BadParameter(f"{target} has no machine {machine}; name one of {known}")


def _quiet_libraries() -> None:
    import logging

    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
