"""`pilotline edge trust`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from pilotline_edge.pki.shelf import Shelf, Shelved

app = typer.Typer(no_args_is_help=True, add_completion=False)

Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Directory of the agent's certificates.")
]
Wanted = Annotated[
    str,
    typer.Argument(
        metavar="THUMBPRINT|FILE",
        help="At least 8 digits of a SHA-256 thumbprint, or a certificate's file.",
    ),
]
DATA = Path("pilotline-data/edge")


@app.callback()
def trust() -> None:
    """Decide which machines' certificates are believed; no restart is needed."""


@app.command(name="list")
def list_certificates(
    data: Data = DATA,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the certificates of machines, authorities, and the agent itself."""
    from pilotline_edge.pki.certificates import read_certificate
    from pilotline_edge.pki.shelf import Shelved

    now = datetime.now(UTC)
    try:
        if not data.is_dir():
            raise FileNotFoundError(f"there is no directory {data}; name the agent's by --data")
        shelved = _shelf(data).all() if (data / "pki").is_dir() else []
        for name in ("certificate.der", "next-certificate.der"):
            path = data / "pki" / "own" / name
            if path.exists():
                shelved.append(Shelved("own", path, read_certificate(path)))
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps([each.to_json(now) for each in shelved], ensure_ascii=False))
        return
    if not shelved:
        typer.echo(f"no certificates in {data / 'pki'}; a machine's comes as it is first met")
        return
    from rich.console import Console

    console = Console()
    for block in _blocks(shelved, now):
        console.print(block)


@app.command()
def accept(
    wanted: Wanted,
    data: Data = DATA,
    issuer: Annotated[
        bool, typer.Option("--issuer", help="An authority that only completes chains.")
    ] = False,
) -> None:
    """Trust a certificate; compare its thumbprint with the machine's own display first."""
    shelf = _shelf(data)
    _tell(_sorted(lambda: shelf.accept(wanted, as_issuer=issuer)))


@app.command()
def reject(wanted: Wanted, data: Data = DATA) -> None:
    """Trust a certificate no more; it waits among the rejected ones."""
    shelf = _shelf(data)
    _tell(_sorted(lambda: shelf.reject(wanted)))


@app.command()
def revoke(wanted: Wanted, data: Data = DATA) -> None:
    """Refuse a certificate for good, also when a trusted authority signed it."""
    shelf = _shelf(data)
    _tell(_sorted(lambda: shelf.revoke(wanted)))


@app.command()
def renew(
    data: Data = DATA,
    activate: Annotated[
        bool, typer.Option("--activate", help="Use the new one, once every machine trusts it.")
    ] = False,
) -> None:
    """Make the agent's next certificate, and with --activate put it in use."""
    from pilotline_edge.connection.identity import activate_renewal, prepare_renewal
    from pilotline_edge.pki.certificates import fingerprint, read_certificate

    own = data / "pki" / "own"
    try:
        identity = activate_renewal(own) if activate else prepare_renewal(own)
    except OSError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"certificate: {identity.certificate}")
    typer.echo(f"SHA-256: {fingerprint(read_certificate(identity.certificate))}")
    typer.echo(f"valid to: {identity.expires.isoformat()}")
    if activate:
        typer.echo("in use from each machine's next connection on, within 45 minutes")
    else:
        typer.echo("let every machine trust it, then run `pilotline edge trust renew --activate`")


def _shelf(data: Path) -> "Shelf":
    from pilotline_edge.connection.trust import TrustStore
    from pilotline_edge.pki.shelf import Shelf

    return Shelf(TrustStore(data / "pki"))


def _sorted(move: "Callable[[], Shelved]") -> "Shelved":
    from pilotline_edge import EdgeError

    try:
        return move()
    except (EdgeError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _tell(shelved: "Shelved") -> None:
    from pilotline_edge.pki.certificates import fingerprint

    subject = _plain(shelved.certificate.subject.rfc4514_string())
    typer.echo(f"{shelved.folder}: {subject}, SHA-256 {fingerprint(shelved.certificate)}")
    fault = shelved.fault(datetime.now(UTC))
    if fault and shelved.folder in ("trusted", "issuer"):
        typer.echo(f"it is refused all the same: it {_plain(fault)}", err=True)


def _blocks(shelved: "list[Shelved]", now: datetime) -> "Iterator[RenderableType]":
    """Yield each certificate as lines of its own: a thumbprint is compared whole, so never cut."""
    from rich.table import Table
    from rich.text import Text

    for each in shelved:
        facts = each.to_json(now)
        yield Text(
            _heading(each, facts), style="bold yellow" if each.folder == "rejected" else "bold"
        )
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for word, fact in _facts(facts):
            grid.add_row(f"  {word}", Text(_plain(fact)))
        yield grid
        yield ""
    if waiting := [each for each in shelved if each.folder == "rejected"]:
        yield Text(_what_to_do(waiting))


def _heading(shelved: "Shelved", facts: dict[str, Any]) -> str:
    words = shelved.folder + (" (authority)" if facts["authority"] else "")
    if facts["machine"]:
        words += f": {_plain(facts['machine'])}"
    return f"{words}, {_since(shelved.folder)} {shelved.presented:%Y-%m-%d %H:%M:%S} UTC"


def _since(folder: str) -> str:
    """Return what a file's time says: a certificate keeps it while it is moved."""
    return "made" if folder == "own" else "presented"


def _facts(facts: dict[str, Any]) -> "Iterator[tuple[str, str]]":
    yield "SHA-256", facts["sha256"]
    yield "subject", facts["subject"]
    if facts["issuer"] != facts["subject"]:
        yield "issuer", facts["issuer"]
    if uris := facts["application_uris"]:
        yield "application", ", ".join(uris)
    if hosts := facts["hosts"]:
        yield "hosts", ", ".join(hosts)
    yield "valid", f"{facts['valid_from'][:10]} to {facts['valid_to'][:10]}"
    if facts["fault"]:
        yield "refused", f"it {facts['fault']}"


def _what_to_do(waiting: "list[Shelved]") -> str:
    from pilotline_edge.pki.certificates import fingerprint

    number = "1 certificate waits" if len(waiting) == 1 else f"{len(waiting)} certificates wait"
    digits = fingerprint(waiting[0].certificate)[:16]
    return (
        f"{number} for you. Compare SHA-256 with the machine's own display, then run\n"
        f"  pilotline edge trust accept {digits}"
    )


def _plain(text: str) -> str:
    """Return a text without what a terminal would obey."""
    from pilotline_plant.printable import printable

    return printable(text)
