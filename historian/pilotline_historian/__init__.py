"""Time series in and out: samples, gaps, events; one seam over embedded store and InfluxDB."""

from pilotline_historian.annotation import Annotation, Withdrawal
from pilotline_historian.errors import (
    HistorianError,
    HistorianRefused,
    HistorianUnavailable,
    HistorianUrlError,
)
from pilotline_historian.event import EVENTS, ConditionState, Event
from pilotline_historian.historian import Historian, Rejected, RejectedEvent, WriteResult
from pilotline_historian.opening import open_historian
from pilotline_historian.sample import COVERED, GOOD, Bucket, Gap, Sample, Series, Value

__all__ = [
    "COVERED",
    "EVENTS",
    "GOOD",
    "Annotation",
    "Bucket",
    "ConditionState",
    "Event",
    "Gap",
    "Historian",
    "HistorianError",
    "HistorianRefused",
    "HistorianUnavailable",
    "HistorianUrlError",
    "Rejected",
    "RejectedEvent",
    "Sample",
    "Series",
    "Value",
    "Withdrawal",
    "WriteResult",
    "open_historian",
]
