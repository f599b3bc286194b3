"""Time series in and out: samples, gaps, and one seam over the embedded store and InfluxDB."""

from pilotline_historian.errors import (
    HistorianError,
    HistorianRefused,
    HistorianUnavailable,
    HistorianUrlError,
)
from pilotline_historian.historian import Historian, Rejected, WriteResult
from pilotline_historian.opening import open_historian
from pilotline_historian.sample import GOOD, Bucket, Gap, Sample, Series, Value

__all__ = [
    "GOOD",
    "Bucket",
    "Gap",
    "Historian",
    "HistorianError",
    "HistorianRefused",
    "HistorianUnavailable",
    "HistorianUrlError",
    "Rejected",
    "Sample",
    "Series",
    "Value",
    "WriteResult",
    "open_historian",
]
