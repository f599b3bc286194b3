"""What waits for a reader: bounded, newest first, nothing skipped that matters."""

import asyncio

from pilotline_api.live.mailbox import MAX_EVENTS, Mailbox
from tests.api.live.virtual_time import in_virtual_time


async def _take(mailbox: Mailbox) -> bytes:
    return await mailbox.take(5.0)


def test_a_reader_with_machine_data_begins_with_a_snapshot() -> None:
    async def scenario() -> None:
        mailbox = Mailbox(lambda: b"snapshot")
        mailbox.post_delta(b"before the snapshot was taken")

        assert await _take(mailbox) == b"snapshot"

    in_virtual_time(scenario())


def test_a_reader_that_keeps_up_gets_each_delta() -> None:
    async def scenario() -> None:
        mailbox = Mailbox(lambda: b"snapshot")
        await _take(mailbox)
        for delta in (b"1", b"2", b"3"):
            mailbox.post_delta(delta)
            assert await _take(mailbox) == delta
        assert mailbox.snapshots_after_lag == 0

    in_virtual_time(scenario())


def test_a_reader_that_lags_gets_one_fresh_snapshot_instead_of_old_deltas() -> None:
    async def scenario() -> None:
        state = [0]
        mailbox = Mailbox(lambda: b"snapshot %d" % state[0])
        await _take(mailbox)
        for _ in range(1000):
            state[0] += 1
            mailbox.post_delta(b"delta")

        assert await _take(mailbox) == b"snapshot 1000"
        assert mailbox.snapshots_after_lag == 1

        mailbox.post_delta(b"next")
        assert await _take(mailbox) == b"next"

    in_virtual_time(scenario())


def test_events_come_in_order_and_are_not_thinned_out() -> None:
    async def scenario() -> None:
        mailbox = Mailbox(lambda: b"[snapshot]")
        for each in range(MAX_EVENTS):
            mailbox.post_event(b"%d," % each)

        taken = await _take(mailbox)

        assert taken == b"[snapshot]" + b"".join(b"%d," % each for each in range(MAX_EVENTS))

    in_virtual_time(scenario())


def test_a_reader_too_far_behind_is_told_to_reconnect_and_let_go() -> None:
    async def scenario() -> None:
        mailbox = Mailbox(lambda: b"snapshot")
        for _ in range(MAX_EVENTS + 1):
            mailbox.post_event(b"event")
        mailbox.post_event(b"after")
        mailbox.post_delta(b"after")

        assert mailbox.closed == "overflow"
        taken = await _take(mailbox)
        assert taken == b'event: reconnect\ndata: {"reason":"overflow"}\n\n'

    in_virtual_time(scenario())


def test_nothing_that_waited_is_sent_after_the_mailbox_closed() -> None:
    async def scenario() -> None:
        mailbox = Mailbox(lambda: b"snapshot")
        mailbox.post_event(b"secret")

        mailbox.close("session-ended")
        mailbox.close("shutdown")

        assert await _take(mailbox) == b""
        assert mailbox.closed == "session-ended"

    in_virtual_time(scenario())


def test_a_quiet_mailbox_returns_nothing_after_the_time_out() -> None:
    async def scenario() -> None:
        mailbox = Mailbox(lambda: b"snapshot")
        await _take(mailbox)
        began_s = asyncio.get_running_loop().time()

        assert await _take(mailbox) == b""
        assert asyncio.get_running_loop().time() - began_s == 5.0

    in_virtual_time(scenario())


def test_closing_wakes_the_reader_at_once() -> None:
    async def scenario() -> None:
        mailbox = Mailbox(lambda: b"snapshot")
        await _take(mailbox)
        taking = asyncio.create_task(_take(mailbox))
        await asyncio.sleep(1)

        mailbox.close("shutdown")
        await taking

        assert asyncio.get_running_loop().time() == 1

    in_virtual_time(scenario())
