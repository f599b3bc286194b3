"""Event reader: one machine's event subscription with its intake, and the refresh of conditions."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import structlog
from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.cause import Cause
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.events.intake import EventIntake
from pilotline_edge.events.subscription import EventSubscription
from pilotline_edge.subscription.publication import Publication
from pilotline_historian import Gap

log = structlog.get_logger("pilotline.edge")

_NOTE_S: Final = 2.0
_BETWEEN_REFRESHES_S: Final = 10.0


class EventReader:
    """Reads the events of one machine beside its values; see `pilotline_edge.link.stream`.

    The agent calls one method of a machine, ConditionRefresh (OPC 10000-9, 5.5.7): it changes
    nothing there, the server tells the state of all its conditions again.

    Characteristics
        refresh: after each new item and whenever something was lost, at most every ten seconds
        delays nothing: the refresh runs beside the values

    Attributes:
        subscription: the event subscription.
        intake: where its messages go.
    """

    def __init__(self, session: MachineSession, intake: EventIntake) -> None:
        self.intake = intake
        self.subscription = EventSubscription(session, intake.source, intake.began)
        self._session = session
        self._told: str | None = None

    @property
    def blocked(self) -> Cause | None:
        """Why the journal takes nothing now, or None."""
        return self.intake.blocked

    def made(self) -> None:
        """Note that the subscription was made anew, and nothing of it taken yet."""
        self.intake.made(self.subscription)

    def lost(self, cause: Cause) -> None:
        """Note that the item is about to be created anew; what lies between will be a gap."""
        self.intake.lost(cause)

    def missing(self, publication: Publication, cause: Cause) -> list[Gap]:
        """Return the gap that events lost for good leave."""
        return self.intake.missing(publication.published_ns or time.time_ns(), cause)

    def store(
        self, publication: Publication, gaps: Sequence[Gap], *, replayed: bool
    ) -> asyncio.Future[None] | None:
        """Advance coverage and journal what there is; None when there is nothing."""
        return self.intake.store(self.subscription, publication, gaps, replayed=replayed)

    async def run(self) -> None:
        """Refresh conditions when that is wanted and note coverage, until cancelled."""
        refreshed_at = -_BETWEEN_REFRESHES_S
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(_NOTE_S):
                    await self.intake.refresh_wanted.wait()
                    await asyncio.sleep(refreshed_at + _BETWEEN_REFRESHES_S - loop.time())
            except TimeoutError:
                if not self.intake.blocked:
                    await self.intake.note()
                continue
            self.intake.refresh_wanted.clear()
            if not self.subscription.monitored:
                continue  # it is wanted again once the server reports events
            refreshed_at = loop.time()
            if not await self._refresh():
                self.intake.refresh_wanted.set()

    async def _refresh(self) -> bool:
        """Ask the server to tell the state of all conditions; False when to ask again later."""
        request: Any = ua.CallMethodRequest()
        request.ObjectId = ua.NodeId(ua.Int32(ObjectIds.ConditionType))
        request.MethodId = ua.NodeId(ua.Int32(ObjectIds.ConditionType_ConditionRefresh))
        subscription_id = self.subscription.subscription_id
        request.InputArguments = [ua.Variant(subscription_id, ua.VariantType.UInt32)]
        try:
            (result,) = await self._session.services.call([request])
        except (OSError, TimeoutError, uaerrors.UaError) as error:
            log.info("edge.refresh_unanswered", reason=str(error) or type(error).__name__)
            return False
        status: ua.StatusCode = result.StatusCode
        if status.value == uaerrors.BadRefreshInProgress.code:
            return False
        if not status.is_good() and status.name != self._told:
            log.info(
                "edge.conditions_not_refreshed",
                machine=self._session.machine.id,
                reason=status.name,
            )
        self._told = None if status.is_good() else status.name
        return True
