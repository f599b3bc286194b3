"""What samples, events and notes may hold: limits of every back end, so none changes a value."""

from pilotline_historian.annotation import ANNOTATION_BYTES, Annotation, Withdrawal
from pilotline_historian.event import GREATEST_SEVERITY, LEAST_SEVERITY, Event
from pilotline_historian.sample import Sample, Series, Value

FIRST_TIME_NS = -(2**63) + 2
"""Earliest instant, ns since the Unix epoch: 1677-09-21, InfluxDB's own limit."""

LAST_TIME_NS = 2**63 - 2
"""Latest instant, ns since the Unix epoch: 2262-04-11, InfluxDB's own limit."""

LEAST_INT = -(2**63)
GREATEST_INT = 2**64 - 1
"""Integers from OPC UA's Int64 to its UInt64."""

GREATEST_STATUS = 2**32 - 1
"""OPC UA status codes are 32 bits wide (OPC 10000-6, 5.2.2.11)."""

TEXT_BYTES = 65_535
"""Longest text in UTF-8; InfluxDB's limit of a string field."""

NAME_BYTES = 1_024
"""Longest site, machine, tag, event or condition id in UTF-8."""


def sample_fault(sample: Sample) -> str | None:
    """Return why no store can take the sample, or None when it is sound."""
    return (
        series_fault(sample.series)
        or _time_fault("source time", sample.source_time_ns)
        or _time_fault("server time", sample.server_time_ns)
        or _status_fault(sample.status)
        or _value_fault(sample.value)
    )


def series_fault(series: Series) -> str | None:
    """Return what is wrong with the names of a series, or None."""
    for word, name in zip(("site id", "machine id", "tag id"), series, strict=True):
        fault = _name_fault(word, name)
        if fault is not None:
            return fault
    return None


def event_fault(event: Event) -> str | None:
    """Return why no store can take the event, or None when it is sound."""
    condition = event.condition
    names = {"event id": event.event_id, "event type": event.type_name}
    if condition is not None:
        names["condition id"] = condition.id
    texts = {"source name": event.source_name, "message": event.message}
    if condition is not None:
        texts["condition name"] = condition.name
    faults = (
        series_fault(Series(event.site, event.machine, "events")),
        _time_fault("time", event.time_ns),
        _time_fault("receive time", event.received_ns),
        _severity_fault(event.severity),
        *(_name_fault(word, name) for word, name in names.items()),
        *(_text_fault(word, text) for word, text in texts.items()),
    )
    return next((fault for fault in faults if fault is not None), None)


def annotation_fault(annotation: Annotation) -> str | None:
    """Return why no store can take the annotation as a new one, or None when it is sound."""
    tag = "any" if annotation.tag is None else annotation.tag
    faults = (
        series_fault(Series(annotation.site, annotation.machine, tag)),
        _name_fault("note id", annotation.id),
        _name_fault("author", annotation.author),
        _time_fault("start", annotation.start_ns),
        _time_fault("end", annotation.end_ns),
        _time_fault("time of writing", annotation.written_ns),
        _note_fault(annotation.text),
        None if annotation.end_ns >= annotation.start_ns else "end lies before start",
        None if annotation.withdrawal is None else "a note is written first and withdrawn later",
    )
    return next((fault for fault in faults if fault is not None), None)


def withdrawal_fault(withdrawal: Withdrawal) -> str | None:
    """Return why no store can take the withdrawal, or None when it is sound."""
    return _name_fault("name", withdrawal.by) or _time_fault("time", withdrawal.at_ns)


def need_sound(told: Annotation | Withdrawal, fault: str | None) -> None:
    """Refuse what a person wrote where no store can take it.

    Raises:
        ValueError: there is a fault.
    """
    if fault is not None:
        raise ValueError(f"this {type(told).__name__.lower()} cannot be stored: {fault}")


def plain(value: Value | None) -> Value | None:
    """Return the value as exactly bool, int, float or str; a NumPy float64 becomes a float."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _time_fault(word: str, time_ns: int | None) -> str | None:
    if time_ns is None or FIRST_TIME_NS <= time_ns <= LAST_TIME_NS:
        return None
    return f"{word} {time_ns} ns lies outside the years 1677 to 2262"


def _status_fault(status: int) -> str | None:
    if 0 <= status <= GREATEST_STATUS:
        return None
    return f"status {status} is not a 32-bit OPC UA status code"


def _value_fault(value: object) -> str | None:
    if value is None or isinstance(value, bool | float):
        return None
    if isinstance(value, int):
        fits = LEAST_INT <= value <= GREATEST_INT
        return None if fits else f"integer {value} does not fit 64 bits"
    if not isinstance(value, str):
        return f"a value of type {type(value).__name__} cannot be stored"
    return _text_fault("text", value)


def _severity_fault(severity: int) -> str | None:
    if LEAST_SEVERITY <= severity <= GREATEST_SEVERITY:
        return None
    return f"severity {severity} is not from {LEAST_SEVERITY} to {GREATEST_SEVERITY}"


def _name_fault(word: str, name: str) -> str | None:
    size = _utf8_size(name)
    if size is None:
        return f"{word} {name!r} is not valid Unicode"
    if not 0 < size <= NAME_BYTES:
        return f"{word} has {size} bytes, must have 1 to {NAME_BYTES}"
    return None


def _text_fault(word: str, text: str) -> str | None:
    size = _utf8_size(text)
    if size is None:
        return f"{word} is not valid Unicode (lone surrogate)"
    return None if size <= TEXT_BYTES else f"{word} has {size} bytes, at most {TEXT_BYTES} fit"


def _note_fault(text: str) -> str | None:
    size = _utf8_size(text)
    if size is not None and not 0 < size <= ANNOTATION_BYTES:
        return f"text has {size} bytes, must have 1 to {ANNOTATION_BYTES}"
    return _text_fault("text", text)


def _utf8_size(text: str) -> int | None:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return None
