"""An agent as a process of its own, which tests kill, trace and lie to."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pilotline_historian import Historian, open_historian
from pilotline_plant import Plant
from pilotline_plant.reading import read_plant
from tests.edge.running import until
from tests.faults.witness import TAGS, WitnessedMachine

_PLANT = """
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
sampling_ms = 50
publishing_ms = 100
tags = [{tags}]

[[machines]]
id = "mill-1"
name = "Mill"
kind = "mill"
site = "aarhus"
hall = "hall-a"
calendar = "always"
endpoint = {{ url = "{url}", security = "None" }}
"""
FIRST_VALUE_WITHIN_S = 60.0
"""Patience of a test on a loaded machine; what is promised is measured, see `test_kills`."""


@dataclass
class AgentFiles:
    """Plant, data, historian and log of an agent that is started over and over.

    Attributes:
        folder: where they lie.
        url: endpoint of its machine.
        before: words before its command, such as a tracer's.
        environment: variables besides ours.
    """

    folder: Path
    url: str
    before: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the plant file."""
        tags = ", ".join(f'{{ id = "{tag}" }}' for tag in TAGS)
        self._plant_file.write_text(_PLANT.format(url=self.url, tags=tags), encoding="utf-8")

    @property
    def _plant_file(self) -> Path:
        return self.folder / "plant.toml"

    @property
    def plant(self) -> Plant:
        return read_plant(self._plant_file)

    @property
    def log(self) -> Path:
        return self.folder / "agent.log"

    @property
    def historian_url(self) -> str:
        return f"sqlite:///{self.folder / 'historian.sqlite'}"

    @contextmanager
    def historian(self) -> Iterator[Historian]:
        """Open the historian that the agent writes."""
        with closing(open_historian(self.historian_url)) as historian:
            yield historian

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the agent until the block ends, and kill it then if it still runs."""
        command = [*self.before, sys.executable, "-m", "pilotline", "edge", "run"]
        command += [str(self._plant_file), "--data", str(self.folder / "data")]
        command += ["--historian", self.historian_url]
        environment = {**os.environ, **self.environment}
        with (
            self.log.open("ab") as log,
            subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, start_new_session=True
            ) as process,
        ):
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)


async def first_value(mill: WitnessedMachine, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the agent acknowledged a value written after this call."""
    known = len(mill.acknowledged)
    begun = len(mill.ledger)

    def came() -> bool:
        assert process.poll() is None, "the agent ended"
        return len(mill.acknowledged) > known and any(
            sent.source_ns in mill.acknowledged for sent in mill.ledger[begun:]
        )

    await until(came, FIRST_VALUE_WITHIN_S)


@asynccontextmanager
async def last_run(files: AgentFiles, mill: WitnessedMachine) -> AsyncIterator[None]:
    """Run the agent once more, let the block stop the machine's writing, and drain."""
    with files.running() as process:
        await first_value(mill, process)
        yield
        last = mill.ledger[-len(mill.tags) :]
        await until(
            lambda: all(sent.source_ns in mill.acknowledged for sent in last),
            FIRST_VALUE_WITHIN_S,
        )
        await asyncio.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        await until(lambda: process.poll() is not None)
