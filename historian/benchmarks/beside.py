"""How long a reader in another process waits because of a writer."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

import numpy as np
from workload import START_NS, batches, series

from pilotline_historian import Historian, Series, open_historian

_PAUSE_S = 0.002
_ALONE_S = 3.0


@dataclass(frozen=True, slots=True)
class Waits:
    """Times of reads in another process, ms.

    Attributes:
        reads: number of reads.
        p99_ms: their 99th percentile.
        longest_ms: the longest.
    """

    reads: int
    p99_ms: float
    longest_ms: float

    @classmethod
    def of(cls, times_ms: list[float]) -> "Waits":
        """Reduce times of reads."""
        return cls(len(times_ms), float(np.percentile(times_ms, 99)), max(times_ms))


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
def _reading_process(url: str, one: Series) -> Iterator[list[float]]:
    """Read in another process while the block runs; the list then holds each read's time, ms."""
    spawn = multiprocessing.get_context("spawn")
    stop, (ours, theirs) = spawn.Event(), spawn.Pipe()
    process = spawn.Process(target=_read, args=(url, one, stop, theirs), daemon=True)
    process.start()
    ours.recv()
    times_ms: list[float] = []
    try:
        yield times_ms
    finally:
        stop.set()
        times_ms.extend(ours.recv())
        process.join()


def _read(url: str, one: Series, stop: Event, told: Connection) -> None:
    """Read newest value and a chart until told to stop; send that it begins, then the times, ms."""
    times_ms = []
    chart = (START_NS, START_NS + 3_600 * 10**9, 500)
    with closing(open_historian(url)) as store:
        store.last([one])
        told.send(None)
        number = 0
        while not stop.wait(_PAUSE_S):
            number += 1
            begin = time.perf_counter()
            if number % 4:
                store.last([one])
            else:
                store.buckets(one, *chart)
            times_ms.append((time.perf_counter() - begin) * 1_000)
    told.send(times_ms)
