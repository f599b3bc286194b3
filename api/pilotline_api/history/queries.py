"""What the history operations ask for, checked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Query

from pilotline_api.errors import FieldError, NotFound, Unavailable, Unprocessable
from pilotline_api.history.instants import to_ns
from pilotline_api.history.trend import MAX_POINTS
from pilotline_api.kit.schema import Instant
from pilotline_historian import HistorianError, HistorianUnavailable
from pilotline_plant import Machine, Plant

LONGEST: Final = timedelta(days=400)
MAX_TAGS: Final = 50
DEFAULT_POINTS: Final = 800
MAX_POINTS_IN_ALL: Final = 100_000
"""Over all tags of a request; many tags get fewer points each."""

_RETRY_AFTER_S: Final = 10

Tags = Annotated[list[str], Query(alias="tag", min_length=1, max_length=MAX_TAGS)]
Points = Annotated[int, Query(ge=1, le=MAX_POINTS)]


class Interval(NamedTuple):
    """A half-open interval.

    Attributes:
        start: first instant.
        end: instant after the last.
    """

    start: datetime
    end: datetime

    @property
    def start_ns(self) -> int:
        """First instant, ns UTC."""
        return to_ns(self.start)

    @property
    def end_ns(self) -> int:
        """Instant after the last, ns UTC."""
        return to_ns(self.end)


def asked_interval(start: Instant, end: Instant) -> Interval:
    """Return the interval of a query.

    Raises:
        Unprocessable: it is empty or longer than `LONGEST`.
    """
    if start >= end:
        raise _wrong_end("must come after `start`")
    if end - start > LONGEST:
        raise _wrong_end(f"must lie within {LONGEST.days} days of `start`")
    return Interval(start, end)


IntervalAsked = Annotated[Interval, Depends(asked_interval)]


def machine_of(plant: Plant, machine: str) -> Machine:
    """Return a machine.

    Raises:
        NotFound: the plant has none of this id.
    """
    found = plant.machine_by_id.get(machine)
    if found is None:
        raise NotFound
    return found


def known_tags(asked: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the tags asked for, each once.

    Raises:
        Unprocessable: some are not among the known ones.
    """
    tags = list(dict.fromkeys(asked))
    unknown = [tag for tag in tags if tag not in known]
    if unknown:
        raise Unprocessable(
            f"The machine has no tag {unknown[0][:64]!r}; ask for one that the machine lists.",
            errors=[FieldError("query:tag", "unknown_tag", f"{each[:64]!r}") for each in unknown],
        )
    return tags


def points_each(points: int, tags: int) -> int:
    """Return how many points each of several tags may have."""
    return max(1, min(points, MAX_POINTS_IN_ALL // tags))


@contextmanager
def historian_asked() -> Iterator[None]:
    """Turn a historian that does not answer into a problem the caller can act on."""
    try:
        yield
    except HistorianUnavailable as error:
        wait_s = int(error.retry_after_s or _RETRY_AFTER_S)
        msg = "The historian does not answer just now; ask again in a little while."
        raise Unavailable(msg, retry_after_s=wait_s) from error
    except HistorianError as error:
        msg = "The historian refuses to answer; an administrator must look at its settings."
        raise Unavailable(msg, retry_after_s=60) from error


def _wrong_end(message: str) -> Unprocessable:
    return Unprocessable(f"`end` {message}.", errors=[FieldError("query:end", "interval", message)])
