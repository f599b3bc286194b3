"""Trends as bytes: columns of many numbers, encoded without a model for each number."""

from collections.abc import Sequence

import msgspec
from fastapi import Response

from pilotline_api.history.instants import from_ns
from pilotline_api.history.queries import Interval, historian_asked, points_each
from pilotline_api.history.trend import Trend, read_trend
from pilotline_historian import Historian, Series
from pilotline_plant import Machine


def history_answer(
    historian: Historian, machine: Machine, tags: Sequence[str], interval: Interval, points: int
) -> Response:
    """Return the trends of some tags of a machine, shaped as `HistoryView`.

    Raises:
        Unavailable: the historian does not answer.
    """
    with historian_asked():
        gaps = historian.gaps(machine.id, interval.start_ns, interval.end_ns)
        trends = [
            read_trend(
                historian,
                Series(machine.site, machine.id, tag),
                interval.start_ns,
                interval.end_ns,
                points_each(points, len(tags)),
                gaps,
            )
            for tag in tags
        ]
    return trends_answer(interval, trends)


def trends_answer(interval: Interval, trends: Sequence[Trend]) -> Response:
    """Return trends, shaped as `HistoryView`."""
    body = {
        "start": interval.start,
        "end": interval.end,
        "series": [_series(trend) for trend in trends],
    }
    return Response(msgspec.json.encode(body), media_type="application/json")


def _series(trend: Trend) -> dict[str, object]:
    return {
        "tag": trend.tag,
        "t": trend.t,
        "min": trend.minimum,
        "max": trend.maximum,
        "mean": trend.mean,
        "last": trend.last,
        "gaps": [
            {"start": from_ns(gap.start_ns), "end": from_ns(gap.end_ns), "cause": gap.cause}
            for gap in trend.gaps
        ],
    }
