"""Processes that the benchmarks measure or measure with."""

import json
import queue
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.edge.agent_process import plant_text  # noqa: E402 - found once the root is on the path

_PATIENCE_S = 600.0


def flood_plant(
    port: int, machines: int, tags_each: int, sampling_ms: int, publishing_ms: int
) -> str:
    """Return a plant file whose machines all are the flood server."""
    urls = {f"flood-{n}": f"opc.tcp://127.0.0.1:{port}/flood/{n}" for n in range(1, machines + 1)}
    tags = (f"t{number}" for number in range(tags_each))
    return plant_text(urls, tags, sampling_ms=sampling_ms, publishing_ms=publishing_ms)


@dataclass
class Part:
    """A process that tells JSON lines.

    Attributes:
        process: the process.
        told: the newest of every fact it told.
    """

    process: "subprocess.Popen[str]"
    told: dict[str, Any] = field(default_factory=dict)
    _lines: "queue.Queue[str | None]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            if line.startswith("{"):
                self._lines.put(line)
        self._lines.put(None)

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until what was told meets a condition.

        Raises:
            RuntimeError: the process ended before, or took ten minutes.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while not condition(self.told):
            line = self._lines.get(timeout=max(0.1, deadline - time.monotonic()))
            if line is None:
                raise RuntimeError(f"{self.process.args!r} ended early")
            self.told |= json.loads(line)
        return self.told

    def say(self, word: str) -> None:
        """Give a command on its standard input.

        Raises:
            ValueError: it has none.
        """
        if self.process.stdin is None:
            raise ValueError(f"{self.process.args!r} was started without a standard input")
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def cpu_s(self) -> float:
        """Return the processor seconds it has used, in all its threads."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def rss_mb(self) -> float:
        """Return its resident memory in MB."""
        return float(psutil.Process(self.process.pid).memory_info().rss / 1e6)

    def written_bytes(self) -> int:
        """Return how many bytes it had the kernel write to disk."""
        return int(psutil.Process(self.process.pid).io_counters().write_bytes)


@contextmanager
def running(arguments: Sequence[object], log: Path) -> Iterator[Part]:
    """Run a command until the block ends, its errors in a file."""
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            [str(each) for each in arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield Part(process)
        finally:
            process.kill()


def script(name: str, *arguments: object) -> list[object]:
    """Return the command that runs a script beside this one."""
    return [sys.executable, HERE / name, *arguments]


def sink_figures(port: int, *, reset: bool = False) -> dict[str, Any]:
    """Return what the sink has taken so far."""
    asked = f"http://127.0.0.1:{port}/figures" + ("?reset" if reset else "")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        figures: dict[str, Any] = json.load(answer)
    return figures


def wait_for_samples(port: int, samples: int, *parts: Part) -> dict[str, Any]:
    """Wait until the sink has taken so many samples.

    Raises:
        RuntimeError: a part ended before, or ten minutes passed.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        figures = sink_figures(port)
        if figures["lines"] >= samples:
            return figures
        if time.monotonic() > deadline or any(part.process.poll() is not None for part in parts):
            raise RuntimeError(f"{figures['lines']} of {samples} samples came")
        time.sleep(0.1)
