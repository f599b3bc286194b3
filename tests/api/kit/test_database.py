"""The database keeps its word: aware instants, whole transactions, events in order."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from pilotline_api.accounts.models import SignInSession
from pilotline_api.errors import DatabaseUrlError
from pilotline_api.kit import events
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.database import Database, Scope, every_organisation
from pilotline_api.kit.events import Audience
from pilotline_api.migrations import migrate


@pytest.mark.parametrize("url", ["mysql://host/db", "nonsense"])
def test_an_unsupported_database_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(DatabaseUrlError):
        Database(url)


def test_sqlite_survives_a_power_cut_and_checks_its_references(tmp_path: Path) -> None:
    with (
        closing(Database(f"sqlite:///{tmp_path}/line.sqlite")) as database,
        database.reading() as session,
    ):
        pragmas = {
            name: session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = Database(f"sqlite:///{tmp_path}/line.sqlite")
    migrate(opened)
    return opened


def test_a_naive_instant_never_reaches_the_database(database: Database) -> None:
    with closing(database), database.reading() as session:
        naive = datetime(2026, 1, 1)  # noqa: DTZ001 - what is to be refused
        with pytest.raises(StatementError, match="naive"):
            session.query(SignInSession).filter(SignInSession.expires_at > naive).all()


def test_an_instant_comes_back_in_utc_whatever_its_zone_was(database: Database) -> None:
    here = datetime(2026, 7, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    with closing(database):
        with database.writing() as session:
            event = events.Event(kind="run", audience=Audience.STAFF, payload={}, created_at=here)
            session.add(event)
        with database.reading() as session:
            stored = session.get_one(events.Event, event.id).created_at

    assert stored == here
    assert stored.tzinfo is UTC


def test_a_writer_reads_what_no_one_can_change_before_it_commits(database: Database) -> None:
    """Deferred transactions would let both read "free" and then both write."""
    order: list[str] = []
    first_has_read = threading.Event()

    def second() -> None:
        first_has_read.wait(5)
        with database.writing() as session:
            order.append(f"second read {count(session)}")

    def count(session: Session) -> int:
        return int(session.execute(text("SELECT count(*) FROM event")).scalar_one())

    other = threading.Thread(target=second)
    with closing(database):
        other.start()
        with database.writing() as session:
            order.append(f"first read {count(session)}")
            first_has_read.set()
            other.join(0.3)
            events.publish(session, "run", {}, audience=Audience.STAFF)
        other.join(5)

    assert order == ["first read 0", "second read 1"]


def change_and_fail(database: Database) -> None:
    with database.writing() as session:
        events.publish(session, "run", {"id": "lost"}, audience=Audience.STAFF)
        raise KeyError


def test_events_come_in_order_and_none_of_a_change_taken_back(database: Database) -> None:
    with closing(database):
        with database.reading() as session:
            seen = events.newest_id(session)
        with pytest.raises(KeyError):
            change_and_fail(database)
        for number in range(3):
            with database.writing() as session:
                events.publish(session, "run", {"id": number}, audience=Audience.EVERYONE)

        with database.reading() as session:
            fresh = events.after(session, seen)
            assert [event.payload["id"] for event in fresh] == [0, 1, 2]
            assert [event.payload["id"] for event in events.after(session, fresh[0].id)] == [1, 2]


def test_events_are_forgotten_after_an_hour(database: Database) -> None:
    with closing(database):
        with database.writing() as session:
            events.publish(session, "run", {"id": "old"}, audience=Audience.STAFF)
            events.publish(session, "run", {"id": "new"}, audience=Audience.STAFF)
            old, _ = events.after(session, 0)
            old.created_at = utc_now() - events.KEPT - timedelta(seconds=1)
        with database.writing() as session:
            assert events.prune(session) == 1
            assert [event.payload["id"] for event in events.after(session, 0)] == ["new"]


def test_ids_of_forgotten_events_are_not_given_again(database: Database) -> None:
    """A poller that has seen id 5 would miss a new event with id 5."""
    with closing(database):
        with database.writing() as session:
            events.publish(session, "run", {}, audience=Audience.STAFF)
            newest = events.newest_id(session)
            session.execute(text("DELETE FROM event"))
        with database.writing() as session:
            events.publish(session, "run", {}, audience=Audience.STAFF)
            assert events.newest_id(session) > newest


def test_a_superuser_would_walk_through_the_walls(postgres_server: str, postgres_url: str) -> None:
    with closing(Database(postgres_server)) as superuser, closing(Database(postgres_url)) as owner:
        assert not superuser.walls_hold()
        assert owner.walls_hold()


def test_within_a_block_a_rule_between_organisations_sees_them_all(postgres_url: str) -> None:
    setting = text("SELECT current_setting('pilotline.organisation', true)")
    with closing(Database(postgres_url)) as database:
        with database.reading(Scope("one")) as session:
            before = session.scalar(setting)
            with every_organisation(session):
                within = session.scalar(setting)
            after = session.scalar(setting)
        with database.reading() as session:
            nobody_in_particular = session.scalar(setting)

    assert (before, within, after, nobody_in_particular) == ("one", "*", "one", "*")


def test_a_connection_in_use_is_closed_when_it_is_given_back(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'line.sqlite'}")
    ended: list[object] = []
    event.listen(database.engine, "close", lambda connection, _: ended.append(connection))
    with database.reading() as session:
        session.execute(text("SELECT 1"))
        database.close()
        assert ended == []
    assert len(ended) == 1
