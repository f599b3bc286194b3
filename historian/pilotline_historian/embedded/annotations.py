"""Annotations in the embedded store: a row each, since people write them."""

import sqlite3
from typing import Any, Final

from pilotline_historian.annotation import Annotation, Withdrawal

_COLUMNS: Final = "note, site, machine, tag, start_ns, end_ns, text, author, written_ns"
_INSERT: Final = f"""
    INSERT INTO annotation ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""  # noqa: S608 - constants
_WITHDRAW: Final = """
    UPDATE annotation SET withdrawn_by = ?, withdrawn_ns = ?
    WHERE note = ? AND withdrawn_ns IS NULL
"""
_TOUCHING: Final = f"""
    SELECT {_COLUMNS}, withdrawn_by, withdrawn_ns FROM annotation
    WHERE (machine = ?1 OR ?1 IS NULL) AND start_ns < ?3 AND (end_ns > ?2 OR start_ns >= ?2)
        AND (?4 OR withdrawn_ns IS NULL)
    ORDER BY start_ns, written_ns, note
"""  # noqa: S608 - constants


def insert_annotation(connection: sqlite3.Connection, annotation: Annotation) -> None:
    """Store a sound annotation (see `limits`), unless it is there already."""
    connection.execute(
        _INSERT,
        (
            annotation.id,
            annotation.site,
            annotation.machine,
            annotation.tag,
            annotation.start_ns,
            annotation.end_ns,
            annotation.text,
            annotation.author,
            annotation.written_ns,
        ),
    )


def withdraw_annotation(connection: sqlite3.Connection, note: str, withdrawal: Withdrawal) -> bool:
    """Mark an annotation as withdrawn and return whether there was one that counted."""
    done = connection.execute(_WITHDRAW, (withdrawal.by, withdrawal.at_ns, note))
    return done.rowcount > 0


def read_annotations(
    connection: sqlite3.Connection,
    machine: str | None,
    start_ns: int,
    end_ns: int,
    *,
    withdrawn: bool,
) -> list[Annotation]:
    """Return the annotations that touch an interval, of one machine or of all."""
    rows = connection.execute(_TOUCHING, (machine, start_ns, end_ns, withdrawn))
    return [_annotation(row) for row in rows]


def _annotation(row: tuple[Any, ...]) -> Annotation:
    *columns, by, at_ns = row
    withdrawal = None if at_ns is None else Withdrawal(by, at_ns)
    fields: tuple[Any, ...] = (*columns, withdrawal)
    return Annotation(*fields)
