"""One stream as the browser meets it, on a clock that jumps."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from starlette.types import Message

from pilotline_api.live.audience import ReaderGroup, ReaderKind
from pilotline_api.live.event_stream import (
    CLOSING_S,
    KEEP_ALIVE_S,
    STALLED_S,
    STREAM_LIFE_S,
    EventStream,
)
from pilotline_api.live.hub import Hub, Subscription
from pilotline_api.live.plant_image import PlantImage
from tests.api.live.floor import bench
from tests.api.live.virtual_time import in_virtual_time, virtual_moment


class Browser:
    """A reader at the other end of a stream."""

    def __init__(self, group: ReaderGroup) -> None:
        self.hub = Hub(PlantImage(bench(), virtual_moment()), virtual_moment)
        self.group = group
        self.got: list[tuple[float, bytes]] = []
        self.started: Message | None = None
        self.complete = False
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = message
            return
        await self.reads.wait()
        if message["body"]:
            self.got.append((asyncio.get_running_loop().time(), message["body"]))
        self.complete = not message["more_body"]

    def watch(self) -> "asyncio.Task[None]":
        subscribe: Callable[[], AbstractContextManager[Subscription]]
        subscribe = lambda: self.hub.subscribe(self.group, user="u", session="s")  # noqa: E731
        return asyncio.create_task(EventStream(subscribe)({}, self.receive, self.send))

    @property
    def now_s(self) -> float:
        return asyncio.get_running_loop().time()


STAFF = ReaderGroup(ReaderKind.STAFF)
CUSTOMER = ReaderGroup(ReaderKind.CUSTOMER, "acme")


def test_a_stream_tells_how_to_come_back_and_then_the_whole_plant() -> None:
    async def scenario() -> None:
        browser = Browser(STAFF)
        watching = browser.watch()
        await asyncio.sleep(0.1)

        assert browser.started is not None
        assert (b"content-type", b"text/event-stream; charset=utf-8") in browser.started["headers"]
        assert (b"x-accel-buffering", b"no") in browser.started["headers"]
        assert not any(name == b"content-length" for name, _ in browser.started["headers"])
        assert browser.got[0][1] == b"retry: 1000\n\n"
        assert browser.got[1][1].startswith(b"event: snapshot\ndata: {")

        browser.hub.close()
        await watching

    in_virtual_time(scenario())


def test_a_quiet_stream_is_kept_alive_every_five_seconds() -> None:
    async def scenario() -> None:
        browser = Browser(CUSTOMER)
        watching = browser.watch()
        await asyncio.sleep(21)
        browser.hub.close()
        await watching

        comments = [at for at, body in browser.got if body == b": keep-alive\n\n"]
        assert comments[:4] == [KEEP_ALIVE_S * each for each in (1, 2, 3, 4)]

    in_virtual_time(scenario())


def test_a_stream_ends_after_ten_minutes() -> None:
    async def scenario() -> None:
        browser = Browser(STAFF)
        await browser.watch()

        assert browser.now_s == STREAM_LIFE_S
        assert browser.complete
        assert browser.hub.subscriptions == ()

    in_virtual_time(scenario())


@pytest.mark.parametrize("reads", [True, False])
def test_closing_the_hub_ends_a_stream_at_once_even_amid_a_stalled_write(reads: bool) -> None:
    async def scenario() -> None:
        browser = Browser(STAFF)
        if not reads:
            browser.reads.clear()
        watching = browser.watch()
        await asyncio.sleep(3)

        browser.hub.close()
        await watching

        assert browser.now_s - 3 <= 2 * CLOSING_S + 1e-6
        assert browser.complete == reads

    in_virtual_time(scenario())


def test_a_reader_that_takes_nothing_is_let_go() -> None:
    async def scenario() -> None:
        browser = Browser(STAFF)
        watching = browser.watch()
        await asyncio.sleep(1)
        browser.reads.clear()
        stalled_s = browser.now_s
        await watching

        assert browser.now_s - stalled_s <= KEEP_ALIVE_S + STALLED_S + CLOSING_S
        assert browser.hub.subscriptions == ()

    in_virtual_time(scenario())


def test_a_reader_that_leaves_frees_its_stream() -> None:
    async def scenario() -> None:
        browser = Browser(STAFF)
        watching = browser.watch()
        await asyncio.sleep(1)

        browser.gone.set()
        await watching

        assert browser.now_s == 1
        assert browser.hub.subscriptions == ()

    in_virtual_time(scenario())


def test_a_stream_that_is_cancelled_frees_itself() -> None:
    async def scenario() -> None:
        browser = Browser(STAFF)
        watching = browser.watch()
        await asyncio.sleep(1)

        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching

        assert browser.hub.subscriptions == ()
        browser.hub.close()

    in_virtual_time(scenario())
