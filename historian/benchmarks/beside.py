"""How long a reader in another process waits because of a writer."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
from workload import START_NS, batches, series

from pilotline_historian import Historian, Series, open_historian

Read = tuple[float, float]
"""Time of one read, ms: by wall clock, and of it neither working nor waiting for a processor."""

_SCHEDULER = Path("/proc/self/schedstat")
_PAUSE_S = 0.002
_ALONE_S = 3.0


@dataclass(frozen=True, slots=True)
class Waits:
    """Times of reads in another process, ms.

    Attributes:
        reads: number of reads.
        p99_ms: their 99th percentile.
        longest_ms: the longest.
        longest_blocked_ms: the longest without its own work and without waiting for a processor,
            which on a busy machine is most of it; what is left is waiting for disk and locks.
    """

    reads: int
    p99_ms: float
    longest_ms: float
    longest_blocked_ms: float

    @classmethod
    def of(cls, reads: list[Read]) -> "Waits":
        """Reduce times of reads."""
        times_ms = [wall_ms for wall_ms, _ in reads]
        blocked_ms = max(blocked_ms for _, blocked_ms in reads)
        return cls(len(reads), float(np.percentile(times_ms, 99)), max(times_ms), blocked_ms)


def read_beside_a_writer(
    url: str, samples: int, meanwhile: Callable[[Historian, int], None]
) -> tuple[Waits, Waits]:
    """Return the waits of a reader alone, and beside a writer at full speed.

    Args:
        url: of an empty historian.
        samples: how many are written.
        meanwhile: called after each write with its number.
    """
    twenty = series(20)
    with closing(open_historian(url)) as store:
        rounds = batches(twenty, samples, 5)
        store.write(next(rounds))
        with _reading_process(url, twenty[0]) as alone:
            time.sleep(_ALONE_S)
        with _reading_process(url, twenty[0]) as beside:
            for number, batch in enumerate(rounds):
                store.write(batch)
                meanwhile(store, number)
    return Waits.of(alone), Waits.of(beside)


@contextmanager
def _reading_process(url: str, one: Series) -> Iterator[list[Read]]:
    """Read in another process while the block runs; the list then holds each read's times."""
    spawn = multiprocessing.get_context("spawn")
    stop, (ours, theirs) = spawn.Event(), spawn.Pipe()
    process = spawn.Process(target=_read, args=(url, one, stop, theirs), daemon=True)
    process.start()
    ours.recv()
    reads: list[Read] = []
    try:
        yield reads
    finally:
        stop.set()
        reads.extend(ours.recv())
        process.join()


def _read(url: str, one: Series, stop: Event, told: Connection) -> None:
    """Read newest value and a chart until told to stop; send that it begins, then the times."""
    reads: list[Read] = []
    chart = (START_NS, START_NS + 3_600 * 10**9, 500)
    with closing(open_historian(url)) as store:
        store.last([one])
        told.send(None)
        number = 0
        while not stop.wait(_PAUSE_S):
            number += 1
            begin, busy_begin = time.perf_counter_ns(), _busy_ns()
            if number % 4:
                store.last([one])
            else:
                store.buckets(one, *chart)
            wall_ns = time.perf_counter_ns() - begin
            blocked_ns = max(wall_ns - (_busy_ns() - busy_begin), 0)
            reads.append((wall_ns / 1e6, blocked_ns / 1e6))
    told.send(reads)


def _busy_ns() -> int:
    """Return how long this process has worked or waited for a processor; Linux knows the latter."""
    waited = int(_SCHEDULER.read_text().split()[1]) if _SCHEDULER.exists() else 0
    return time.process_time_ns() + waited
