"""Measures a historian: append rate, bytes a sample, a week as a chart, newest values of 100 tags.

A process of its own reads the newest value of one series over and over, first alone and then
beside the writer: what its longest read takes more is how long a writer blocks a reader.

Run ``python historian/benchmarks/store.py [URL] [--json FILE]``; without a URL the embedded store
is measured in a temporary folder.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from pilotline_historian import Historian, Sample, Series, open_historian

START_NS = 1_780_000_000_000_000_000
SECOND_NS = 1_000_000_000
WEEK_S = 7 * 24 * 3_600
BATCH = 5_000
RUN_SAMPLES = 1_000_000
READER_SAMPLES = 300_000
READER_ALONE_S = 3.0
READER_PAUSE_S = 0.002
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; times in ms are medians."""

    append_10_series_per_s: float
    append_10_series_per_cpu_s: float
    append_1000_series_per_s: float
    append_1000_series_per_cpu_s: float
    longest_write_ms: float
    bytes_per_sample: float | None
    week_to_1000_ms: float
    day_to_1000_ms: float
    last_100_ms: float
    raw_per_s: float
    reader_reads: int
    reader_p99_ms: float
    reader_longest_ms: float
    reader_alone_p99_ms: float
    reader_alone_longest_ms: float


def batches(series: list[Series], samples: int, seed: int) -> Iterator[list[Sample]]:
    """Yield batches as an edge writes them: one round of all series after the other, 1 s apart.

    Source times jitter by a millisecond in OPC UA's 100 ns, values have three decimals.
    """
    rng = np.random.default_rng(seed)
    for first in range(0, samples, BATCH):
        ranks = np.arange(first, first + BATCH)
        seconds = START_NS + ranks // len(series) * SECOND_NS
        source = (seconds + rng.integers(0, 10_000, BATCH) * 100).tolist()
        server = (seconds + 2_000_000 + rng.integers(0, 10_000, BATCH) * 100).tolist()
        values = np.round(50 + 5 * np.sin(ranks / 9_000) + rng.normal(0, 1, BATCH), 3).tolist()
        yield [
            Sample(series[rank % len(series)], time_ns, value, 0, server_ns)
            for rank, time_ns, value, server_ns in zip(
                ranks.tolist(), source, values, server, strict=True
            )
        ]


def measure(fresh: Iterator[str], size: Callable[[], int] | None) -> Figures:
    """Measure historians that start empty, at these URLs."""
    with opened(next(fresh)) as store:
        ten = appended(store, [Series("site", "mill-1", f"tag-{i}") for i in range(10)])
        stored_bytes = None
    if size is not None:
        stored_bytes = size() / RUN_SAMPLES
    with opened(next(fresh)) as store:
        thousand = [Series("site", f"mill-{i // 50}", f"tag-{i}") for i in range(1_000)]
        many = appended(store, thousand)
        last_ms = timed_ms(lambda: store.last(thousand[::10]))
    with opened(next(fresh)) as store:
        (one,) = chart = [Series("site", "oven-2", "temperature")]
        for batch in batches(chart, WEEK_S // BATCH * BATCH, 3):
            store.write(batch)
        week = (START_NS, START_NS + WEEK_S * SECOND_NS, 1_000)
        day = (START_NS, START_NS + 86_400 * SECOND_NS, 1_000)
        week_ms = timed_ms(lambda: store.buckets(one, *week))
        day_ms = timed_ms(lambda: store.buckets(one, *day))
        begin = time.perf_counter()
        read = sum(1 for _ in islice(store.raw(one, *week[:2]), 200_000))
        raw_per_s = read / (time.perf_counter() - begin)
    longest_ms = max(ten[2], many[2])
    beside = read_beside_a_writer(next(fresh))
    return Figures(
        *ten[:2],
        *many[:2],
        longest_ms,
        stored_bytes,
        week_ms,
        day_ms,
        last_ms,
        raw_per_s,
        *beside,
    )


def read_beside_a_writer(url: str) -> tuple[int, float, float, float, float]:
    """Return reads beside a writer, their 99th percentile and longest, and both alone, ms."""
    series = [Series("site", f"mill-{i // 50}", f"tag-{i}") for i in range(1_000)]
    with opened(url) as store:
        rounds = batches(series, READER_SAMPLES, 5)
        store.write(next(rounds))
        time.sleep(0.1)
        with reading_process(url, series[0]) as alone:
            time.sleep(READER_ALONE_S)
        with reading_process(url, series[0]) as beside:
            for batch in rounds:
                store.write(batch)
    return (
        len(beside),
        float(np.percentile(beside, 99)),
        max(beside),
        float(np.percentile(alone, 99)),
        max(alone),
    )


@contextmanager
def reading_process(url: str, series: Series) -> Iterator[list[float]]:
    """Read in another process while the block runs; the list then holds each read's time, ms."""
    spawn = multiprocessing.get_context("spawn")
    stop, (ours, theirs) = spawn.Event(), spawn.Pipe()
    process = spawn.Process(target=read_newest, args=(url, series, stop, theirs), daemon=True)
    process.start()
    ours.recv()
    times_ms: list[float] = []
    try:
        yield times_ms
    finally:
        stop.set()
        times_ms.extend(ours.recv())
        process.join()


def read_newest(url: str, series: Series, stop: Event, told: Connection) -> None:
    """Read the newest value until told to stop; send that it begins, then the times, ms."""
    times_ms = []
    with opened(url) as store:
        store.last([series])
        told.send(None)
        while not stop.wait(READER_PAUSE_S):
            begin = time.perf_counter()
            store.last([series])
            times_ms.append((time.perf_counter() - begin) * 1_000)
    told.send(times_ms)


def appended(store: Historian, series: list[Series]) -> tuple[float, float, float]:
    """Return samples a second, samples a processor second, and the longest write, ms."""
    wall_s = cpu_s = longest_s = 0.0
    for batch in batches(series, RUN_SAMPLES, len(series)):
        begin, cpu_begin = time.perf_counter(), time.process_time()
        store.write(batch)
        cpu_s += time.process_time() - cpu_begin
        took_s = time.perf_counter() - begin
        wall_s += took_s
        longest_s = max(longest_s, took_s)
    return RUN_SAMPLES / wall_s, RUN_SAMPLES / cpu_s, longest_s * 1_000


def timed_ms(call: Callable[[], object]) -> float:
    """Return the median time of a call, ms."""
    call()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1_000)
    return median(times)


@contextmanager
def opened(url: str) -> Iterator[Historian]:
    """Open a historian for the block."""
    store = open_historian(url)
    try:
        yield store
    finally:
        store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", help="an InfluxDB; four databases are made from its name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names = (f"{arguments.url or f'sqlite:///{folder}/store'}-{run}" for run in range(4))
        first = Path(f"{folder}/store-0")
        figures = asdict(
            measure(
                names,
                None if arguments.url else lambda: first.stat().st_size,
            )
        )
    table = Table("figure", "measured", title=arguments.url or "embedded store")
    for name, figure in figures.items():
        table.add_row(name, "" if figure is None else f"{figure:,.1f}")
    Console().print(table)
    text = json.dumps(figures)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
