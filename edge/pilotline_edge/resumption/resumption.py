"""Resumption: goes on with a session that the agent's process before left at the server.

What was acknowledged is in the journal. What was not, the server sends again or still has in its
queues. So an agent that is killed, stopped or replaced within the session's lifetime loses nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from pilotline_edge.connection.session import MachineSession
from pilotline_edge.connection.session_key import SessionKey
from pilotline_edge.resumption.former import (
    FormerItem,
    FormerSession,
    FormerSubscription,
    fingerprint,
)
from pilotline_edge.resumption.session_file import SessionFile
from pilotline_edge.subscription.publication import FIRST_SEQUENCE
from pilotline_edge.subscription.pump import Acknowledgement
from pilotline_edge.subscription.subscription import MachineSubscription
from pilotline_plant import Machine

log = structlog.get_logger("pilotline.edge")

_MOST_ACKNOWLEDGED_AGAIN = 64

Signature = tuple[SessionKey | None, tuple[tuple[int, int], ...]]
"""What changes when there is something new to keep."""

Taken = Mapping[int, tuple[int, int]]
"""See `pilotline_edge.link.intake.Intake.taken`."""


class Resumption:
    """Keeps one machine's session for the next process, and takes up what the one before kept.

    Characteristics
        taken up: only a session on the same run of the server, of a machine that is read in the
            same way, and of it only subscriptions whose beginning the journal knows
        cheap: compares a few numbers, and writes only when session or items changed
    """

    def __init__(self, file: SessionFile) -> None:
        self._file = file
        self._kept: Signature | None = None

    def recall(self, machine: Machine) -> FormerSession | None:
        """Return the session the process before left, where the machine is read as it was then."""
        former = self._file.recall()
        if former is None or former.fingerprint != fingerprint(machine):
            return None
        return former

    def take_up(
        self,
        former: FormerSession,
        session: MachineSession,
        subscriptions: Sequence[MachineSubscription],
        taken: Taken,
    ) -> list[Acknowledgement] | None:
        """Prepare `session` and `subscriptions` to go on; `heal` then finds out what is left.

        Returns:
            What to acknowledge once more, since the process before may not have come to it; None
            when there is nothing to go on with.
        """
        try:
            started = datetime.fromisoformat(former.started)
            token, nonce = bytes.fromhex(former.token), bytes.fromhex(former.nonce)
        except ValueError:
            log.warning("edge.session_not_recalled", machine=session.machine.id, reason="damaged")
            return None
        session.resume(SessionKey(started, token, nonce, former.url))
        known = {each.key: each for each in former.subscriptions}
        acknowledgements: list[Acknowledgement] = []
        for subscription in subscriptions:
            if found := known.get(subscription.key):
                after = _go_on(subscription, found, taken)
                first = max(after - _MOST_ACKNOWLEDGED_AGAIN, FIRST_SEQUENCE)
                acknowledgements += [
                    (found.subscription_id, number) for number in range(first, after)
                ]
        return acknowledgements

    def keep(self, session: MachineSession, subscriptions: Sequence[MachineSubscription]) -> None:
        """Keep the session as it is now, where it changed."""
        key = session.key()
        signature = (key, tuple(_extent(each) for each in subscriptions))
        if signature == self._kept:
            return
        self._kept = signature
        if key is None:
            self._file.forget()
            return
        self._file.keep(
            FormerSession(
                fingerprint(session.machine),
                key.started.isoformat(),
                key.token.hex(),
                key.nonce.hex(),
                key.url,
                tuple(_former(each) for each in subscriptions if each.subscription_id is not None),
            )
        )

    def forget(self) -> None:
        """Leave nothing to go on with: the session is closed."""
        self._kept = None
        self._file.forget()


def _extent(subscription: MachineSubscription) -> tuple[int, int]:
    monitored = sum(item.item_id is not None for item in subscription.items)
    return subscription.made_ns, monitored


def _former(subscription: MachineSubscription) -> FormerSubscription:
    return FormerSubscription(
        subscription.key,
        subscription.subscription_id or 0,
        subscription.made_ns,
        subscription.published_s,
        subscription.keep_alives,
        tuple(
            FormerItem(item.handle, item.item_id, item.queue, item.filtered)
            for item in subscription.items
            if item.item_id is not None
        ),
    )


def _go_on(subscription: MachineSubscription, former: FormerSubscription, taken: Taken) -> int:
    """Give a subscription what is known of it and return the next message's number."""
    subscription.subscription_id = former.subscription_id
    made_ns, after = taken.get(subscription.key, (0, FIRST_SEQUENCE))
    if made_ns != former.made_ns:
        subscription.doubtful = True
        return FIRST_SEQUENCE
    subscription.made_ns = former.made_ns
    subscription.published_s = former.published_s
    subscription.keep_alives = former.keep_alives
    subscription.resumed(after)
    for handle, item_id, queue, filtered in former.items:
        if item := subscription.item(handle):
            item.accepted(item_id, queue)
            item.filtered = filtered
    return after
