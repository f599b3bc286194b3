"""`pilotline edge browse`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from pilotline.commands.edge_browse_options import (
    Compare,
    Data,
    Depth,
    Elements,
    MachineId,
    Out,
    Properties,
    Security,
    Target,
    Trust,
    TypeName,
    Under,
    User,
    VariablePath,
)

if TYPE_CHECKING:
    from pilotline_edge.browse import BrowseWishes, Comparison, Discovery
    from pilotline_edge.connection.session import MachineSession
    from pilotline_plant import Machine

DATA = Path("pilotline-data/edge")
DIFFERS, TROUBLE = 1, 2
"""Exit codes of a comparison, those of ``diff``."""

_TOLD_EACH_S = 2.0
_NAMELESS = "machine"
"""Id of what only has an address; also in the name of its password's variable."""

Result = TypeVar("Result")


def browse(
    target: Target,
    machine: MachineId = None,
    under: Under = None,
    depth: Depth = 12,
    path: VariablePath = None,
    of_type: TypeName = None,
    out: Out = None,
    properties: Properties = False,
    elements: Elements = 16,
    compare: Compare = False,
    security: Security = "Basic256Sha256",
    user: User = None,
    data: Data = DATA,
    trust: Trust = None,
) -> None:
    """Write a machine's variables as tags for the plant file, or compare them with it.

    Only reads. An unknown certificate waits for `pilotline edge trust accept`.
    """
    from asyncua.ua.uaerrors import UaError

    from pilotline.logs import log_to_stderr
    from pilotline_edge import EdgeError
    from pilotline_edge.browse import BrowseWishes
    from pilotline_edge.data_directory import prepare
    from pilotline_plant import PlantError

    log_to_stderr()
    _quiet_libraries()
    wishes = BrowseWishes(under, depth, properties, elements, path=path, of_type=of_type)
    if target.startswith("opc.tcp://") and (compare or machine is not None):
        raise typer.BadParameter(
            f"{'--compare' if compare else f'machine {machine}'} needs a plant file in place of "
            f"{target}"
        )
    try:
        prepare(data)
        browsed = _machine(target, machine, security, user)
        if compare:
            differs = _compare(browsed, wishes, data, trust)
        else:
            differs = False
            _write(browsed, wishes, data, trust, out)
    except (EdgeError, PlantError, OSError, UaError) as error:
        typer.echo(_said(error), err=True)
        raise typer.Exit(TROUBLE if compare else 1) from error
    if differs:
        raise typer.Exit(DIFFERS)


def _write(
    machine: "Machine", wishes: "BrowseWishes", data: Path, trust: Path | None, out: Path | None
) -> None:
    from pilotline_edge.browse import discover, section
    from pilotline_edge.errors import NodeNotFound

    async def found(session: "MachineSession") -> "Discovery":
        return await discover(session, wishes, _Told())

    discovery = asyncio.run(_with_session(machine, data, trust, found))
    text = section(discovery, machine.endpoint.url)
    left_out = len(discovery.left_out) + discovery.counted.total()
    if not discovery.found:
        raise NodeNotFound(_nothing(wishes, left_out, discovery.unfinished))
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
    told = f"{_number(len(discovery.found), 'tag')}, {left_out} nodes left out"
    typer.echo(told if out is None else f"{out}: {told}", err=True)


def _compare(machine: "Machine", wishes: "BrowseWishes", data: Path, trust: Path | None) -> bool:
    """Print how tags and server differ, and return whether they do."""
    from pilotline_edge.browse import compare

    async def compared(session: "MachineSession") -> "Comparison":
        return await compare(session, machine.tags, wishes, _Told())

    comparison = asyncio.run(_with_session(machine, data, trust, compared))
    for line in comparison.lines():
        typer.echo(line)
    typer.echo(
        f"{_number(len(comparison.kept), 'tag')} as before, {len(comparison.gone)} gone, "
        f"{len(comparison.changed)} changed, {_number(len(comparison.new), 'variable')} without "
        "a tag",
        err=True,
    )
    return not comparison.same


def _nothing(wishes: "BrowseWishes", left_out: int, unfinished: Sequence[tuple[str, str]]) -> str:
    """Return why there is no tag, for a browse that found none."""
    asked = {"--under": wishes.under, "--path": wishes.path, "--type": wishes.of_type}
    given = " ".join(f"{option} {value}" for option, value in asked.items() if value is not None)
    refused = ", ".join(f"{reason} at {path or 'the start'}" for path, reason in unfinished)
    why = f"; the server answered {refused}" if refused else ""
    return (
        f"no variable that can be a tag {f'fits {given}' if given else 'was found'}, "
        f"{left_out} nodes left out{why}; browse with less to see what there is"
    )


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _said(error: Exception) -> str:
    """Return an error's words; a machine that only has an address is not called by a name."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    said = str(error) or type(error).__name__
    return said.removeprefix(f"machine {_NAMELESS}: ")


class _Told:
    """Tells a person how far a browse is each two seconds."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _TOLD_EACH_S

    def __call__(self, stage: str, done: int, of: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _TOLD_EACH_S
        typer.echo(f"… {done}{f' of {of}' if of else ''} {stage}", err=True)


async def _with_session(
    machine: "Machine",
    data: Path,
    trust: Path | None,
    work: Callable[["MachineSession"], Awaitable[Result]],
) -> Result:
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
        return await work(session)
    finally:
        await session.close()


def _machine(target: str, machine: str | None, security: str, user: str | None) -> "Machine":
    """Return the plant's machine, or one that only has an endpoint."""
    from pilotline_plant import Endpoint, Machine, Sector
    from pilotline_plant.reading import read_plant

    if target.startswith("opc.tcp://"):
        return Machine(
            id=_NAMELESS,
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
    if "://" in target or not Path(target).exists():
        raise typer.BadParameter(
            f"{target} is neither opc.tcp://HOST:PORT/PATH nor a plant file that is there"
        )
    plant = read_plant(Path(target))
    for each in plant.machines:
        if each.id == machine:
            return each
    known = ", ".join(each.id for each in plant.machines)
    if machine is None:
        raise typer.BadParameter(f"name a machine of {target} behind it: {known}")
    raise typer.BadParameter(f"{target} has no machine {machine}; name one of {known}")


def _quiet_libraries() -> None:
    import logging

    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
