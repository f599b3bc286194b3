"""Nothing is acknowledged before it is durable, and messages are taken as they arrived."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import async_solipsism
import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary

from pilotline_edge.errors import JournalFailed, MachineUnreachable, SubscriptionLost
from pilotline_edge.subscription.publication import Publication
from pilotline_edge.subscription.pump import Acknowledgement, PublishPump, Taken

SUBSCRIPTION = 7


class Server:
    """Holds publish requests and answers the oldest when told."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[Buffer]] = []
        self.acknowledged: list[Acknowledgement] = []
        self.most_waiting = 0

    async def ask(self, request: Any) -> Buffer:  # noqa: ANN401 - as asyncua's requests are
        self.acknowledged += [
            (int(each.SubscriptionId), int(each.SequenceNumber))
            for each in request.Parameters.SubscriptionAcknowledgements
        ]
        answer: asyncio.Future[Buffer] = asyncio.get_running_loop().create_future()
        self.waiting.append(answer)
        self.most_waiting = max(self.most_waiting, len(self.waiting))
        return await answer

    def publish(self, sequence: int, at: int = 0) -> None:
        response: Any = ua.PublishResponse()
        result = response.Parameters
        result.SubscriptionId, result.MoreNotifications = SUBSCRIPTION, False
        result.NotificationMessage.SequenceNumber = sequence
        result.NotificationMessage.NotificationData = [ua.DataChangeNotification()]
        self.waiting.pop(at).set_result(Buffer(struct_to_binary(response)))

    def fail(self, error: Exception) -> None:
        self.waiting.pop(0).set_exception(error)


class Journal:
    """Takes messages and commits when told.

    Attributes:
        taken: sequence numbers in the order they came.
    """

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.commits: dict[int, asyncio.Future[None]] = {}

    async def take(self, publication: Publication) -> Taken:
        self.taken.append(publication.sequence)
        commit: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.commits[publication.sequence] = commit
        return Taken(commit, ((publication.subscription_id, publication.sequence),))


def in_virtual_time(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = async_solipsism.EventLoop()
    try:
        loop.run_until_complete(work())
    finally:
        loop.close()


def start(
    server: Server,
    journal: Journal,
    acknowledge: list[Acknowledgement],
    depth: Callable[[], int] = lambda: 3,
) -> asyncio.Future[None]:
    client: Any = server
    return asyncio.ensure_future(PublishPump(client, depth, journal.take, acknowledge).run())


async def stop(running: asyncio.Future[None]) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_a_message_is_acknowledged_only_once_it_is_durable() -> None:
    async def work() -> None:
        server, journal = Server(), Journal()
        running = start(server, journal, [])
        await asyncio.sleep(1)
        assert len(server.waiting) == 3
        server.publish(1)
        server.publish(2)
        await asyncio.sleep(60)
        assert journal.taken == [1, 2]
        assert server.acknowledged == []
        assert len(server.waiting) == 1, "a slow journal sends no further requests"
        journal.commits[1].set_result(None)
        await asyncio.sleep(1)
        assert server.acknowledged == [(SUBSCRIPTION, 1)]
        journal.commits[2].set_result(None)
        await asyncio.sleep(1)
        assert server.acknowledged == [(SUBSCRIPTION, 1), (SUBSCRIPTION, 2)]
        assert server.most_waiting == 3
        await stop(running)

    in_virtual_time(work)


def test_messages_are_taken_in_the_order_they_arrived_whichever_request_they_answer() -> None:
    async def work() -> None:
        server, journal = Server(), Journal()
        running = start(server, journal, [])
        await asyncio.sleep(1)
        server.publish(1, at=2)
        server.publish(2, at=0)
        server.publish(3, at=0)
        await asyncio.sleep(1)
        assert journal.taken == [1, 2, 3]
        await stop(running)

    in_virtual_time(work)


def test_a_commit_after_the_connection_is_lost_is_acknowledged_on_the_next_one() -> None:
    async def work() -> None:
        server, journal, acknowledge = Server(), Journal(), list[Acknowledgement]()
        running = start(server, journal, acknowledge)
        await asyncio.sleep(1)
        server.publish(1)
        await asyncio.sleep(1)
        server.fail(ConnectionError("planted"))
        with pytest.raises(MachineUnreachable):
            await running
        journal.commits[1].set_result(None)
        await asyncio.sleep(1)
        assert acknowledge == [(SUBSCRIPTION, 1)]
        again = Server()
        running = start(again, journal, acknowledge)
        await asyncio.sleep(1)
        assert again.acknowledged == [(SUBSCRIPTION, 1)]
        await stop(running)

    in_virtual_time(work)


def test_an_acknowledgement_that_was_not_answered_is_sent_again() -> None:
    async def work() -> None:
        server, acknowledge = Server(), [(SUBSCRIPTION, 9)]
        running = start(server, Journal(), acknowledge)
        await asyncio.sleep(1)
        assert acknowledge == []
        await stop(running)
        assert acknowledge == [(SUBSCRIPTION, 9)]

    in_virtual_time(work)


def test_a_failed_journal_ends_the_pump_and_acknowledges_nothing() -> None:
    async def work() -> None:
        server, journal, acknowledge = Server(), Journal(), list[Acknowledgement]()
        running = start(server, journal, acknowledge)
        await asyncio.sleep(1)
        server.publish(1)
        await asyncio.sleep(1)
        journal.commits[1].set_exception(JournalFailed("planted"))
        with pytest.raises(JournalFailed):
            await running
        assert server.acknowledged == acknowledge == []

    in_virtual_time(work)


@pytest.mark.parametrize(
    ("fault", "ends"),
    [
        (ua.uaerrors.BadNoSubscription, SubscriptionLost),
        (ua.uaerrors.BadSessionIdInvalid, MachineUnreachable),
        (ua.uaerrors.BadTimeout, None),
        (ua.uaerrors.BadTooManyPublishRequests, None),
    ],
)
def test_each_refusal_has_its_consequence(
    fault: Callable[[], Exception], ends: type[Exception] | None
) -> None:
    async def work() -> None:
        server, journal = Server(), Journal()
        running = start(server, journal, [], depth=lambda: 1)
        await asyncio.sleep(1)
        server.fail(fault())
        if ends is not None:
            with pytest.raises(ends):
                await running
            return
        await asyncio.sleep(5)
        assert len(server.waiting) == 1, "a request is sent again"
        await stop(running)

    in_virtual_time(work)


def test_there_are_as_many_requests_as_subscriptions_need_and_the_server_takes() -> None:
    """A subscription that is made later gets its request; a refusal is no reason to knock again."""

    async def work() -> None:
        server, journal, wanted = Server(), Journal(), [2]
        running = start(server, journal, [], depth=lambda: wanted[0])
        await asyncio.sleep(1)
        assert len(server.waiting) == 2
        wanted[0] = 6
        server.publish(1)
        await asyncio.sleep(1)
        assert len(server.waiting) == 5, "the sixth waits for the journal"
        journal.commits[1].set_result(None)
        await asyncio.sleep(1)
        assert len(server.waiting) == 6
        refusal: Callable[[], Exception] = ua.uaerrors.BadTooManyPublishRequests
        for _ in range(2):
            server.fail(refusal())
        await asyncio.sleep(1)
        assert len(server.waiting) == 4
        for sequence in range(2, 9):
            server.publish(sequence)
            await asyncio.sleep(1)
            journal.commits[sequence].set_result(None)
        await asyncio.sleep(1)
        assert len(server.waiting) == 4
        assert journal.taken == list(range(1, 9))
        await stop(running)

    in_virtual_time(work)
