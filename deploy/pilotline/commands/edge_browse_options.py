"""Options of `pilotline edge browse`: what to look at, and how to get there."""

from pathlib import Path
from typing import Annotated

import typer

Target = Annotated[
    str, typer.Argument(metavar="ENDPOINT|PLANT", help="opc.tcp://HOST:PORT/PATH, or a plant file.")
]
MachineId = Annotated[
    str | None, typer.Argument(metavar="MACHINE", help="Machine of the plant file.")
]
Under = Annotated[
    str | None,
    typer.Option(metavar="NODE", help="Node id or browse path to begin at; Objects by default."),
]
Depth = Annotated[int, typer.Option(metavar="N", min=1, max=100, help="Levels below it.")]
VariablePath = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN", help="Only variables at a path such as 'Furnace/Zones/*/Temperature'."
    ),
]
TypeName = Annotated[
    str | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="Only variables of this type, such as AnalogItemType, or of objects of it.",
    ),
]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File to write; the screen by default.")
]
Properties = Annotated[
    bool, typer.Option("--properties", help="Make tags of properties too, such as nameplates.")
]
Elements = Annotated[
    int,
    typer.Option(
        metavar="N", min=0, max=1000, help="Longest array of which each element is a tag."
    ),
]
Compare = Annotated[
    bool,
    typer.Option(
        "--compare",
        help="Say which tags of the plant file's machine are gone, changed or new; "
        "exit 0 when none, 1 when some, 2 when it cannot be said.",
    ),
]
Security = Annotated[
    str, typer.Option(metavar="POLICY", help="Policy of an endpoint: Basic256Sha256, …, or None.")
]
User = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="User of an endpoint; password in PILOTLINE_OPCUA_PASSWORD_MACHINE."
    ),
]
Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="Directory of the certificates.")]
Trust = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Further folder of server certificates to accept."),
]
