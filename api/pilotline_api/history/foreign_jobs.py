"""When a machine worked for somebody else, as far as its job tag tells."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from sqlalchemy import select

from pilotline_api.kit.database import EVERY_ORGANISATION, Database
from pilotline_api.runs.models import Operation
from pilotline_historian import Historian, Series

_LOOK_BACK_NS: Final = 24 * 3_600 * 1_000_000_000
_AT_ONCE: Final = 500

Span = tuple[int, int]
"""Half-open interval, ns UTC."""


def foreign_times(
    historian: Historian,
    job_tag: Series,
    start_ns: int,
    end_ns: int,
    foreign: Callable[[Collection[str]], Collection[str]],
) -> list[Span]:
    """Return when the job tag named an operation of another organisation.

    A slot is a plan; when the operation before it overruns, the machine still works for the former
    customer, and what it measures is theirs.

    Args:
        historian: asked; it blocks.
        job_tag: series of the machine's job tag.
        start_ns: first instant, ns UTC.
        end_ns: instant after the last, ns UTC.
        foreign: picks the operations of other organisations from some jobs.

    Raises:
        HistorianError: the historian did not answer.
    """
    jobs = list(_jobs(historian, job_tag, start_ns, end_ns))
    theirs = foreign({job for _, job in jobs})
    ends = [at for at, _ in jobs[1:]] + [end_ns]
    return [(at, end) for (at, job), end in zip(jobs, ends, strict=True) if job in theirs]


def without(start_ns: int, end_ns: int, hidden: Sequence[Span]) -> list[Span]:
    """Return what is left of an interval; the hidden ones lie within it, in time order."""
    left, at = [], start_ns
    for hidden_start, hidden_end in hidden:
        if at < hidden_start:
            left.append((at, hidden_start))
        at = max(at, hidden_end)
    if at < end_ns:
        left.append((at, end_ns))
    return left


def operations_of_others(database: Database, jobs: Collection[str], organisation: str) -> set[str]:
    """Return which jobs are operations of another organisation.

    This looks across organisations on purpose, and tells nobody more than what to hide.
    """
    asked = sorted(jobs)
    found: set[str] = set()
    with database.reading(EVERY_ORGANISATION) as session:
        for first in range(0, len(asked), _AT_ONCE):
            found.update(
                session.scalars(
                    select(Operation.id).where(
                        Operation.id.in_(asked[first : first + _AT_ONCE]),
                        Operation.organisation_id != organisation,
                    )
                )
            )
    return found


def _jobs(
    historian: Historian, job_tag: Series, start_ns: int, end_ns: int
) -> Iterator[tuple[int, str]]:
    """Yield each instant at which a job began, the first at the start of the interval."""
    before = historian.buckets(job_tag, start_ns - _LOOK_BACK_NS, start_ns, 1)
    job = _job(before[-1].last) if before else ""
    yield start_ns, job
    for sample in historian.raw(job_tag, start_ns, end_ns):
        new = _job(sample.value)
        if sample.good and new != job:
            job = new
            yield sample.source_time_ns, job


def _job(value: object) -> str:
    return value if isinstance(value, str) else ""
