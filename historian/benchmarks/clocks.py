"""What a piece of work costs: wall clock, processor time of this process, and the disk's time."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROUNDS = 7
_SYNCS = 50


@dataclass(slots=True)
class Cost:
    """Seconds spent so far.

    Attributes:
        wall_s: by wall clock.
        cpu_s: of this process, all threads.
        longest_s: wall clock of the longest piece.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    longest_s: float = 0.0

    def add(self, call: Callable[[], object]) -> None:
        """Add what a call costs."""
        begin, cpu_begin = time.perf_counter(), time.process_time()
        call()
        self.cpu_s += time.process_time() - cpu_begin
        took_s = time.perf_counter() - begin
        self.wall_s += took_s
        self.longest_s = max(self.longest_s, took_s)


@dataclass(frozen=True, slots=True)
class Timed:
    """Median of several calls, ms.

    Attributes:
        wall_ms: by wall clock.
        cpu_ms: of this process.
    """

    wall_ms: float
    cpu_ms: float


def timed(call: Callable[[], object]) -> Timed:
    """Call once to warm up, then several times."""
    call()
    wall, cpu = [], []
    for _ in range(ROUNDS):
        cost = Cost()
        cost.add(call)
        wall.append(cost.wall_s * 1_000)
        cpu.append(cost.cpu_s * 1_000)
    return Timed(median(wall), median(cpu))


def sync_ms(folder: Path, size: int) -> float:
    """Return how long the disk takes to make a file of this size durable (median, ms)."""
    block = os.urandom(size)
    descriptor = os.open(folder / "sync-probe", os.O_CREAT | os.O_WRONLY)
    try:
        times = []
        for _ in range(_SYNCS):
            os.pwrite(descriptor, block, 0)
            begin = time.perf_counter()
            os.fdatasync(descriptor)
            times.append((time.perf_counter() - begin) * 1_000)
        return median(times)
    finally:
        os.close(descriptor)
