"""Sessions: transactions that read, transactions that write, and whose rows they may see."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from pilotline_api.errors import DatabaseUrlError

_BUSY_TIMEOUT_MS = 10_000
_WRITING = "pilotline_writing"
_HOLDS_TURN = "pilotline_holds_turn"
_ALL = "*"
_KEPT_APART = text(
    "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"
)
_LIMIT = text("SELECT set_config('pilotline.organisation', :organisation, true)")


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows a transaction may see, for PostgreSQL's row-level security.

    Attributes:
        organisation: organisation id, or None for every organisation.
    """

    organisation: str | None = None


EVERY_ORGANISATION = Scope()


class Database:
    """The relational store: SQLite or PostgreSQL by URL.

    Characteristics
        reading: deferred transactions, any number at once; they never wait for a writer
        writing: on SQLite ``BEGIN IMMEDIATE``, one at a time, later ones wait up to 10 s; on
            PostgreSQL ordinary transactions, guarded by constraints
        durable: WAL with ``synchronous=FULL``; a commit that returned survives a power cut
        threads: one object serves all of them, a session serves one
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            msg = f"cannot read the database URL: {error}"
            raise DatabaseUrlError(msg) from error
        backend = parsed.get_backend_name()
        if backend == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        elif backend != "sqlite":
            msg = f"database {backend!r} is not supported: use sqlite:/// or postgresql://"
            raise DatabaseUrlError(msg)
        self.backend = backend
        self.engine = _engine(parsed.render_as_string(hide_password=False), backend)
        self._writer = self.engine.execution_options(**{_WRITING: True})
        self._read = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self._write = sessionmaker(self._writer, expire_on_commit=False)

    @contextmanager
    def reading(self, scope: Scope = EVERY_ORGANISATION) -> Iterator[Session]:
        """Yield a session whose changes, if any, are thrown away."""
        with self._read() as session:
            self._limit(session, scope)
            yield session

    @contextmanager
    def writing(self, scope: Scope = EVERY_ORGANISATION) -> Iterator[Session]:
        """Yield a session that is committed at the end, or rolled back on an error."""
        with self._write.begin() as session:
            self._limit(session, scope)
            yield session

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Yield a connection in a writing transaction that sees every row."""
        with self._writer.begin() as connection:
            if self.backend == "postgresql":
                connection.execute(_LIMIT, {"organisation": _ALL})
            yield connection

    def walls_hold(self) -> bool:
        """Return whether the database itself keeps organisations apart.

        On SQLite there is no such wall. On PostgreSQL a superuser, or a role with BYPASSRLS, walks
        through it.
        """
        if self.backend != "postgresql":
            return False
        with self.reading() as session:
            return bool(session.scalar(_KEPT_APART))

    def close(self) -> None:
        """Close every pooled connection, and one that is in use as soon as it is given back."""
        event.listen(self.engine, "checkin", _close)
        self.engine.dispose()

    def _limit(self, session: Session, scope: Scope) -> None:
        if self.backend == "postgresql":
            session.execute(_LIMIT, {"organisation": scope.organisation or _ALL})


def _close(_connection: object, record: ConnectionPoolEntry) -> None:
    """Close what SQLAlchemy would leave to the garbage collection."""
    record.close()


def _engine(url: str, backend: str) -> Engine:
    if backend == "postgresql":
        return create_engine(url, pool_size=20, max_overflow=20, pool_pre_ping=True)
    engine = create_engine(url, pool_size=20, max_overflow=20)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
        # The driver's own transaction control would begin deferred and late; see `begin`.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    _take_turns(engine)
    return engine


def _take_turns(engine: Engine) -> None:
    """Begin writing transactions at once, and let this process's writers queue for them.

    A deferred transaction that reads and then writes may act on what is no longer so. SQLite makes
    a second writer poll with ever longer sleeps; a lock wakes the next thread of this process the
    moment it is its turn.
    """
    turn = threading.Lock()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(_WRITING, False):
            connection.exec_driver_sql("BEGIN")
            return
        # A timeout leaves the rest to SQLite, which says that the database is locked.
        connection.info[_HOLDS_TURN] = turn.acquire(timeout=_BUSY_TIMEOUT_MS / 1_000)
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "checkin")
    def end(_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.pop(_HOLDS_TURN, False):
            turn.release()


@contextmanager
def every_organisation(session: Session) -> Iterator[None]:
    """Let a transaction see every organisation's rows within the block.

    For rules between organisations, such as walls; nothing read here may reach an answer.
    """
    if session.get_bind().dialect.name != "postgresql":
        yield
        return
    former = session.scalar(text("SELECT current_setting('pilotline.organisation', true)"))
    session.execute(_LIMIT, {"organisation": _ALL})
    yield
    # A block that raised leaves an aborted transaction, in which nothing can be set or read.
    session.execute(_LIMIT, {"organisation": former})
