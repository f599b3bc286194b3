"""What a customer's own slot measured, and nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from fastapi import APIRouter, Response

from pilotline_api.accounts.access import CurrentPerson, ReadSession
from pilotline_api.accounts.person import Person
from pilotline_api.history.answer import trends_answer
from pilotline_api.history.foreign_jobs import Span, foreign_times, operations_of_others, without
from pilotline_api.history.queries import (
    DEFAULT_POINTS,
    Interval,
    Points,
    Tags,
    historian_asked,
    known_tags,
    machine_of,
    points_each,
)
from pilotline_api.history.schemas import HistoryView
from pilotline_api.history.trend import Trend, read_trend
from pilotline_api.kit.schema import ObjectId
from pilotline_api.kit.services import Services, ServicesNeeded
from pilotline_api.live.parts import LiveNeeded
from pilotline_api.slots.repository import readable_slot
from pilotline_historian import Gap, Historian, Series
from pilotline_plant import Machine

router = APIRouter()

_MS_PER_S: Final = 1000


@router.get(
    "/slots/{slot_id}/history", summary="Trends inside an own slot", response_model=HistoryView
)
def read_slot_history(
    slot_id: ObjectId,
    tag: Tags,
    person: CurrentPerson,
    session: ReadSession,
    services: ServicesNeeded,
    live: LiveNeeded,
    points: Points = DEFAULT_POINTS,
) -> Response:
    """Return the machine's data from the slot's start until its end, or now.

    Where the machine still worked for somebody else then, a customer gets nothing.
    """
    slot = readable_slot(session, person, slot_id)
    machine = machine_of(services.plant, slot.machine)
    tags = known_tags(tag, [each.id for each in machine.tags])
    now = datetime.fromtimestamp(live.now().unix_ms / _MS_PER_S, tz=UTC)
    interval = Interval(slot.starts_at, max(slot.starts_at, min(slot.ends_at, now)))
    with historian_asked():
        spans = _own_spans(services, person, machine, interval)
        gaps = services.historian.gaps(machine.id, interval.start_ns, interval.end_ns)
        trends = [
            _trend(
                services.historian,
                Series(machine.site, machine.id, each),
                spans,
                points_each(points, len(tags)),
                gaps,
            )
            for each in tags
        ]
    return trends_answer(interval, trends)


def _own_spans(
    services: Services, person: Person, machine: Machine, interval: Interval
) -> list[Span]:
    """Return the parts of a slot in which the machine's data are the person's to see."""
    start_ns, end_ns = interval.start_ns, interval.end_ns
    job = next((tag.id for tag in machine.tags if tag.role == "job"), None)
    if person.staff or job is None or start_ns >= end_ns:
        return without(start_ns, end_ns, ())
    hidden = foreign_times(
        services.historian,
        Series(machine.site, machine.id, job),
        start_ns,
        end_ns,
        partial(operations_of_others, services.database, organisation=person.organisation),
    )
    return without(start_ns, end_ns, hidden)


def _trend(
    historian: Historian, series: Series, spans: Sequence[Span], points: int, gaps: Sequence[Gap]
) -> Trend:
    """Return one series over several intervals, the points shared among them by length."""
    whole_ns = sum(end - start for start, end in spans)
    trend = Trend(series.tag)
    for start_ns, end_ns in spans:
        share = max(1, points * (end_ns - start_ns) // whole_ns)
        inside = _inside(gaps, start_ns, end_ns)
        trend.extend(read_trend(historian, series, start_ns, end_ns, share, inside))
    return trend


def _inside(gaps: Sequence[Gap], start_ns: int, end_ns: int) -> list[Gap]:
    """Return the parts of gaps that lie in an interval."""
    return [
        replace(gap, start_ns=max(gap.start_ns, start_ns), end_ns=min(gap.end_ns, end_ns))
        for gap in gaps
        if gap.start_ns < end_ns and gap.end_ns > start_ns
    ]
