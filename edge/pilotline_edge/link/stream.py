"""Stream: what one subscription publishes, values or events, and where that goes."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from pilotline_edge.cause import Cause
from pilotline_edge.subscription.publication import Publication
from pilotline_edge.subscription.subscription import MachineSubscription
from pilotline_historian import Gap


class Stream(Protocol):
    """One subscription of a machine with what takes its messages."""

    @property
    def subscription(self) -> MachineSubscription:
        """The subscription."""

    @property
    def blocked(self) -> Cause | None:
        """Why the journal takes nothing of it now, or None."""

    def made(self) -> None:
        """Note that the subscription was made anew, and nothing of it taken yet."""

    def lost(self, cause: Cause) -> None:
        """Note that its items are about to be created anew; what lies between will be a gap."""

    def missing(self, publication: Publication, cause: Cause) -> list[Gap]:
        """Return the gaps that messages lost for good leave, up to the one that arrived."""

    def store(
        self, publication: Publication, gaps: Sequence[Gap], *, replayed: bool
    ) -> asyncio.Future[None] | None:
        """Advance coverage and journal what there is; None when there is nothing.

        Args:
            publication: the message.
            gaps: gaps found before it.
            replayed: whether the server sent it again, so that it says nothing about the present.
        """
