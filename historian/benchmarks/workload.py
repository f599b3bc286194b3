"""What the historian's benchmarks write."""

from collections.abc import Iterator

import numpy as np

from pilotline_historian import Sample, Series
from pilotline_historian.columns import Columns, Kind
from pilotline_historian.sample_columns import SampleColumns

START_NS = 1_780_000_000_000_000_000
SECOND_NS = 1_000_000_000
BATCH = 5_000


def series(count: int) -> list[Series]:
    """Return series of machines with 50 tags each."""
    return [Series("site", f"mill-{i // 50}", f"tag-{i}") for i in range(count)]


def batches(series: list[Series], samples: int, seed: int) -> Iterator[list[Sample]]:
    """Yield batches as a client writes them: one round of all series after the other, 1 s apart.

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


def as_columns(batch: list[Sample], names: list[Series]) -> SampleColumns:
    """Return a batch of `batches` as an edge hands it over."""
    place = {name: number for number, name in enumerate(names)}
    columns = Columns(
        np.array([sample.source_time_ns for sample in batch], np.int64),
        np.full(len(batch), Kind.FLOAT, np.uint8),
        np.array([sample.value for sample in batch], np.float64).view(np.int64),
        np.array([sample.status for sample in batch], np.uint32),
        np.array([sample.server_time_ns for sample in batch], np.int64),
        (),
    )
    return SampleColumns(names, np.array([place[sample.series] for sample in batch]), columns)
