"""The schema of the embedded store: numbered SQL files, applied in order in one transaction."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

from pilotline_historian.embedded.migration import AFTER

APPLICATION_ID: Final = 0x504C_4854
"""``PLHT``, kept in the file's header so that `file` and we know whose it is."""

_FILE_NAME: Final = re.compile(r"(\d{4})_\w+\.sql")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the schema.

    Attributes:
        version: `PRAGMA user_version` after the step.
        sql: its statements.
        then: what follows them in the same transaction.
    """

    version: int
    sql: str
    then: Callable[[sqlite3.Connection], None] | None = None


class ForeignFile(Exception):  # noqa: N818 - turned into a HistorianRefused by the opener
    """The file is an SQLite database of another program."""


class NewerSchema(Exception):  # noqa: N818 - turned into a HistorianRefused by the opener
    """The file was written by a newer release.

    Attributes:
        version: of the file.
        known: newest version this release reads.
    """

    def __init__(self, version: int, known: int) -> None:
        super().__init__(f"schema version {version}, this release reads up to {known}")
        self.version = version
        self.known = known


def shipped_steps() -> tuple[Step, ...]:
    """Return the steps of this release, oldest first."""
    steps = []
    for file in resources.files(__package__).joinpath("sql").iterdir():
        matched = _FILE_NAME.fullmatch(file.name)
        if matched:
            version = int(matched[1])
            steps.append(Step(version, file.read_text(encoding="utf-8"), AFTER.get(version)))
    return tuple(sorted(steps, key=lambda step: step.version))


def upgrade(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Bring the file to the newest version; several processes may try at once.

    Raises:
        ForeignFile: the file belongs to another program.
        NewerSchema: the file was written by a newer release.
    """
    newest = steps[-1].version
    if _version(connection, newest) == newest:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection, newest)
        for step in steps:
            if step.version > version:
                for statement in _statements(step.sql):
                    connection.execute(statement)
                if step.then is not None:
                    step.then(connection)
        connection.execute(f"PRAGMA user_version = {newest}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection, newest: int) -> int:
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    if application == APPLICATION_ID:
        if version > newest:
            raise NewerSchema(version, newest)
        return version
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application or version or objects:
        raise ForeignFile
    return 0


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (number,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(number)


def _statements(sql: str) -> Iterator[str]:
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
