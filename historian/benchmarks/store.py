"""Measures a historian against its bars, and in the same run plain SQLite and DuckDB.

Append rate, bytes a sample, a week as a chart, the newest values of many tags, and how long a
reader in another process waits while a writer runs at full speed, a backup is made and a shortened
retention drops most of what is stored. Processor time stands beside wall clock: on a busy machine
only the former tells about the store.

Run ``python historian/benchmarks/store.py [URL] [--json FILE]``; without a URL the embedded store
is measured in a temporary folder. ``--folder`` chooses the disk.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from beside import Waits, read_beside_a_writer
from clocks import Cost, Timed, sync_ms, timed
from peers import Peer, peers
from rich.console import Console
from rich.table import Table
from workload import BATCH, SECOND_NS, START_NS, as_columns, batches, series

from pilotline_historian import Historian, Series, open_historian
from pilotline_historian.embedded import EmbeddedHistorian

WEEK_S = 7 * 24 * 3_600
RUN_SAMPLES = 1_000_000
MANY_TAGS_SAMPLES = 2_000_000
READER_SAMPLES = 500_000
RAW_SAMPLES = 200_000
BATCH_BYTES = 128 * 1_024
"""About what one batch of the embedded store adds to its log."""

OVEN = Series("site", "oven-2", "temperature")
WEEK = (START_NS, START_NS + WEEK_S * SECOND_NS, 1_000)


@dataclass(frozen=True, slots=True)
class Append:
    """How fast samples are taken.

    Attributes:
        per_s: samples a second by wall clock.
        per_cpu_s: samples a second of processor time.
        longest_ms: wall clock of the longest write.
    """

    per_s: float
    per_cpu_s: float
    longest_ms: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one store; what it does not do is None."""

    store: str
    ten_series: Append
    bytes_per_sample: float | None
    week: Timed
    last_100: Timed
    ten_series_columns: Append | None = None
    thousand_series: Append | None = None
    ten_thousand_series: Append | None = None
    last_10_000: Timed | None = None
    raw_per_s: float | None = None
    reader_alone: Waits | None = None
    reader_beside: Waits | None = None
    backup_s: float | None = None


class Upkeep:
    """Makes a backup and shortens the retention while a writer runs.

    Args:
        copy: file of the backup.
        writes: how many writes there will be.
    """

    def __init__(self, copy: Path, writes: int) -> None:
        self._copy = copy
        self._at = {writes // 4: self._back_up, writes // 2: self._retain}
        self._thread: threading.Thread | None = None
        self.backup_s: float | None = None

    def __call__(self, store: Historian, write: int) -> None:
        """Do what is due after a write."""
        due = self._at.get(write)
        if due is not None:
            due(store)

    def end(self) -> None:
        """Wait for the backup."""
        if self._thread is not None:
            self._thread.join()

    def _back_up(self, store: Historian) -> None:
        if isinstance(store, EmbeddedHistorian):
            self._thread = threading.Thread(target=self._copied, args=(store,))
            self._thread.start()

    def _copied(self, store: EmbeddedHistorian) -> None:
        begin = time.perf_counter()
        store.back_up(self._copy)
        self.backup_s = time.perf_counter() - begin

    def _retain(self, store: Historian) -> None:
        if isinstance(store, EmbeddedHistorian):
            store.retain(60 * SECOND_NS)


def measured(fresh: Iterator[str], folder: Path, *, embedded: bool) -> Figures:
    """Measure historians that start empty, at these URLs."""
    url = next(fresh)
    with closing(open_historian(url)) as store:
        ten = appended(store, series(10), RUN_SAMPLES)
    with closing(open_historian(next(fresh))) as store:
        columns = appended(store, series(10), RUN_SAMPLES, columns=True)
    stored = Path(url.removeprefix("sqlite:///")).stat().st_size if embedded else None
    with closing(open_historian(next(fresh))) as store:
        thousand = appended(store, series(1_000), RUN_SAMPLES)
        last_100 = timed(lambda: store.last(series(1_000)[::10]))
    with closing(open_historian(next(fresh))) as store:
        ten_thousand = appended(store, series(10_000), MANY_TAGS_SAMPLES)
        last_all = timed(lambda: store.last(series(10_000)))
    with closing(open_historian(next(fresh))) as store:
        appended(store, [OVEN], WEEK_S)
        week = timed(lambda: store.buckets(OVEN, *WEEK))
        begin = time.perf_counter()
        read = sum(1 for _ in islice(store.raw(OVEN, *WEEK[:2]), RAW_SAMPLES))
        raw_per_s = read / (time.perf_counter() - begin)
    upkeep = Upkeep(folder / "copy.sqlite", READER_SAMPLES // BATCH)
    alone, beside = read_beside_a_writer(next(fresh), READER_SAMPLES, upkeep)
    upkeep.end()
    return Figures(
        "Pilotline",
        ten,
        None if stored is None else stored / RUN_SAMPLES,
        week,
        last_100,
        columns,
        thousand,
        ten_thousand,
        last_all,
        raw_per_s,
        alone,
        beside,
        upkeep.backup_s,
    )


def measured_peers(folder: Path) -> Iterator[Figures]:
    """Measure other stores with the same samples."""
    for ten, many, chart in zip(*(peers(folder, run) for run in ("a", "b", "c")), strict=True):
        rate = appended(ten, series(10), RUN_SAMPLES)
        bytes_per_sample = ten.size() / RUN_SAMPLES
        appended(many, series(1_000), RUN_SAMPLES)
        last_100 = timed(lambda many=many: many.last(series(1_000)[::10]))  # type: ignore[misc]
        appended(chart, [OVEN], WEEK_S)
        week = timed(lambda chart=chart: chart.week(OVEN, *WEEK))  # type: ignore[misc]
        for peer in (ten, many, chart):
            peer.close()
        yield Figures(ten.name, rate, bytes_per_sample, week, last_100)


def appended(
    store: Historian | Peer, written: list[Series], samples: int, *, columns: bool = False
) -> Append:
    """Write samples of these series in batches, each a list or columns."""
    cost = Cost()
    done = 0
    for made in batches(written, samples, len(written)):
        batch = as_columns(made, written) if columns else made
        cost.add(lambda batch=batch: store.write(batch))  # type: ignore[misc]
        done += len(batch)
    return Append(done / cost.wall_s, done / cost.cpu_s, cost.longest_s * 1_000)


def bars(ours: Figures) -> Iterator[tuple[str, str, str, bool]]:
    """Yield each bar: what, the bar, what was measured, and whether it is met."""
    ten, week, last = ours.ten_series, ours.week, ours.last_100
    yield (
        "append, 10 series in batches of 5,000",
        ">= 1 M/s",
        f"{ten.per_s:,.0f}/s, {ten.per_cpu_s:,.0f} a CPU second, longest {ten.longest_ms:.0f} ms",
        ten.per_s >= 1e6,
    )
    if ours.bytes_per_sample is not None:
        size = ours.bytes_per_sample
        yield "bytes a sample", "<= 10", f"{size:.2f}", size <= 10
    shown = f"{week.wall_ms:.1f} ms, CPU {week.cpu_ms:.1f} ms"
    yield "1 week of 1 s as 1,000 points", "<= 20 ms", shown, week.wall_ms <= 20
    shown = f"{last.wall_ms:.1f} ms, CPU {last.cpu_ms:.1f} ms"
    yield "newest of 100 series of 1,000", "<= 5 ms", shown, last.wall_ms <= 5
    if ours.reader_beside is not None and ours.reader_alone is not None:
        beside, alone = ours.reader_beside, ours.reader_alone
        shown = (
            f"longest of {beside.reads:,} {beside.longest_ms:.1f} ms, of it blocked at most "
            f"{beside.longest_blocked_ms:.1f} ms, p99 {beside.p99_ms:.1f} ms; "
            f"alone {alone.longest_ms:.1f} and {alone.p99_ms:.1f} ms"
        )
        met = beside.longest_blocked_ms <= 50
        yield "a reader beside the writer is blocked", "<= 50 ms", shown, met


def show(every: list[Figures], disk_ms: float | None) -> None:
    """Print bars, further figures and peers."""
    console = Console()
    ours = every[0]
    table = Table("what", "bar", "measured", "met", title="Bars")
    for what, bar, shown, met in bars(ours):
        table.add_row(what, bar, shown, "yes" if met else "NO")
    console.print(table)
    for name in ("ten_series_columns", "thousand_series", "ten_thousand_series"):
        rate: Append | None = getattr(ours, name)
        if rate is not None:
            console.print(
                f"{name}: {rate.per_s:,.0f}/s, {rate.per_cpu_s:,.0f} a CPU second, "
                f"longest write {rate.longest_ms:.0f} ms"
            )
    if ours.last_10_000 is not None:
        console.print(f"newest of all of 10,000 series: {ours.last_10_000.wall_ms:.1f} ms")
    if ours.raw_per_s is not None:
        console.print(f"raw samples: {ours.raw_per_s:,.0f}/s")
    if ours.backup_s is not None:
        console.print(f"backup beside the writer: {ours.backup_s:.2f} s")
    if disk_ms is not None:
        console.print(f"the disk makes {BATCH_BYTES // 1024} KiB durable in {disk_ms:.2f} ms")
    table = Table("store", "append/s", "a CPU second", "B/sample", "week", "newest of 100")
    for each in every:
        size = each.bytes_per_sample
        table.add_row(
            each.store,
            f"{each.ten_series.per_s:,.0f}",
            f"{each.ten_series.per_cpu_s:,.0f}",
            "" if size is None else f"{size:.1f}",
            f"{each.week.wall_ms:.1f} ms",
            f"{each.last_100.wall_ms:.1f} ms",
        )
    console.print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", help="an InfluxDB; six databases are made from its name")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--folder", type=Path, help="where the embedded store's disk is")
    parser.add_argument("--no-peers", action="store_true", help="only our own store")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as made:
        folder = Path(made)
        names = (f"{arguments.url or f'sqlite:///{folder}/store'}-{run}" for run in range(6))
        every = [measured(names, folder, embedded=arguments.url is None)]
        if not arguments.no_peers:
            every.extend(measured_peers(folder))
        disk_ms = sync_ms(folder, BATCH_BYTES) if arguments.url is None else None
    show(every, disk_ms)
    text = json.dumps({"stores": [asdict(each) for each in every], "disk_sync_ms": disk_ms})
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
