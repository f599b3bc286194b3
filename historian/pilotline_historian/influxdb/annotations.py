"""Annotations as line protocol, and InfluxQL's answers as annotations.

The note's id is a tag, so each note is a series of its own: people write them, so there are few.
Withdrawing one adds fields to its point.
"""

# ruff: noqa: S608 - InfluxQL has no parameters everywhere; `literal` quotes every name

from collections.abc import Iterator
from typing import Any, Final

from pilotline_historian.annotation import Annotation, Withdrawal
from pilotline_historian.influxdb.line_protocol import (
    HalfWritten,
    decode_name,
    quoted_text,
    series_key,
    stored_tag,
    tags_of,
)
from pilotline_historian.influxdb.reading import literal, within
from pilotline_historian.influxdb.server import ResultSeries
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS

ANNOTATION: Final = "annotation"
"""Measurement of annotations; tags site, machine, tag (unless the whole machine), note."""

_SELECTED: Final = (
    '"note", "site", "machine", "tag", "end_ns", "text", "author", "written_ns", '
    '"withdrawn_by", "withdrawn_ns"'
)


def annotation_line(annotation: Annotation, every_tag: bool = False) -> str:
    """Return a sound annotation (see `limits`) as one line without its line feed.

    See `line_protocol.tags_of` for `every_tag`.
    """
    fields = {
        "end_ns": f"{annotation.end_ns}i",
        "text": quoted_text(annotation.text),
        "author": quoted_text(annotation.author),
        "written_ns": f"{annotation.written_ns}i",
    }
    if (withdrawal := annotation.withdrawal) is not None:
        fields["withdrawn_by"] = quoted_text(withdrawal.by)
        fields["withdrawn_ns"] = f"{withdrawal.at_ns}i"
    written = ",".join(f"{word}={held}" for word, held in fields.items())
    key = series_key(
        ANNOTATION, {**tags_of(annotation, every_tag=every_tag), "note": annotation.id}
    )
    return f"{key} {written} {annotation.start_ns}"


def annotation_query(machine: str | None, start_ns: int, end_ns: int) -> str:
    """Ask for annotations that may touch an interval."""
    chosen = "" if machine is None else f' AND "machine" = {literal(machine)}'
    return (
        f'SELECT {_SELECTED} FROM "{ANNOTATION}" '
        f'WHERE {within(FIRST_TIME_NS, end_ns)} AND "end_ns" >= {start_ns}{chosen}'
    )


def note_query(note: str) -> str:
    """Ask for one annotation."""
    ages = within(FIRST_TIME_NS, LAST_TIME_NS + 1)
    return f'SELECT {_SELECTED} FROM "{ANNOTATION}" WHERE {ages} AND "note" = {literal(note)}'


def annotations(answer: ResultSeries) -> Iterator[Annotation]:
    """Yield the annotations of an answer to `annotation_query` or `note_query`."""
    for start_ns, *columns in answer.values:
        yield _annotation(start_ns, columns)


def _annotation(start_ns: int, columns: list[Any]) -> Annotation:
    note, site, machine, tag, end_ns, text, author, written_ns, by, at_ns = columns
    if None in (end_ns, text, author, written_ns) or (by is None) != (at_ns is None):
        raise HalfWritten("an annotation without all its fields")
    return Annotation(
        id=decode_name(note),
        site=decode_name(site),
        machine=decode_name(machine),
        tag=stored_tag(tag),
        start_ns=start_ns,
        end_ns=end_ns,
        text=text,
        author=author,
        written_ns=written_ns,
        withdrawal=None if at_ns is None else Withdrawal(by, at_ns),
    )
