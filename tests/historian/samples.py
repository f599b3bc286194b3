"""Samples, and what any store must answer about them, computed the plain way."""

from collections.abc import Iterable, Sequence
from math import isfinite

import pytest

from pilotline_historian import Annotation, Bucket, ConditionState, Event, Sample, Series, Value
from pilotline_historian.grid import Grid

MILL = Series("aarhus", "mill-1", "spindle_speed")
OVEN = Series("aarhus", "oven-2", "temperature")

NOON_NS = 1_790_000_000_000_000_000
SECOND_NS = 1_000_000_000

_ADDS_UP_SAFELY = 1e300

GOOD = 0x0000_0000
UNCERTAIN = 0x4000_0000
BAD = 0x8031_0000


def at(
    offset_ns: int,
    value: Value | None,
    *,
    series: Series = MILL,
    status: int = GOOD,
    server_time_ns: int | None = None,
) -> Sample:
    """Return a sample some nanoseconds after noon."""
    return Sample(series, NOON_NS + offset_ns, value, status, server_time_ns)


def a_note(
    start_ns: int,
    end_ns: int,
    *,
    note: str = "7c1f",
    machine: str = "mill-1",
    tag: str | None = None,
    text: str = "tool broke",
    author: str = "ada",
) -> Annotation:
    """Return a note on an interval some nanoseconds after noon."""
    return Annotation(
        note,
        "aarhus",
        machine,
        tag,
        NOON_NS + start_ns,
        NOON_NS + end_ns,
        text,
        author,
        NOON_NS + end_ns + SECOND_NS,
    )


def each_second(values: Iterable[Value | None], series: Series = MILL) -> list[Sample]:
    """Return one good sample a second."""
    return [at(i * SECOND_NS, value, series=series) for i, value in enumerate(values)]


def an_event(
    offset_ns: int,
    *,
    event_id: str = "0a0b",
    machine: str = "mill-1",
    received_ns: int | None = NOON_NS + 77,
    type_name: str = "ExclusiveLevelAlarmType",
    source_name: str = "Spindle",
    severity: int = 500,
    message: str = "too hot",
    condition: ConditionState | None = None,
) -> Event:
    """Return an event some nanoseconds after noon."""
    return Event(
        "aarhus",
        machine,
        event_id,
        NOON_NS + offset_ns,
        received_ns,
        type_name,
        source_name,
        severity,
        message,
        condition,
    )


def same(left: object, right: object) -> bool:
    """Return whether both are equal in value and type, NaN and -0.0 included."""
    return repr(left) == repr(right)


def assert_same_buckets(found: Sequence[Bucket], expected: Sequence[Bucket]) -> None:
    """Fail unless the buckets are equal, means within what the order of adding may change."""
    for one, other in zip(found, expected, strict=True):
        assert one[:3] == other[:3]
        assert one.good_count == other.good_count
        assert same(one.last, other.last)
        if other.minimum is None or other.maximum is None:
            assert one.mean is None
            continue
        largest = max(abs(other.minimum), abs(other.maximum))
        if largest < _ADDS_UP_SAFELY:
            assert one.mean == pytest.approx(other.mean, rel=1e-9, abs=1e-9 * largest)


def expected_buckets(samples: Sequence[Sample], grid: Grid) -> list[Bucket]:
    """Reduce samples, each time once, in time order, to the buckets of a grid."""
    good: dict[int, list[Value]] = {}
    for sample in samples:
        if sample.good and sample.value is not None:
            number = (sample.source_time_ns - grid.origin_ns) // grid.width_ns
            good.setdefault(number, []).append(sample.value)
    return [_bucket(grid.start_ns(number), good[number]) for number in sorted(good)]


def _bucket(start_ns: int, values: list[Value]) -> Bucket:
    numbers = [
        float(value)
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    ]
    if not numbers:
        return Bucket(start_ns, None, None, None, values[-1], len(values))
    mean = sum(numbers) / len(numbers)
    return Bucket(start_ns, min(numbers), max(numbers), mean, values[-1], len(values))
