"""The alarm journal: what is found is kept once and told once, and survives a database away."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from pilotline_api.alarms import journal as journal_module
from pilotline_api.alarms.condition import Condition
from pilotline_api.alarms.cursor import cursor_of, read_cursor
from pilotline_api.alarms.journal import AlarmJournal
from pilotline_api.alarms.models import Alarm, Severity
from pilotline_api.alarms.repository import (
    AlarmState,
    Position,
    alarms_newest_first,
    open_alarm,
    open_alarms,
)
from pilotline_api.alarms.transition import Cleared, Raised
from pilotline_api.kit.database import Database
from pilotline_api.kit.events import after
from pilotline_api.migrations import migrate
from tests.api.live.floor import NOON_MS
from tests.edge.running import until

HIGH = Condition("mixer", "temperature", "high")


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real_postgres)],
)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'test.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with closing(Database(url)) as opened:
        migrate(opened)
        yield opened


def raised(alarm: str, condition: Condition = HIGH, at_ms: int = NOON_MS) -> Raised:
    return Raised(alarm, condition, Severity.WARNING, "too hot", 81.0, 80.0, at_ms)


def cleared(alarm: str, condition: Condition = HIGH, at_ms: int = NOON_MS + 1000) -> Cleared:
    return Cleared(alarm, condition, at_ms)


def play(
    database: Database, scenario: Callable[[AlarmJournal], Coroutine[Any, Any, None]]
) -> AlarmJournal:
    """Run a journal through a scenario and let it write what is left."""

    async def run() -> AlarmJournal:
        journal = AlarmJournal(database)
        writing = asyncio.create_task(journal.run())
        await scenario(journal)
        journal.stop()
        await writing
        return journal

    return asyncio.run(run())


def stored(database: Database) -> list[tuple[str, bool]]:
    """Id of each alarm and whether it is open."""
    with database.reading() as session:
        rows = session.scalars(select(Alarm).order_by(Alarm.id))
        return [(alarm.id, alarm.cleared_at is None) for alarm in rows]


def told(database: Database) -> list[tuple[str, bool]]:
    """Id and openness in each event."""
    with database.reading() as session:
        return [
            (each.payload["id"], each.payload["cleared_at"] is None) for each in after(session, 0)
        ]


def test_an_alarm_is_kept_and_told_when_it_rises_and_when_it_clears(database: Database) -> None:
    async def scenario(journal: AlarmJournal) -> None:
        journal.add([raised("a")])
        await until(lambda: stored(database) == [("a", True)])
        journal.add([cleared("a")])

    play(database, scenario)

    assert stored(database) == [("a", False)]
    assert told(database) == [("a", True), ("a", False)]


def test_the_event_is_the_alarm_as_the_list_gives_it(database: Database) -> None:
    async def scenario(journal: AlarmJournal) -> None:
        journal.add([raised("a")])

    play(database, scenario)

    with database.reading() as session:
        [event] = after(session, 0)
    assert (event.kind, event.audience) == ("alarm", "staff")
    assert event.payload == {
        "id": "a",
        "machine": "mixer",
        "tag": "temperature",
        "severity": "warning",
        "message": "too hot",
        "value": 81.0,
        "limit": 80.0,
        "raised_at": "2026-11-26T12:00:00Z",
        "cleared_at": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "comment": None,
        "kind": "high",
        "stale": False,
    }


def test_a_condition_that_clears_and_comes_back_at_once_makes_two_alarms(
    database: Database,
) -> None:
    async def scenario(journal: AlarmJournal) -> None:
        journal.add([raised("a")])
        await asyncio.sleep(0.2)
        journal.add([cleared("a"), raised("b"), cleared("b"), raised("c")])

    play(database, scenario)

    assert stored(database) == [("a", False), ("b", False), ("c", True)]


def test_an_alarm_that_rose_and_cleared_before_it_was_written_is_kept(database: Database) -> None:
    async def scenario(journal: AlarmJournal) -> None:
        journal.add([raised("a"), cleared("a")])

    play(database, scenario)

    assert stored(database) == [("a", False)]
    assert told(database) == [("a", False)]


def test_a_condition_another_process_has_opened_is_not_opened_twice(database: Database) -> None:
    async def theirs(journal: AlarmJournal) -> None:
        journal.add([raised("theirs")])

    async def ours(journal: AlarmJournal) -> None:
        journal.add([raised("ours")])
        await until(lambda: stored(database) == [("theirs", True)])
        journal.add([cleared("ours")])

    play(database, theirs)
    play(database, ours)

    assert stored(database) == [("theirs", False)]


def test_what_another_process_opened_is_cleared_though_it_was_not_known_here_that_it_was_open(
    database: Database,
) -> None:
    async def theirs(journal: AlarmJournal) -> None:
        journal.add([raised("theirs")])

    async def ours(journal: AlarmJournal) -> None:
        journal.add([raised("ours"), cleared("ours")])

    play(database, theirs)
    play(database, ours)

    assert stored(database) == [("theirs", False)]


def test_a_late_word_of_an_end_does_not_clear_what_rose_after_it(database: Database) -> None:
    async def theirs(journal: AlarmJournal) -> None:
        journal.add([raised("theirs", at_ms=NOON_MS + 5_000)])

    async def ours(journal: AlarmJournal) -> None:
        journal.add([cleared("ours", at_ms=NOON_MS + 1_000)])
        journal.add([raised("again"), cleared("again", at_ms=NOON_MS + 2_000)])

    play(database, theirs)
    play(database, ours)

    assert stored(database) == [("theirs", True)]


def test_a_condition_that_two_processes_open_in_one_moment_is_opened_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = open_alarm
    tries: list[str] = []

    def too_late(session: Session, open_key: str) -> Alarm | None:
        tries.append(open_key)
        return None if len(tries) == 1 else seen(session, open_key)

    async def theirs(journal: AlarmJournal) -> None:
        journal.add([raised("theirs")])

    async def ours(journal: AlarmJournal) -> None:
        monkeypatch.setattr(journal_module, "RETRY_S", 0.05)
        monkeypatch.setattr(journal_module, "open_alarm", too_late)
        journal.add([raised("ours"), raised("low", HIGH._replace(kind="low"))])
        await until(lambda: len(stored(database)) == 2)

    play(database, theirs)
    with capture_logs() as logs:
        play(database, ours)

    assert dict(stored(database)) == {"theirs": True, "low": True}
    assert [each["event"] for each in logs] == ["alarms.stored_elsewhere"]


def test_an_alarm_cannot_clear_before_it_rose(database: Database) -> None:
    async def scenario(journal: AlarmJournal) -> None:
        journal.add([raised("a", at_ms=NOON_MS)])
        await asyncio.sleep(0.2)
        journal.add([cleared("a", at_ms=NOON_MS - 60_000)])

    play(database, scenario)

    with database.reading() as session:
        alarm = session.get_one(Alarm, "a")
        assert alarm.cleared_at == alarm.raised_at


def test_what_is_open_after_a_crash_is_found_again(database: Database) -> None:
    connection = Condition("mixer", None, "connection")

    async def scenario(journal: AlarmJournal) -> None:
        journal.add([raised("a"), raised("b", connection), raised("c", HIGH._replace(kind="low"))])
        await asyncio.sleep(0.2)
        journal.add([cleared("c", HIGH._replace(kind="low"))])

    play(database, scenario)

    with database.reading() as session:
        assert dict(open_alarms(session)) == {"a": HIGH.open_key, "b": connection.open_key}


def test_pages_go_on_where_the_former_one_ended_even_within_one_instant(
    database: Database,
) -> None:
    async def scenario(journal: AlarmJournal) -> None:
        for number in range(9):
            condition = HIGH._replace(machine=f"m{number}")
            journal.add([raised(f"{number:032x}", condition, NOON_MS + number // 4)])

    play(database, scenario)

    order: list[str] = []
    before: Position | None = None
    while True:
        with database.reading() as session:
            page = alarms_newest_first(
                session, state=AlarmState.ACTIVE, machine=None, before=before, limit=2
            )
        if not page:
            break
        order += [alarm.id for alarm in page]
        before = read_cursor(cursor_of(page[-1]))
    assert order == [f"{number:032x}" for number in reversed(range(9))]


class AwayDatabase(Database):
    """A database that refuses to write for a while."""

    refusals = 0

    def writing(self, *args: Any) -> Any:  # noqa: ANN401 - as the base
        if self.refusals > 0:
            self.refusals -= 1
            raise OperationalError("BEGIN", {}, Exception("disk I/O error"))
        return super().writing(*args)


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwayDatabase]:
    monkeypatch.setattr(journal_module, "RETRY_S", 0.01)
    monkeypatch.setattr(journal_module, "GATHER_S", 0.01)
    with closing(AwayDatabase(f"sqlite:///{tmp_path / 'test.sqlite'}")) as opened:
        migrate(opened)
        yield opened


def test_nothing_is_lost_while_the_database_is_away(away: AwayDatabase) -> None:
    away.refusals = 3

    async def scenario(journal: AlarmJournal) -> None:
        journal.add([raised("a")])
        await asyncio.sleep(0.015)
        journal.add([cleared("a"), raised("b")])
        await asyncio.sleep(0.3)

    play(away, scenario)

    assert stored(away) == [("a", False), ("b", True)]


def test_beyond_the_bound_only_alarms_that_are_over_are_dropped(
    away: AwayDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "MAX_WAITING", 3)
    away.refusals = 1

    async def scenario(journal: AlarmJournal) -> None:
        for number in range(6):
            condition = HIGH._replace(machine=f"m{number}")
            journal.add([raised(f"open-{number}", condition)])
            journal.add([raised(f"over-{number}"), cleared(f"over-{number}")])
        await asyncio.sleep(0.3)

    play(away, scenario)

    kept = [alarm for alarm, _ in stored(away)]
    assert [alarm for alarm in kept if alarm.startswith("open")] == [f"open-{n}" for n in range(6)]
    assert len(kept) <= 9


def test_a_journal_that_stops_while_the_database_is_away_does_not_hang(away: AwayDatabase) -> None:
    away.refusals = 1000

    async def scenario(journal: AlarmJournal) -> None:
        journal.add([raised("a")])
        await asyncio.sleep(0.05)

    play(away, scenario)

    assert stored(away) == []
