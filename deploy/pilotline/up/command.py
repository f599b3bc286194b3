"""The `pilotline` command as this interpreter runs it, for children and for the demo's set-up."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

from pilotline.errors import StartError


def pilotline_command(arguments: Sequence[str]) -> list[str]:
    """Return the program and words that run ``pilotline`` with these arguments."""
    return [sys.executable, "-m", "pilotline", *arguments]


def run_once(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a `pilotline` command to its end and return what it printed.

    Raises:
        StartError: it failed; the message is what it wrote to standard error.
    """
    done = subprocess.run(
        pilotline_command(arguments),
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = " ".join(arguments[:2])
        raise StartError(f"`pilotline {words}` failed:\n{done.stderr.strip()}")
    return done.stdout
