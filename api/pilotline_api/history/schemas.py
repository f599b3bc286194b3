"""Shapes of history in answers."""

from pydantic import Field

from pilotline_api.kit.schema import Instant, View
from pilotline_api.live.wire import WireValue


class SeriesGap(View):
    """A declared interval without data."""

    start: Instant
    end: Instant
    cause: str


class SeriesView(View):
    """One tag over an interval, as columns of equal length."""

    tag: str
    t: list[int] = Field(description="Start of each point, ms since the Unix epoch, UTC")
    min: list[float | None]
    max: list[float | None]
    mean: list[float | None]
    last: list[WireValue]
    gaps: list[SeriesGap]


class HistoryView(View):
    """Tags of one machine over an interval."""

    start: Instant
    end: Instant
    series: list[SeriesView]


class StateView(View):
    """A machine was in one state for a while; `Unknown` where nothing is known."""

    state: str
    start: Instant
    end: Instant


class GapView(View):
    """A declared interval without data, of one tag or of the whole machine."""

    tag: str | None
    start: Instant
    end: Instant
    cause: str
