"""The hub: who gets which frame, how often, and what it costs."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import pytest

from pilotline_api.errors import TooManyRequests
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.events import Audience, Event
from pilotline_api.live.audience import ReaderGroup, ReaderKind
from pilotline_api.live.frames import frame
from pilotline_api.live.hub import FRAME_INTERVAL_S, MAX_STREAMS_PER_USER, Hub, Subscription
from pilotline_api.live.plant_image import PlantImage
from tests.api.live.floor import GOOD, NOON_MS, NOON_NS, bench, push
from tests.api.live.virtual_time import in_virtual_time, virtual_moment

PLANNER = ReaderGroup(ReaderKind.PLANNER)
OPERATOR = ReaderGroup(ReaderKind.STAFF)
ACME = ReaderGroup(ReaderKind.CUSTOMER, "acme")
GLOBEX = ReaderGroup(ReaderKind.CUSTOMER, "globex")
EVERY_GROUP = (PLANNER, OPERATOR, ACME, GLOBEX)


class Floor:
    """An image, its hub, and readers that note what they get and when."""

    def __init__(self) -> None:
        self.image = PlantImage(bench(), virtual_moment())
        self.hub = Hub(self.image, virtual_moment)
        self.stack = ExitStack()
        self.count = 0

    def open(self, group: ReaderGroup, user: str = "someone") -> Subscription:
        return self.stack.enter_context(self.hub.subscribe(group, user=user, session="s"))

    def say(self, value: object, machine: str = "mixer") -> None:
        self.count += 1
        self.image.apply(
            push([(machine, "speed", NOON_NS + self.count, value, GOOD)]), virtual_moment()
        )
        self.hub.image_changed()


def scenario(work: Callable[[Floor], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Make a test of a coroutine that plays on a floor in virtual time."""

    def test() -> None:
        async def play() -> None:
            floor = Floor()
            with floor.stack:
                await work(floor)

        in_virtual_time(play())

    test.__doc__ = work.__doc__
    return test


def frames(data: bytes) -> list[tuple[str, Any]]:
    """Parse Server-Sent Events."""
    parsed = []
    for block in data.decode().split("\n\n")[:-1]:
        event, payload = block.split("\n")
        parsed.append((event.removeprefix("event: "), json.loads(payload.removeprefix("data: "))))
    return parsed


async def taken(stream: Subscription) -> list[tuple[str, Any]]:
    return frames(await stream.mailbox.take(0.01))


def event(audience: Audience, organisation: str | None = None, kind: str = "run") -> Event:
    return Event(
        id=1,
        kind=kind,
        audience=audience,
        organisation=organisation,
        payload={"id": "r1"},
        created_at=utc_now(),
    )


@scenario
async def test_the_first_frame_is_the_whole_plant(floor: Floor) -> None:
    floor.say(1.0)
    await asyncio.sleep(1)
    stream = floor.open(OPERATOR)

    [(kind, data)] = await taken(stream)

    assert kind == "snapshot"
    assert data["server_ms"] == NOON_MS + 1000
    assert set(data["machines"]) == {"mixer", "press", "oven"}
    assert data["machines"]["mixer"] == {
        "connected": False,
        "since_ms": NOON_MS,
        "state": None,
        "job": None,
        "values": {"speed": [1.0, NOON_MS, "good"]},
    }


@scenario
async def test_a_change_after_a_quiet_while_leaves_at_once(floor: Floor) -> None:
    stream = floor.open(OPERATOR)
    await taken(stream)
    await asyncio.sleep(10)
    now_s = asyncio.get_running_loop().time()

    floor.say(2.0)
    [(kind, data)] = await taken(stream)

    assert asyncio.get_running_loop().time() == now_s
    assert kind == "live"
    assert data["machines"] == {"mixer": {"values": {"speed": [2.0, NOON_MS, "good"]}}}


@scenario
async def test_news_of_no_change_sends_nothing_and_delays_nothing(floor: Floor) -> None:
    stream = floor.open(OPERATOR)
    await taken(stream)
    await asyncio.sleep(10)
    floor.hub.image_changed()
    assert await taken(stream) == []
    now_s = asyncio.get_running_loop().time()

    floor.say(2.0)
    [(kind, _)] = await taken(stream)

    assert (kind, asyncio.get_running_loop().time()) == ("live", now_s)


@scenario
async def test_at_most_five_frames_a_second_and_the_newest_value_in_each(floor: Floor) -> None:
    stream = floor.open(OPERATOR)
    await taken(stream)
    got: list[tuple[float, float]] = []

    async def read() -> None:
        while True:
            for _, data in frames(await stream.mailbox.take(60)):
                value = data["machines"]["mixer"]["values"]["speed"][0]
                got.append((asyncio.get_running_loop().time(), value))

    reading = asyncio.create_task(read())
    for count in range(1000):
        floor.say(count)
        await asyncio.sleep(0.01)
    await asyncio.sleep(1)
    reading.cancel()

    times = [at for at, _ in got]
    assert 49 <= len(times) <= 52
    assert min(b - a for a, b in pairwise(times)) >= FRAME_INTERVAL_S - 1e-6
    assert got[-1][1] == 999


@scenario
async def test_one_delayed_push_does_not_make_every_later_frame_late(floor: Floor) -> None:
    stream = floor.open(OPERATOR)
    await taken(stream)
    loop = asyncio.get_running_loop()
    waits_s: dict[int, float] = {}

    async def read() -> None:
        while True:
            for _, data in frames(await stream.mailbox.take(60)):
                number = data["machines"]["mixer"]["values"]["speed"][0]
                waits_s[number] = loop.time() - (number * 0.2 + (0.15 if number == 10 else 0))

    reading = asyncio.create_task(read())
    for number in range(60):
        await asyncio.sleep(number * 0.2 + (0.15 if number == 10 else 0) - loop.time())
        floor.say(number)
    await asyncio.sleep(1)
    reading.cancel()

    assert max(waits_s.values()) < 0.2
    assert [number for number, wait_s in waits_s.items() if wait_s > 0.01] == [11, 12, 13, 14, 15]
    assert len(waits_s) == 59


@scenario
async def test_the_last_change_always_arrives(floor: Floor) -> None:
    stream = floor.open(OPERATOR)
    await taken(stream)
    floor.say(1)
    floor.say(2)
    await taken(stream)

    await asyncio.sleep(FRAME_INTERVAL_S)
    [(_, data)] = await taken(stream)

    assert data["machines"]["mixer"]["values"]["speed"][0] == 2


@scenario
async def test_a_frame_is_encoded_once_however_many_read_it(floor: Floor) -> None:
    streams = [
        floor.open(group, f"user-{each}") for each in range(25) for group in (PLANNER, OPERATOR)
    ]
    for stream in streams:
        await taken(stream)
    encoded: list[str] = []
    real = frame

    def counted(kind: str, data: object) -> bytes:
        encoded.append(kind)
        return real(kind, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pilotline_api.live.hub.frame", counted)
        floor.say(1.0)
        floor.hub.deliver([event(Audience.EVERYONE)])

    assert encoded == ["live", "run"]
    first = await streams[0].mailbox.take(0.01)
    assert all([await each.mailbox.take(0.01) == first for each in streams[1:]])


@scenario
async def test_readers_that_connect_together_share_one_snapshot(floor: Floor) -> None:
    streams = [floor.open(OPERATOR, f"user-{each}") for each in range(50)]

    snapshots = {id(await each.mailbox.take(0.01)) for each in streams}

    assert len(snapshots) == 1


@scenario
async def test_the_clock_in_a_snapshot_is_right_even_when_nothing_has_changed(floor: Floor) -> None:
    await taken(floor.open(OPERATOR))
    await asyncio.sleep(60)

    [(_, data)] = await taken(floor.open(OPERATOR))

    assert data["server_ms"] == NOON_MS + 60_000


@scenario
async def test_without_a_staff_stream_no_frame_is_made(floor: Floor) -> None:
    floor.open(ACME)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "pilotline_api.live.hub.frame", lambda *_: pytest.fail("encoded a frame for nobody")
        )
        for count in range(10):
            floor.say(count)
            await asyncio.sleep(0.1)


@scenario
async def test_what_changed_while_nobody_looked_is_in_the_snapshot(floor: Floor) -> None:
    await taken(floor.open(OPERATOR))
    floor.stack.close()
    floor.say(5.0)
    await asyncio.sleep(1)
    stream = floor.open(OPERATOR)

    [(kind, data)] = await taken(stream)
    floor.say(6.0, machine="press")
    [(_, delta)] = await taken(stream)

    assert kind == "snapshot"
    assert data["machines"]["mixer"]["values"]["speed"][0] == 5.0
    assert set(delta["machines"]) == {"press"}


@scenario
async def test_a_slow_reader_does_not_slow_the_others(floor: Floor) -> None:
    slow, quick = floor.open(OPERATOR), floor.open(OPERATOR)
    await taken(slow)
    await taken(quick)
    for count in range(20):
        floor.say(count)
        [(kind, data)] = await taken(quick)
        assert (kind, data["machines"]["mixer"]["values"]["speed"][0]) == ("live", count)
        await asyncio.sleep(2 * FRAME_INTERVAL_S)

    [(kind, data)] = await taken(slow)

    assert kind == "snapshot"
    assert data["machines"]["mixer"]["values"]["speed"][0] == 19


@scenario
async def test_customers_get_no_machine_data_at_all(floor: Floor) -> None:
    stream = floor.open(ACME)
    floor.say(1.0)
    await asyncio.sleep(1)
    floor.say(2.0)

    assert await taken(stream) == [("snapshot", {"server_ms": NOON_MS + 1000, "machines": {}})]
    await asyncio.sleep(1)
    assert await taken(stream) == []


@pytest.mark.parametrize(
    ("audience", "organisation", "expected"),
    [
        (Audience.EVERYONE, None, {PLANNER, OPERATOR, ACME, GLOBEX}),
        (Audience.STAFF, None, {PLANNER, OPERATOR}),
        (Audience.PLANNERS, None, {PLANNER}),
        (Audience.ORGANISATION, "acme", {PLANNER, OPERATOR, ACME}),
        (Audience.ORGANISATION, None, {PLANNER, OPERATOR}),
    ],
)
def test_an_event_reaches_its_audience_and_nobody_else(
    audience: Audience, organisation: str | None, expected: set[ReaderGroup]
) -> None:
    async def play() -> None:
        floor = Floor()
        with floor.stack:
            streams = [floor.open(group) for group in EVERY_GROUP]
            for stream in streams:
                await taken(stream)

            floor.hub.deliver([event(audience, organisation)])

            reached = {each.group for each in streams if await taken(each)}
            assert reached == expected

    in_virtual_time(play())


@scenario
async def test_hostile_text_stays_inside_its_frame(floor: Floor) -> None:
    stream = floor.open(OPERATOR)
    await taken(stream)
    hostile = "x\n\nevent: alarm\ndata: {}\r\n\n<script>alert(1)</script>\u2028\x00"

    floor.say(hostile)
    raw = await stream.mailbox.take(0.01)

    [(kind, data)] = frames(raw)
    assert kind == "live"
    assert data["machines"]["mixer"]["values"]["speed"][0] == hostile
    assert raw.count(b"\n") == 3
    assert len(raw.decode().splitlines()) == 3


@scenario
async def test_one_user_cannot_take_every_stream(floor: Floor) -> None:
    for _ in range(MAX_STREAMS_PER_USER):
        floor.open(OPERATOR, "greedy")

    with pytest.raises(TooManyRequests):
        floor.open(OPERATOR, "greedy")
    floor.open(OPERATOR, "modest")


@scenario
async def test_closing_ends_every_stream_and_each_that_comes_later(floor: Floor) -> None:
    early = floor.open(OPERATOR)
    floor.hub.close()
    late = floor.open(OPERATOR)
    floor.say(1.0)

    assert early.mailbox.closed == late.mailbox.closed == "shutdown"
    assert await taken(early) == await taken(late) == []


@scenario
async def test_only_the_named_streams_end(floor: Floor) -> None:
    revoked, other = floor.open(OPERATOR), floor.open(OPERATOR)

    floor.hub.end([revoked], "session-ended")

    assert revoked.mailbox.closed == "session-ended"
    assert other.mailbox.closed is None
