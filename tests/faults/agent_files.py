"""The files of an agent that tests kill, trace and starve, and what it is waited for."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pilotline_historian import Historian, open_historian
from pilotline_plant import Plant
from pilotline_plant.reading import read_plant
from tests.edge.agent_process import edge_run, process, write_plant
from tests.edge.running import until
from tests.faults.witness import Witness

FIRST_VALUE_WITHIN_S = 60.0
"""Patience of a test on a loaded machine; what is promised is measured, see `Finding`."""


@dataclass
class AgentFiles:
    """Plant, data, historian and log of an agent that is started over and over.

    Attributes:
        folder: where they lie.
        mill: its machine.
        historian_url: where it delivers; a store in the folder unless told.
        before: words before its command, such as a tracer's.
        environment: variables besides ours.
    """

    folder: Path
    mill: Witness
    historian_url: str = ""
    before: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the plant file."""
        self._plant_file = write_plant(self.folder, self.mill.url, self.mill.tags)
        self.historian_url = self.historian_url or f"sqlite:///{self.folder / 'historian.sqlite'}"

    @property
    def plant(self) -> Plant:
        return read_plant(self._plant_file)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "agent.log"

    @contextmanager
    def historian(self) -> Iterator[Historian]:
        """Open the historian that the agent writes."""
        with closing(open_historian(self.historian_url)) as historian:
            yield historian

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the agent until the block ends, and kill it then if it still runs."""
        command = [*self.before, *edge_run(self._plant_file, self.data, self.historian_url)]
        with process(command, self.log, self.environment) as running:
            yield running


async def ended(running: "subprocess.Popen[bytes]", number: signal.Signals | None = None) -> None:
    """Send a process a signal, if one is given, and wait until it is gone."""
    if number is not None:
        running.send_signal(number)
    await until(lambda: running.poll() is not None)


async def first_value(mill: Witness, running: "subprocess.Popen[bytes]") -> None:
    """Wait until the agent acknowledged a value written after this call."""
    begun = len(mill.ledger)

    def came() -> bool:
        assert running.poll() is None, "the agent ended"
        return any(sent.source_ns in mill.acknowledged for sent in mill.ledger[begun:])

    await until(came, FIRST_VALUE_WITHIN_S)


async def all_acknowledged(mill: Witness) -> None:
    """Wait until the newest value of each tag was acknowledged."""
    last = {sent.source_ns for sent in mill.ledger[-len(mill.tags) :]}
    await until(lambda: last <= mill.acknowledged, FIRST_VALUE_WITHIN_S)


async def last_run(files: AgentFiles) -> None:
    """Run the agent once more until all that its machine wrote is in the historian."""
    with files.running() as running:
        async with files.mill.writing():
            await first_value(files.mill, running)
            await asyncio.sleep(0.5)
        await all_acknowledged(files.mill)
        await asyncio.sleep(1.0)
        await ended(running, signal.SIGTERM)
