"""An agent as a process of its own: its plant file, its command, and its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_HEAD = """
name = "Test plant"

[[sites]]
id = "aarhus"
name = "Aarhus"
time_zone = "Europe/Copenhagen"
country = "DK"
owner = "The institute"
halls = [{{ id = "hall-a", name = "Hall A" }}]

[[calendars]]
id = "always"
name = "Around the clock"
site = "aarhus"

[kinds.mill]
sector = "components"
capabilities = {{ milling = 1.0 }}
power_kw = 1.0
node_id = "ns=2;s={{tag}}"
sampling_ms = {sampling_ms}
publishing_ms = {publishing_ms}
tags = [{tags}]
"""
_MACHINE = """
[[machines]]
id = "{id}"
name = "Mill"
kind = "mill"
site = "aarhus"
hall = "hall-a"
calendar = "always"
endpoint = {{ url = "{url}", security = "None" }}
"""


def plant_text(
    machines: Mapping[str, str],
    tags: Iterable[str],
    *,
    sampling_ms: int = 50,
    publishing_ms: int = 100,
) -> str:
    """Return a plant file of machines, id to URL, whose nodes are ``ns=2;s=<tag>``."""
    listed = ", ".join(f'{{ id = "{tag}" }}' for tag in tags)
    head = _HEAD.format(tags=listed, sampling_ms=sampling_ms, publishing_ms=publishing_ms)
    return head + "".join(_MACHINE.format(id=name, url=url) for name, url in machines.items())


def write_plant(folder: Path, url: str, tags: Iterable[str] = ("a", "b")) -> Path:
    """Write a plant file with machine ``mill-1`` at a URL and return it."""
    path = folder / "plant.toml"
    path.write_text(plant_text({"mill-1": url}, tags), encoding="utf-8")
    return path


def pilotline(*arguments: object) -> list[str]:
    """Return the command `pilotline` with arguments."""
    return [sys.executable, "-m", "pilotline", *map(str, arguments)]


def edge_run(plant: Path, data: Path, historian: str | None = None) -> list[str]:
    """Return the command of the agent as an operator runs it."""
    options = () if historian is None else ("--historian", historian)
    return pilotline("edge", "run", plant, "--data", data, *options)


@contextmanager
def process(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command until the block ends, its output in a file.

    What still runs then is killed with the children it has, such as a tracer's.
    """
    with (
        log.open("ab") as output,
        subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        ) as running,
    ):
        try:
            yield running
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
