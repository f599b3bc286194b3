"""Trends: one series over an interval, in no more points than a screen can show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from pilotline_api.live.wire import WireValue, wire_value
from pilotline_historian import Bucket, Gap, Historian, Sample, Series

MAX_POINTS: Final = 4000
"""Four buckets for each pixel of a wide chart."""

_NS_PER_MS: Final = 1_000_000


@dataclass(slots=True)
class Trend:
    """One series, as columns of equal length.

    Attributes:
        tag: tag id.
        t: start of each point, ms UTC.
        minimum, maximum, mean: of the good numeric values; None for text and non-finite values.
        last: last good value.
        gaps: declared intervals without data.
    """

    tag: str
    t: list[int] = field(default_factory=list)
    minimum: list[float | None] = field(default_factory=list)
    maximum: list[float | None] = field(default_factory=list)
    mean: list[float | None] = field(default_factory=list)
    last: list[WireValue] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def add_bucket(self, bucket: Bucket) -> None:
        """Append a bucket."""
        self.t.append(bucket.start_ns // _NS_PER_MS)
        self.minimum.append(_finite(bucket.minimum))
        self.maximum.append(_finite(bucket.maximum))
        self.mean.append(_finite(bucket.mean))
        self.last.append(wire_value(bucket.last))

    def extend(self, later: "Trend") -> None:
        """Append a trend of the same series over a later interval."""
        self.t += later.t
        self.minimum += later.minimum
        self.maximum += later.maximum
        self.mean += later.mean
        self.last += later.last
        self.gaps += later.gaps

    def add_sample(self, sample: Sample) -> None:
        """Append a sample as a point of its own; one that is not good breaks the line."""
        value = sample.value if sample.good else None
        numeric = None if isinstance(value, str | None) else _finite(float(value))
        self.t.append(sample.source_time_ns // _NS_PER_MS)
        self.minimum.append(numeric)
        self.maximum.append(numeric)
        self.mean.append(numeric)
        self.last.append(wire_value(value))


def read_trend(
    historian: Historian,
    series: Series,
    start_ns: int,
    end_ns: int,
    points: int,
    gaps: Sequence[Gap],
) -> Trend:
    """Return a series over ``[start_ns, end_ns)`` in at most `points` points.

    Where the interval holds no more samples than that, each sample is a point of its own, at its
    own time.

    Args:
        historian: asked; it blocks.
        series: which.
        start_ns: first instant, ns UTC.
        end_ns: instant after the last, ns UTC.
        points: at most this many.
        gaps: declared gaps of the machine in the interval.

    Raises:
        HistorianError: the historian did not answer.
    """
    trend = Trend(series.tag, gaps=[gap for gap in gaps if gap.tag in (None, series.tag)])
    buckets = historian.buckets(series, start_ns, end_ns, points)
    if sum(bucket.good_count for bucket in buckets) <= points:
        samples = list(islice(historian.raw(series, start_ns, end_ns), points + 1))
        if len(samples) <= points:
            for sample in samples:
                trend.add_sample(sample)
            return trend
    for bucket in buckets:
        trend.add_bucket(bucket)
    return trend


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
