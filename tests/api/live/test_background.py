"""Work in the background: it goes on after a failure, and fails closed where rights matter."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from pilotline_api.kit.database import Database
from pilotline_api.kit.events import Audience, publish
from pilotline_api.live.audience import ReaderGroup, ReaderKind
from pilotline_api.live.hub import Hub, Subscription
from pilotline_api.live.outbox_feed import RETRY_S, OutboxFeed
from pilotline_api.live.plant_image import PlantImage
from pilotline_api.live.session_watch import AWAY_S, CHECK_S, SessionWatch
from pilotline_api.live.supervisor import FIRST_PAUSE_S, keep_running
from pilotline_api.migrations import migrate
from tests.api.live.floor import bench
from tests.api.live.virtual_time import in_virtual_time, virtual_moment

OPERATOR = ReaderGroup(ReaderKind.STAFF)


class FlakyDatabase(Database):
    """A database that can be out of reach."""

    away = False

    def reading(self, *args: Any) -> Any:  # noqa: ANN401 - as the base
        if self.away:
            raise OperationalError("SELECT", {}, Exception("out of reach"))
        return super().reading(*args)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[FlakyDatabase]:
    with closing(FlakyDatabase(f"sqlite:///{tmp_path / 'test.sqlite'}")) as opened:
        migrate(opened)
        yield opened


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads do not know the virtual clock; the calls are short, so they may be made in place."""

    async def in_place(call: Any, *args: Any) -> Any:  # noqa: ANN401
        return call(*args)

    monkeypatch.setattr(asyncio, "to_thread", in_place)


async def _closed(stream: Subscription) -> None:
    closed = asyncio.Event()
    stream.mailbox.on_close(closed.set)
    await closed.wait()


def hub() -> Hub:
    return Hub(PlantImage(bench(), virtual_moment()), virtual_moment)


def test_failed_work_is_begun_again_ever_more_slowly_until_it_succeeds() -> None:
    begun_s: list[float] = []

    async def work() -> None:
        begun_s.append(asyncio.get_running_loop().time())
        if len(begun_s) < 5:
            raise RuntimeError("broken")

    in_virtual_time(keep_running("test", work))

    pauses = [b - a for a, b in pairwise(begun_s)]
    assert pauses == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S, 8 * FIRST_PAUSE_S]


def test_cancelled_work_ends() -> None:
    async def scenario() -> None:
        task = asyncio.create_task(keep_running("test", partial(asyncio.sleep, 3600)))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_virtual_time(scenario())


def test_events_that_came_while_the_database_was_away_are_told_once(
    database: FlakyDatabase,
) -> None:
    def tell(run: str) -> None:
        with database.writing() as session:
            publish(session, "run", {"id": run}, audience=Audience.STAFF)

    async def scenario() -> bytes:
        tell("before anybody looked")
        floor = hub()
        feed = OutboxFeed(database, floor)
        await feed.begin()
        running = asyncio.create_task(feed.run())
        with floor.subscribe(OPERATOR, user="u", session="s") as stream:
            await stream.mailbox.take(0.1)
            tell("first")
            await asyncio.sleep(1)
            database.away = True
            tell("second")
            await asyncio.sleep(5)
            database.away = False
            await asyncio.sleep(RETRY_S + 1)
            running.cancel()
            return await stream.mailbox.take(0.1)

    told = in_virtual_time(scenario())

    assert told.count(b"event: run") == 2
    assert told.index(b"first") < told.index(b"second")


def test_a_stream_whose_session_does_not_stand_ends(database: FlakyDatabase) -> None:
    async def scenario() -> float:
        floor = hub()
        watching = asyncio.create_task(SessionWatch(database, floor).run())
        with floor.subscribe(OPERATOR, user="u", session="unheard of") as stream:
            await _closed(stream)
            watching.cancel()
            assert stream.mailbox.closed == "session-ended"
            return asyncio.get_running_loop().time()

    assert in_virtual_time(scenario()) <= CHECK_S + 0.2


def test_streams_do_not_outlive_a_database_that_cannot_say_whether_sessions_stand(
    database: FlakyDatabase,
) -> None:
    async def scenario() -> float:
        database.away = True
        floor = hub()
        watching = asyncio.create_task(SessionWatch(database, floor).run())
        with floor.subscribe(OPERATOR, user="u", session="s") as stream:
            await _closed(stream)
            watching.cancel()
            assert stream.mailbox.closed == "session-unknown"
            return asyncio.get_running_loop().time()

    assert AWAY_S <= in_virtual_time(scenario()) <= AWAY_S + 2 * CHECK_S
