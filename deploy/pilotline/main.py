"""Entry point: a command group that imports a room only when its command is called."""

from importlib import import_module
from typing import Any

import typer
import typer.core
import typer.main

COMMANDS = {
    "up": "Start everything on this machine and print addresses and demo logins.",
    "plant": "Check plant files.",
    "simulate": "Run simulated machines as OPC UA servers.",
    "edge": "Read machines into the historian.",
    "historian": "Query, export and keep time series.",
    "schedule": "Generate, solve and check scheduling problems.",
    "api": "Serve the HTTP API and its worker.",
}
"""Command words are a contract; each lives in `pilotline.commands.<word>` as `app`."""


class LazyGroup(typer.core.TyperGroup):
    """Loads a command's module when the command is called, so `plant check` loads no OR-Tools."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer names no public type
        """Return the command words in the order people meet them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """Import and return a command, or None when there is no such word."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(import_module(f"pilotline.commands.{cmd_name}").app)
        command.name = cmd_name
        command.help = COMMANDS[cmd_name]
        return command


app = typer.Typer(
    name="pilotline", cls=LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False
)


@app.callback()
def pilotline() -> None:
    """Pilotline runs a shared pilot-production line."""


def run() -> None:
    """Run the command line."""
    app()
