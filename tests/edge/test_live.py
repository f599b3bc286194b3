"""Live values go outward, newest wins, and nothing waits for them."""

import asyncio
import json
import math
from collections.abc import Callable, Coroutine
from typing import Any

import async_solipsism
import httpx
from structlog.testing import capture_logs

from pilotline_edge.live.feed import ConditionRow, LinkState, LiveFeed


class Api:
    """Answers pushes as told and keeps them.

    Attributes:
        answer: status code of the next answers, or None for no connection.
        pushes: loop time and body of each push that was answered well.
        said: body of the next answers.
    """

    def __init__(self) -> None:
        self.answer: int | None = 204
        self.pushes: list[tuple[float, dict[str, Any]]] = []
        self.authorization: str | None = None
        self.attempts = 0
        self.said = ""

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.attempts += 1
        self.authorization = request.headers.get("authorization")
        if self.answer is None:
            raise httpx.ConnectError("planted")
        if self.answer in (200, 204):
            now = asyncio.get_running_loop().time()
            self.pushes.append((now, json.loads(request.content)))
        return httpx.Response(self.answer, text=self.said)

    def values(self) -> list[list[Any]]:
        return [row for _, body in self.pushes for row in body["values"]]


def feed(api: Api, states: dict[str, LinkState] | None = None) -> LiveFeed:
    known = states if states is not None else {"mill-1": LinkState(True, 5, None)}
    return LiveFeed(
        "http://api", "secret", "edge-1", lambda: known, httpx.MockTransport(api.handle)
    )


def in_virtual_time(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = async_solipsism.EventLoop()
    try:
        loop.run_until_complete(work())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def running(live: LiveFeed, seconds: float) -> None:
    task = asyncio.ensure_future(live.run())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_only_the_newest_value_of_a_tag_is_sent() -> None:
    async def work() -> None:
        api = Api()
        live = feed(api)
        live.put("mill-1", "speed", 20, 2.0, 0)
        live.put("mill-1", "speed", 30, 3.0, 0)
        live.put("mill-1", "speed", 10, 1.0, 0)
        await running(live, 0.1)
        assert api.values() == [["mill-1", "speed", 30, 3.0, 0]]
        assert api.authorization == "Bearer secret"

    in_virtual_time(work)


def test_long_words_of_an_error_cost_no_push() -> None:
    async def work() -> None:
        api = Api()
        cause = "certificate \udcff refused " * 99
        known = {"mill-1": LinkState(False, 5, cause), "mill-2": LinkState(True, 5, None)}
        live = LiveFeed(
            "http://api", None, "edge" * 99, lambda: known, httpx.MockTransport(api.handle)
        )
        live.put("mill-2", "note", 1, "\ud800" * 999, 0)
        await running(live, 0.1)
        ((_, pushed),) = api.pushes
        assert len(pushed["agent"]) == 64
        assert len(pushed["connections"]["mill-1"]["cause"]) == 256
        assert pushed["connections"]["mill-2"]["connected"] is True
        assert pushed["values"] == [["mill-2", "note", 1, "?" * 256, 0]]

    in_virtual_time(work)


def test_what_the_api_did_not_take_of_a_push_is_logged_once_and_the_push_counts() -> None:
    async def work() -> None:
        api = Api()
        api.answer, api.said = 200, '{"refused": 1, "errors": []}'
        live = feed(api)
        with capture_logs() as logs:
            await running(live, 9.0)
        assert live.problem is None
        assert live.pushed == len(api.pushes) > 2
        told = [each["answer"] for each in logs if each["event"] == "edge.live_partly_refused"]
        assert told == [api.said]

    in_virtual_time(work)


def test_changes_are_sent_five_times_a_second_and_silence_costs_a_push_each_two() -> None:
    async def work() -> None:
        api = Api()
        live = feed(api)
        task = asyncio.ensure_future(live.run())
        for at in range(20):
            live.put("mill-1", "speed", at + 1, float(at), 0)
            await asyncio.sleep(0.1)
        assert 9 <= len(api.pushes) <= 11
        before = len(api.pushes)
        await asyncio.sleep(10.0)
        quiet = api.pushes[before:]
        assert 4 <= len(quiet) <= 6
        assert all(body["connections"]["mill-1"]["connected"] for _, body in quiet)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    in_virtual_time(work)


def test_what_holds_at_a_machine_is_told_whole_at_once_and_every_two_seconds() -> None:
    async def work() -> None:
        api = Api()
        holding: dict[str, list[ConditionRow]] = {"mill-1": []}
        hot: ConditionRow = ("ns=2;i=7", "Hot", "Spindle", 700, "too hot", 5)
        live = LiveFeed(
            "http://api",
            "secret",
            "edge-1",
            dict,
            httpx.MockTransport(api.handle),
            conditions=lambda: holding,
        )
        task = asyncio.ensure_future(live.run())
        await asyncio.sleep(0.5)
        assert api.pushes[-1][1]["conditions"] == {"mill-1": []}
        holding["mill-1"] = [hot]
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(0.5)
        at, body = api.pushes[-1]
        assert at - begun <= 0.2
        assert body["conditions"] == {"mill-1": [list(hot)]}
        await asyncio.sleep(4.0)
        assert api.pushes[-1][0] > at
        assert api.pushes[-1][1]["conditions"] == {"mill-1": [list(hot)]}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    in_virtual_time(work)


def test_a_lost_machine_is_told_at_once() -> None:
    async def work() -> None:
        api = Api()
        states = {"mill-1": LinkState(True, 5, None)}
        live = feed(api, states)
        task = asyncio.ensure_future(live.run())
        await asyncio.sleep(0.5)
        states["mill-1"] = LinkState(False, 9, "cut")
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(0.5)
        at, body = api.pushes[-1]
        assert body["connections"]["mill-1"] == {"connected": False, "since_ms": 9, "cause": "cut"}
        assert at - begun <= 0.3
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    in_virtual_time(work)


def test_an_api_that_comes_back_gets_the_newest_value_of_every_tag() -> None:
    async def work() -> None:
        api = Api()
        live = feed(api)
        task = asyncio.ensure_future(live.run())
        live.put("mill-1", "speed", 1, 1.0, 0)
        live.put("mill-1", "state", 1, "Execute", 0)
        await asyncio.sleep(0.5)
        api.answer = None
        live.put("mill-1", "speed", 2, 2.0, 0)
        await asyncio.sleep(30.0)
        assert "planted" in str(live.problem)
        attempts = api.attempts
        assert attempts < 40, "an absent API is not hammered"
        api.answer, api.pushes = 204, []
        await asyncio.sleep(3.0)
        assert sorted(api.pushes[0][1]["values"]) == [
            ["mill-1", "speed", 2, 2.0, 0],
            ["mill-1", "state", 1, "Execute", 0],
        ]
        assert live.problem is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    in_virtual_time(work)


def test_floats_that_json_cannot_write_travel_as_words() -> None:
    async def work() -> None:
        api = Api()
        live = feed(api)
        for tag, value in (("a", math.nan), ("b", math.inf), ("c", -math.inf), ("d", None)):
            live.put("mill-1", tag, 1, value, 0)
        await running(live, 0.1)
        assert [row[3] for row in api.values()] == ["NaN", "Infinity", "-Infinity", None]

    in_virtual_time(work)


def test_ten_thousand_tags_and_endless_texts_do_not_make_a_push_the_api_refuses() -> None:
    async def work() -> None:
        api = Api()
        live = feed(api)
        for number in range(10_000):
            live.put("mill-1", f"tag-{number}", 1, "x" * 100_000, 0)
        await running(live, 3.0)
        assert len(api.values()) == 10_000
        assert max(len(json.dumps(body)) for _, body in api.pushes) < 1_000_000

    in_virtual_time(work)
