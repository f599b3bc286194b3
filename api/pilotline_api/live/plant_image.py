"""The plant as last heard: newest value of each tag and the connection of each machine."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pilotline_api.live.clock import Moment
from pilotline_api.live.push import EdgePush, Holding, PushedConnection, PushedValue
from pilotline_api.live.reading import Applied, Connection, Reading, packml_state
from pilotline_api.live.wire import MAX_TEXT, WireValue, wire_value
from pilotline_historian.sample import Sample
from pilotline_plant import Plant, Tag

EDGE_SILENCE_S: Final = 6.0
"""An agent names each connection every two seconds; three missed turns mean it is gone."""

CLOCK_TOLERANCE_NS: Final = 60 * 1_000_000_000
"""How far a machine's clock may run ahead before its values can be overtaken by older ones."""

LATE_PUSH_MS: Final = 10_000
"""A push older than its predecessor by up to this came late; by more, the agent's clock moved."""

MAX_AGENTS: Final = 256
"""Agents whose clocks are remembered; beyond it all are forgotten and learnt again."""


class _TagImage:
    """One tag's newest reading; `restored` until the edge has spoken of it."""

    __slots__ = ("machine", "reading", "restored", "tag")

    def __init__(self, machine: "_MachineImage", tag: Tag) -> None:
        self.machine = machine
        self.tag = tag
        self.reading: Reading | None = None
        self.restored = False


class _MachineImage:
    """One machine's tags, connection, state word and job."""

    __slots__ = ("connection", "heard_s", "heard_unix_ms", "id", "job", "state", "tags")

    def __init__(self, machine: str, tags: Iterable[Tag], began_ms: int) -> None:
        self.id = machine
        self.tags = {tag.id: _TagImage(self, tag) for tag in tags}
        self.connection = Connection(machine, False, began_ms, "edge-silent")
        self.heard_s = float("-inf")
        self.heard_unix_ms = began_ms
        self.state: str | None = None
        self.job: str | None = None


_Item = tuple[_MachineImage, str, _TagImage | None]
"""A thing that can change: a tag, or the machine's ``connection``, ``state`` or ``job``."""


class PlantImage:
    """Newest value of each tag and the connection of each machine, with change tracking.

    Every change gets the next revision; `delta` answers what changed after one.

    Characteristics
        bounded: by the plant file; what the plant does not have is reported and not kept
        order: the newest source time wins; at the same source time the later arrival wins
        clocks: a source time further ahead than `CLOCK_TOLERANCE_NS` can be overtaken
        cost: a delta costs what changed, whatever the size of the plant
        thread-safe: no, it lives on the event loop

    Args:
        plant: whose machines and tags.
        now: since when nothing was heard.
    """

    def __init__(self, plant: Plant, now: Moment) -> None:
        self._machines = {
            machine.id: _MachineImage(machine.id, machine.tags, now.unix_ms)
            for machine in plant.machines
        }
        self._changed: dict[_Item, int] = {}
        self._sent_ms: dict[str, int] = {}
        self.revision = 0

    def restore(self, samples: Iterable[Sample]) -> int:
        """Take the historian's newest samples where nothing newer is held; return how many."""
        taken = 0
        for sample in samples:
            machine = self._machines.get(sample.series.machine)
            image = machine.tags.get(sample.series.tag) if machine else None
            if image is None or image.reading is not None:
                continue
            value = wire_value(sample.value)
            self._take(
                image, Reading(*sample.series[1:], sample.source_time_ns, value, sample.status)
            )
            image.restored = True
            taken += 1
        return taken

    def apply(self, push: EdgePush, now: Moment) -> Applied:
        """Take over what is newer in a push."""
        unknown: list[tuple[str, str]] = []
        readings, overtaken = self._apply_values(push.values, now, unknown)
        connections: list[Connection] = []
        conditions: Mapping[str, Holding] = {}
        if self._in_order(push):
            connections = list(self._apply_connections(push.connections, now, unknown))
            conditions = push.conditions
        return Applied(readings, connections, unknown, overtaken, conditions)

    def expire(self, now: Moment) -> list[Connection]:
        """Disconnect the machines that no agent has named for `EDGE_SILENCE_S`."""
        gone = []
        for machine in self._machines.values():
            if machine.connection.connected and now.monotonic_s - machine.heard_s > EDGE_SILENCE_S:
                lost = Connection(machine.id, False, machine.heard_unix_ms, "edge-silent")
                self._connect(machine, lost)
                gone.append(lost)
        return gone

    def connection(self, machine: str) -> Connection:
        """Return the connection of a machine.

        Raises:
            KeyError: the plant has no such machine.
        """
        return self._machines[machine].connection

    def connections(self) -> Iterator[Connection]:
        """Yield the connection of every machine, in plant order."""
        return (machine.connection for machine in self._machines.values())

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Return every machine as the stream's ``snapshot`` frame shows it."""
        return {machine.id: _whole(machine) for machine in self._machines.values()}

    def delta(self, since: int) -> dict[str, dict[str, Any]]:
        """Return what changed after revision `since`, shaped as the snapshot."""
        machines: dict[str, dict[str, Any]] = {}
        for item in reversed(self._changed):
            if self._changed[item] <= since:
                break
            _add(machines.setdefault(item[0].id, {}), item)
        return machines

    def _apply_values(
        self, values: Iterable[PushedValue], now: Moment, unknown: list[tuple[str, str]]
    ) -> tuple[list[Reading], int]:
        readings: list[Reading] = []
        overtaken = 0
        horizon_ns = now.unix_ms * 1_000_000 + CLOCK_TOLERANCE_NS
        for machine_id, tag_id, source_time_ns, pushed, status in values:
            machine = self._machines.get(machine_id)
            image = machine.tags.get(tag_id) if machine else None
            if image is None:
                unknown.append((machine_id, tag_id))
                continue
            held = image.reading
            if held is not None and source_time_ns < held.source_time_ns <= horizon_ns:
                overtaken += 1
                continue
            value = pushed[:MAX_TEXT] if type(pushed) is str else pushed
            reading = Reading(machine_id, tag_id, source_time_ns, value, status)
            if reading == held and not image.restored:
                continue
            image.restored = False
            self._take(image, reading)
            readings.append(reading)
        return readings, overtaken

    def _apply_connections(
        self,
        pushed: Mapping[str, PushedConnection],
        now: Moment,
        unknown: list[tuple[str, str]],
    ) -> Iterator[Connection]:
        for machine_id, said in pushed.items():
            machine = self._machines.get(machine_id)
            if machine is None:
                unknown.append((machine_id, ""))
                continue
            machine.heard_s, machine.heard_unix_ms = now
            connection = Connection(machine_id, said.connected, said.since_ms, said.cause)
            if connection != machine.connection:
                self._connect(machine, connection)
                yield connection

    def _in_order(self, push: EdgePush) -> bool:
        last_ms = self._sent_ms.get(push.agent, 0)
        if last_ms - LATE_PUSH_MS < push.sent_ms < last_ms:
            return False
        if len(self._sent_ms) >= MAX_AGENTS:
            self._sent_ms.clear()
        self._sent_ms[push.agent] = push.sent_ms
        return True

    def _connect(self, machine: _MachineImage, connection: Connection) -> None:
        machine.connection = connection
        self._mark((machine, "connection", None))

    def _take(self, image: _TagImage, reading: Reading) -> None:
        image.reading = reading
        machine = image.machine
        self._mark((machine, "value", image))
        if image.tag.role == "state":
            state = _state_word(reading)
            if state != machine.state:
                machine.state = state
                self._mark((machine, "state", None))
        elif image.tag.role == "job":
            job = _job(reading)
            if job != machine.job:
                machine.job = job
                self._mark((machine, "job", None))

    def _mark(self, item: _Item) -> None:
        self.revision += 1
        # Last changed stays last, so that a delta can stop at the first item that is old enough.
        self._changed.pop(item, None)
        self._changed[item] = self.revision


def _state_word(reading: Reading) -> str | None:
    state = None if reading.quality == "bad" else packml_state(reading.value)
    return state.word if state is not None else None


def _job(reading: Reading) -> str | None:
    if reading.quality == "bad" or not isinstance(reading.value, str):
        return None
    return reading.value or None


def _triple(reading: Reading) -> tuple[WireValue, int, str]:
    return reading.value, reading.source_time_ns // 1_000_000, reading.quality


def _whole(machine: _MachineImage) -> dict[str, Any]:
    return {
        "connected": machine.connection.connected,
        "since_ms": machine.connection.since_ms,
        "state": machine.state,
        "job": machine.job,
        "values": {
            tag: _triple(image.reading)
            for tag, image in machine.tags.items()
            if image.reading is not None
        },
    }


def _add(change: dict[str, Any], item: _Item) -> None:
    machine, what, image = item
    if image is not None and image.reading is not None:
        change.setdefault("values", {})[image.tag.id] = _triple(image.reading)
    elif what == "connection":
        change["connected"] = machine.connection.connected
        change["since_ms"] = machine.connection.since_ms
    elif what == "state":
        change["state"] = machine.state
    elif what == "job":
        change["job"] = machine.job
