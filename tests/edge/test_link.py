"""Messages that come twice, out of line, or not at all."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary

from pilotline_edge.connection.session import SessionSettings
from pilotline_edge.errors import SubscriptionLost
from pilotline_edge.fleet.fleet import recall
from pilotline_edge.journal import Journal
from pilotline_edge.journal.reader import BacklogReader
from pilotline_edge.link.intake import Intake
from pilotline_edge.link.link import MachineLink
from pilotline_edge.link.series import series_of
from pilotline_edge.link.state import begun
from pilotline_edge.subscription.items import handles_of
from pilotline_edge.subscription.publication import OVERFLOW, ChangeColumns, Changes, Publication
from pilotline_historian import COVERED, Gap
from tests.edge.plants import machine, tag

MS = 1_000_000
START = 1_700_000_000_000 * MS
READ = machine("opc.tcp://127.0.0.1:1/x", [tag("a")])


@dataclass
class Services:
    """What the server still has to send again."""

    kept: dict[int, ua.NotificationMessage] = field(default_factory=dict)

    @property
    def uaclient(self) -> "Services":
        return self

    async def ask(self, request: ua.RepublishRequest, timeout_s: float) -> Buffer:
        del timeout_s
        message = self.kept.get(request.Parameters.RetransmitSequenceNumber)
        if message is None:
            raise ua.uaerrors.BadMessageNotAvailable
        response = ua.RepublishResponse()
        response.NotificationMessage = message
        return Buffer(struct_to_binary(response))


HANDLE = handles_of(["a"])["a"]
"""Number of the only item."""


@dataclass
class Session:
    """A session that can only republish."""

    machine: Any = READ
    services: Services = field(default_factory=Services)
    settings: SessionSettings = field(default_factory=SessionSettings)

    @property
    def client(self) -> Services:
        return self.services


class Rig:
    """A link in front of a real journal, without a server."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.sqlite"
        self.journal = Journal.open(self.path, series_of(READ))
        self.state = begun("mill-1")
        self.session = Session()
        session: Any = self.session
        coverage = recall(READ, self.journal)
        coverage.known.last["a"] = START
        coverage._opening = None
        intake = Intake(READ, coverage, self.journal, self.state, None)
        intake.losses.barren.add("a")  # a server without history: gaps wait for nothing
        self.link = MachineLink(session, intake, self.state)
        (self.subscription,) = self.link._streams.subscriptions
        self.subscription.subscription_id = 7
        self.subscription.items[0].accepted(1, 100)

    def kept(self) -> tuple[list[float], list[Gap]]:
        """Return the values and gaps in the journal."""
        reader = BacklogReader(self.path)
        try:
            backlog = reader.read(10_000)
        finally:
            reader.close()
        return [float(str(sample.value)) for sample in backlog.samples], backlog.gaps


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.journal.close()


def message(sequence: int, *, status: int = 0, values: int = 1) -> Publication:
    at = START + sequence * 1000 * MS
    changes: Any = [
        (HANDLE, float(sequence * 100 + index), status, at + index, None) for index in range(values)
    ]
    return Publication(7, sequence, at + 50 * MS, False, changes)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


async def _take(rig: Rig, publication: Publication) -> Any:  # noqa: ANN401 - acknowledgements
    taken = await rig.link._messages.take(publication)
    if taken.durable is not None:
        await taken.durable
    return taken.acknowledgements


def test_a_message_that_comes_twice_is_kept_once_and_acknowledged_again(rig: Rig) -> None:
    async def work() -> None:
        assert await _take(rig, message(1)) == ((7, 1),)
        assert await _take(rig, message(1)) == ((7, 1),)

    run(work)
    assert rig.kept() == ([100.0], [])
    assert rig.state.duplicates == 1


def _kept(sequence: int) -> ua.NotificationMessage:
    """Return a message as the server would send it again."""
    at = datetime.fromtimestamp(START / 1e9 + sequence, UTC)
    kept: Any = ua.NotificationMessage()
    kept.SequenceNumber = sequence
    kept.PublishTime = at + timedelta(milliseconds=50)
    part: Any = ua.DataChangeNotification()
    item: Any = ua.MonitoredItemNotification()
    item.ClientHandle = HANDLE
    item.Value = ua.DataValue(ua.Variant(sequence * 100.0, ua.VariantType.Double))
    item.Value.SourceTimestamp = at
    part.MonitoredItems.append(item)
    kept.NotificationData = [part]
    return kept  # type: ignore[no-any-return]


def test_what_the_server_has_of_missing_messages_is_taken_whichever_it_forgot(rig: Rig) -> None:
    """Asyncua's server forgets what it sent again to an agent that was killed meanwhile."""
    rig.session.services.kept = {3: _kept(3), 5: _kept(5)}

    async def work() -> None:
        await _take(rig, message(1))
        assert await _take(rig, message(6)) == ((7, 6),)

    run(work)
    values, gaps = rig.kept()
    assert values == [100.0, 300.0, 500.0, 600.0]
    assert [(gap.start_ns, gap.end_ns) for gap in gaps] == [
        (START + 1000 * MS, START + 3050 * MS),
        (START + 3000 * MS, START + 5050 * MS),
    ]
    assert rig.state.missing == 2


def test_messages_missing_in_the_sequence_are_asked_for_again(rig: Rig) -> None:
    rig.session.services.kept[2] = _kept(2)

    async def work() -> None:
        await _take(rig, message(1))
        await _take(rig, message(3))

    run(work)
    assert rig.kept() == ([100.0, 200.0, 300.0], [])
    assert rig.state.missing == 0


def test_messages_the_server_no_longer_has_are_a_declared_gap(rig: Rig) -> None:
    async def work() -> None:
        await _take(rig, message(1))
        await _take(rig, message(4))

    run(work)
    values, (gap,) = rig.kept()
    assert values == [100.0, 400.0]
    assert rig.state.missing == 2
    assert gap.cause == "messages-lost"
    assert gap.start_ns == START + 1000 * MS
    assert gap.end_ns == START + 4050 * MS


def test_a_message_lost_before_a_long_outage_is_a_gap_no_longer_than_what_it_held(rig: Rig) -> None:
    """The message that arrives after a minute holds all that the server queued in it."""
    queued: Any = [(HANDLE, float(s), 0, START + s * 1000 * MS, None) for s in range(3, 60)]

    async def work() -> None:
        await _take(rig, message(1))
        await _take(rig, Publication(7, 3, START + 60_000 * MS, False, queued))

    run(work)
    values, (gap,) = rig.kept()
    assert len(values) == 58
    assert (gap.tag, gap.start_ns, gap.end_ns) == ("a", START + 1000 * MS, START + 3000 * MS)


def test_what_is_on_disk_only_after_the_server_restarted_is_not_acknowledged_to_it(
    rig: Rig,
) -> None:
    """Another run of a server counts its subscriptions and messages from the same numbers."""

    async def work() -> None:
        rig.session.services.kept = {1: _kept(1)}
        await rig.link._messages.take_again(message(1))
        rig.link._forget_server()
        rig.link._messages.acknowledge.append((7, 9))
        await asyncio.sleep(0.2)
        assert rig.kept()[0] == [100.0], "it is on disk"
        assert rig.link._messages.acknowledge == [(7, 9)]

    run(work)


def test_a_keep_alive_shows_missing_messages_too(rig: Rig) -> None:
    async def work() -> None:
        await _take(rig, message(1))
        assert await _take(rig, Publication(7, 3, START + 9000 * MS, False, [])) == ()

    run(work)
    _, (gap,) = rig.kept()
    assert gap.cause == "messages-lost"


def test_the_overflow_bit_is_a_declared_gap(rig: Rig) -> None:
    async def work() -> None:
        await _take(rig, message(1))
        await _take(rig, message(2, status=OVERFLOW))

    run(work)
    _, (gap,) = rig.kept()
    assert (gap.tag, gap.cause) == ("a", "queue-overflow")
    assert (gap.start_ns, gap.end_ns) == (START + 1000 * MS, START + 2000 * MS)


def test_a_full_queue_counts_as_an_overflown_one(rig: Rig) -> None:
    async def work() -> None:
        await _take(rig, message(1))
        await _take(rig, message(2, values=100))

    run(work)
    _, (gap,) = rig.kept()
    assert gap.cause == "queue-overflow"


def test_many_values_read_at_once_are_kept_like_as_many_one_by_one(rig: Rig) -> None:
    """`Changes` spares a look at each value; what is kept and declared is the same."""
    rig.subscription.items[0].accepted(1, 10_000)

    def at_once(sequence: int, status: int = 0) -> Publication:
        first, *others = message(sequence, values=20).changes
        rows = [(*each[:4], each[3]) for each in ((*first[:2], status, *first[3:]), *others)]
        columns = ChangeColumns(*map(list, zip(*rows, strict=True)))
        published = START + sequence * 1000 * MS + 50 * MS
        return Publication(7, sequence, published, False, Changes(columns))

    async def work() -> None:
        await _take(rig, at_once(1))
        await _take(rig, at_once(2, OVERFLOW))

    run(work)
    values, (gap,) = rig.kept()
    assert values == [float(first + index) for first in (100, 200) for index in range(20)]
    assert (gap.tag, gap.cause) == ("a", "queue-overflow")
    assert (gap.start_ns, gap.end_ns) == (START + 1000 * MS + 19, START + 2000 * MS)


def test_values_read_at_once_of_a_former_item_are_left_out(rig: Rig) -> None:
    columns = ChangeColumns([HANDLE, 9], [1.0, 2.0], [0, 0], [START + 1, START + 2], [None, None])

    async def work() -> None:
        await _take(rig, Publication(7, 1, START + MS, False, Changes(columns)))

    run(work)
    assert rig.kept() == ([1.0], [])


def test_it_tells_each_ten_seconds_how_far_the_machine_is_known(rig: Rig) -> None:
    async def work() -> None:
        intake = rig.link._tags.intake
        await _take(rig, message(1))
        await intake.note()
        due = [intake.due]
        intake._vouching._at = 0.0
        due.append(intake.due)
        assert due == [False, True]
        await intake.note()
        intake._vouching._at = 0.0
        await intake.note()

    run(work)
    reader = BacklogReader(rig.path)
    backlog = reader.read(10_000)
    reader.close()
    value, mark = backlog.samples
    assert (value.series.tag, mark.series.tag) == ("a", COVERED)
    assert value.source_time_ns <= mark.source_time_ns <= START + 1050 * MS
    assert mark.value == 0


def test_an_ended_subscription_is_made_anew(rig: Rig) -> None:
    async def work() -> None:
        with pytest.raises(SubscriptionLost):
            await rig.link._messages.take(Publication(7, 2, None, False, [], ended=0x800A0000))

    run(work)


def test_a_message_of_a_former_subscription_is_ignored(rig: Rig) -> None:
    async def work() -> None:
        assert await _take(rig, Publication(6, 1, START, False, message(1).changes)) == ()

    run(work)
    assert rig.kept() == ([], [])
