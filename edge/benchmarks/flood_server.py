"""An OPC UA server that answers publish requests with prepared bytes, faster than any client reads.

asyncua's own server spends about 50 µs on a value and so measures itself. This one is asyncua's,
with sessions and services untouched, except that subscriptions take any item and fill their
messages from a NumPy array. A word on standard input commands, JSON lines on standard output tell.

    flood N   send N values as fast as clients ask for them
    pace      send one value of every item each publishing interval, until told otherwise
    rest      send no more than keep-alives
"""

import argparse
import asyncio
import json
import logging
import struct
import sys
import time

import numpy as np
from asyncua import ua
from asyncua.server import subscription_service
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.server import Server

_TICKS_1970 = 116_444_736_000_000_000
_VALUE_SOURCE_SERVER = 0x0D
_DOUBLE = 11
_KEEP_ALIVE_EVERY_S = 1.0
_ROW = np.dtype(
    [
        ("handle", "<u4"),
        ("mask", "u1"),
        ("kind", "u1"),
        ("value", "<f8"),
        ("source", "<i8"),
        ("server", "<i8"),
    ]
)
_MOST_ITEMS_PER_MESSAGE = 2_000


def ticks_now() -> int:
    """Return the present as an OPC UA time."""
    return time.time_ns() // 100 + _TICKS_1970


class Items:
    """Takes every monitored item it is asked for."""

    def __init__(self) -> None:
        self.handles: list[int] = []
        self.unsent: list[int] = []

    async def create_monitored_items(
        self, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        """Grant what is asked; the first value of each item is due at once."""
        results = []
        for wish in params.ItemsToCreate:
            asked = wish.RequestedParameters
            self.handles.append(asked.ClientHandle)
            self.unsent.append(asked.ClientHandle)
            result = ua.MonitoredItemCreateResult()
            result.MonitoredItemId = len(self.handles)
            result.RevisedSamplingInterval = asked.SamplingInterval
            result.RevisedQueueSize = asked.QueueSize
            results.append(result)
        return results

    def delete_all_monitored_items(self) -> None:
        """Forget all items."""
        self.handles.clear()
        self.unsent.clear()


class Flood:
    """What all subscriptions are to send.

    Attributes:
        left: values still to send of a flood.
        pacing: whether each interval brings one value of every item, or of `changing` items.
        changing: items that change in each interval, one after the other; None for all.
        repeats: samples of every item in one message of a flood.
        sent: values sent, first values included.
    """

    def __init__(self, repeats: int) -> None:
        self.left = 0
        self.pacing = False
        self.changing: int | None = None
        self.repeats = repeats
        self.sent = 0
        self.subscriptions: list[FloodSubscription] = []


FLOOD = Flood(1)


class FloodSubscription(InternalSubscription):
    """A subscription whose messages come from an array."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.monitored_item_srv = Items()
        self._due: list[np.ndarray] = []
        self._spoke = time.monotonic()
        self._clock = 0
        self._turn = 0
        self._rng = np.random.default_rng(7)
        FLOOD.subscriptions.append(self)

    async def stop(self) -> None:
        """End and be forgotten."""
        if self in FLOOD.subscriptions:
            FLOOD.subscriptions.remove(self)
        await super().stop()

    async def publish_results(self, requestdata: object = None) -> bool:
        """Send what is due; called each interval, and with each request while something waits."""
        if requestdata is None:
            self._tick()
        elif not self._waits() and not self._alive_due():
            return False
        used = requestdata is not None
        while self._waits() or self._alive_due():
            if requestdata is None:
                requestdata = self.pub_request_callback(self.data.SubscriptionId)
            if requestdata is None:
                return used
            self._answer(requestdata)
            used, requestdata = True, None
        return used

    def _alive_due(self) -> bool:
        return time.monotonic() - self._spoke > _KEEP_ALIVE_EVERY_S

    def _waits(self) -> bool:
        return bool(self._due or self.monitored_item_srv.unsent or FLOOD.left > 0)

    def _tick(self) -> None:
        if FLOOD.pacing and not self._due and self.monitored_item_srv.handles:
            handles = self.monitored_item_srv.handles
            if FLOOD.changing is not None:
                self._turn = (self._turn + FLOOD.changing) % len(handles)
                handles = (handles[self._turn :] + handles[: self._turn])[: FLOOD.changing]
            rows = self._rows(handles, 1)
            self._due = np.array_split(rows, -(-len(rows) // _MOST_ITEMS_PER_MESSAGE))

    def _next(self) -> np.ndarray:
        items: Items = self.monitored_item_srv
        if items.unsent:
            rows = self._rows(items.unsent[:_MOST_ITEMS_PER_MESSAGE], 1)
            del items.unsent[:_MOST_ITEMS_PER_MESSAGE]
            return rows
        if self._due:
            return self._due.pop(0)
        if FLOOD.left > 0:
            rows = self._rows(items.handles, FLOOD.repeats)[: FLOOD.left]
            FLOOD.left -= len(rows)
            return rows
        return self._rows([], 1)

    def _rows(self, handles: list[int], repeats: int) -> np.ndarray:
        rows = np.empty(len(handles) * repeats, _ROW)
        rows["handle"] = np.repeat(np.array(handles, np.uint32), repeats)
        rows["mask"], rows["kind"] = _VALUE_SOURCE_SERVER, _DOUBLE
        rows["value"] = np.round(50 + self._rng.normal(0, 5, len(rows)), 3)
        self._clock = max(ticks_now(), self._clock + 10_000 * repeats)
        steps = np.tile(np.arange(1 - repeats, 1) * 10_000, len(handles))
        rows["source"] = self._clock + steps
        rows["server"] = rows["source"] + 2_000
        return rows

    def _answer(self, request: object) -> None:
        rows = self._next()
        self._spoke = time.monotonic()
        processor = self.pub_request_callback.__self__
        body = self._body(rows, request)
        data = processor._connection.message_to_binary(  # noqa: SLF001 - asyncua has no way to send bytes
            body, message_type=ua.MessageType.SecureMessage, request_id=request.seqhdr.RequestId
        )
        processor._transport.write(data)  # noqa: SLF001
        if len(rows):
            self._notification_seq += 1
            FLOOD.sent += len(rows)

    def _body(self, rows: np.ndarray, request: object) -> bytes:
        """Return a PublishResponse (OPC 10000-4, 5.14.5) with one DataChangeNotification."""
        now = ticks_now()
        part = b""
        if len(rows):
            change = struct.pack("<i", len(rows)) + rows.tobytes() + b"\xff\xff\xff\xff"
            part = b"\x01\x00\x2b\x03\x01" + struct.pack("<i", len(change)) + change
        results = request.results or []
        return b"".join(
            (
                b"\x01\x00\x3d\x03",
                struct.pack("<qII", now, request.requesthdr.RequestHandle, 0),
                b"\x00\xff\xff\xff\xff\x00\x00\x00",
                struct.pack("<Ii?", self.data.SubscriptionId, 0, False),
                struct.pack("<Iqi", self._notification_seq, now, 1 if part else 0),
                part,
                struct.pack(f"<i{len(results)}I", len(results), *(each.value for each in results)),
                b"\xff\xff\xff\xff",
            )
        )


async def commands() -> asyncio.StreamReader:
    """Return standard input as a stream."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def say(**facts: object) -> None:
    """Tell the benchmark."""
    print(json.dumps(facts), flush=True)


async def report() -> None:
    """Tell what was sent, each fifth of a second while it changes."""
    before = (-1, -1)
    while True:
        items = sum(len(each.monitored_item_srv.handles) for each in FLOOD.subscriptions)
        now = (items, FLOOD.sent)
        if now != before:
            say(items=items, sent=FLOOD.sent, left=FLOOD.left)
            before = now
        await asyncio.sleep(0.2)


async def obey(word: str) -> None:
    """Carry a command out."""
    verb, _, count = word.partition(" ")
    FLOOD.pacing = verb == "pace"
    FLOOD.changing = int(count) if FLOOD.pacing and count else None
    FLOOD.left = int(count) if verb == "flood" else 0
    for each in list(FLOOD.subscriptions):
        await each.publish_results()


async def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--repeats", type=int, default=2)
    wishes = parser.parse_args()
    FLOOD.repeats = wishes.repeats
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    subscription_service.InternalSubscription = FloodSubscription
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{wishes.port}/flood")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    await server.register_namespace("urn:pilotline:bench")
    async with server:
        say(ready=True)
        telling = asyncio.ensure_future(report())
        reader = await commands()
        while word := (await reader.readline()).decode().strip():
            await obey(word)
        telling.cancel()


if __name__ == "__main__":
    asyncio.run(main())
