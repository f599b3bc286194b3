"""What `pilotline up` tells: a person in the terminal, or a program in JSON lines."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from rich.console import Console

from pilotline.up.demo import Login
from pilotline.up.line import Wishes
from pilotline.up.readiness import Connected
from pilotline_plant import Plant


class Screen(Protocol):
    """Where `pilotline up` tells what happens; the parts' own logs go to files."""

    def banner(self, wishes: Wishes, plant: Plant, logins: Sequence[Login], after_s: float) -> None:
        """Tell where the pages are and who can sign in."""

    def machines(self, now: Connected) -> None:
        """Tell how many machines are read."""

    def all_live(self, machines: int, after_s: float) -> None:
        """Tell that every machine is read."""

    def machines_missing(self, wishes: Wishes) -> None:
        """Tell how to find the machines that are not read."""

    def restarting(self, part: str, code: int, delay_s: float, log: Path) -> None:
        """Tell that a part ended and starts again."""

    def stopped(self, after_s: float, killed: Sequence[str]) -> None:
        """Tell that everything stopped, and what had to be forced."""


class TerminalScreen:
    """Writes for a person."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def banner(self, wishes: Wishes, plant: Plant, logins: Sequence[Login], after_s: float) -> None:
        """Show where the pages are and who can sign in."""
        out = self._console
        out.print()
        out.print(f"[bold]Pilotline[/bold]  {plant.name}  ({len(plant.machines)} machines)")
        out.print(f"Pages       [bold]{wishes.url}[/bold]   up after {after_s:.1f} s")
        out.print(f"Data        {wishes.data.root}   historian {_shown(wishes.historian_url)}")
        out.print(f"Logs        {wishes.data.logs}")
        out.print()
        out.print("Demo logins of this start:")
        for line in _columns(
            [("role", "organisation", "e-mail", "password")]
            + [(one.role, one.organisation, one.email, one.password) for one in logins]
        ):
            out.print(line, markup=False)
        out.print()
        out.print("Ctrl-C stops everything; the next start continues with this data.")

    def machines(self, now: Connected) -> None:
        """Show how many machines are read; only on a terminal, where the line is overwritten."""
        if self._console.is_terminal:
            self._console.print(f"Machines    {now.machines} of {now.of} live", end="\r")

    def all_live(self, machines: int, after_s: float) -> None:
        """Say that every machine is read."""
        self._console.print(f"Machines    all {machines} live after {after_s:.1f} s")

    def machines_missing(self, wishes: Wishes) -> None:
        """Say how to find the machines that are not read."""
        self._console.print(
            "[bold]Some machines are not read yet.[/bold] "
            f"`pilotline edge status --data {wishes.data.edge}` names them and says why."
        )

    def restarting(self, part: str, code: int, delay_s: float, log: Path) -> None:
        """Say that a part ended and starts again."""
        self._console.print(
            f"[bold]{part}[/bold] ended with exit code {code}; starting it again in "
            f"{delay_s:g} s. Its log: {log}"
        )

    def stopped(self, after_s: float, killed: Sequence[str]) -> None:
        """Say that everything stopped, and what had to be forced."""
        forced = f"; had to kill {', '.join(killed)}" if killed else ""
        self._console.print(f"Stopped after {after_s:.1f} s{forced}.")


def _shown(url: str) -> str:
    """Return a historian URL without what may be secret in it."""
    return url.split("?", 1)[0]


class JsonScreen:
    """Writes one JSON object a line, for programs that start a line and follow it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def _tell(self, event: str, **facts: object) -> None:
        line = json.dumps({"event": event, **facts})
        self._console.print(line, markup=False, highlight=False)

    def banner(self, wishes: Wishes, plant: Plant, logins: Sequence[Login], after_s: float) -> None:
        """Tell the address and the logins."""
        self._tell(
            "up",
            url=wishes.url,
            machines=len(plant.machines),
            data=str(wishes.data.root),
            logins=[asdict(login) for login in logins],
            after_s=round(after_s, 2),
        )

    def machines(self, now: Connected) -> None:
        """Tell how many machines are read."""
        self._tell("machines", live=now.machines, of=now.of)

    def all_live(self, machines: int, after_s: float) -> None:
        """Tell that every machine is read."""
        self._tell("live", machines=machines, after_s=round(after_s, 2))

    def machines_missing(self, wishes: Wishes) -> None:
        """Tell that some machines are not read."""
        self._tell("machines-missing", status=str(wishes.data.edge / "status.json"))

    def restarting(self, part: str, code: int, delay_s: float, log: Path) -> None:
        """Tell that a part ended and starts again."""
        self._tell("restarting", part=part, exit_code=code, in_s=delay_s, log=str(log))

    def stopped(self, after_s: float, killed: Sequence[str]) -> None:
        """Tell that everything stopped."""
        self._tell("stopped", after_s=round(after_s, 2), killed=list(killed))


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns that no narrow terminal cuts."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
