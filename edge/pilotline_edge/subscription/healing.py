"""Healing: how a subscription comes through a lost connection, cheapest step first."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

import structlog
from asyncua import ua
from asyncua.ua import uaerrors

from pilotline_edge.cause import Cause
from pilotline_edge.connection.origin import Origin
from pilotline_edge.subscription.publication import Publication
from pilotline_edge.subscription.subscription import MachineSubscription

log = structlog.get_logger("pilotline.edge")

_SILENCES_BEFORE_DISTRUST = 2

_NOTHING_KEPT = (Origin.RESTARTED, Origin.ELSEWHERE)

Take = Callable[[Publication], Awaitable[None]]
"""Takes a republished message, in order."""


class Step(StrEnum):
    """What healed a subscription."""

    REPUBLISHED = "republished"
    """It was still ours: what the server kept was sent again; nothing is lost."""

    TRANSFERRED = "transferred"
    """It was moved to a new session, then republished; nothing is lost."""

    RECREATED = "recreated"
    """It was made anew; what lies between is a gap, unless the server's history has it."""

    BACKFILLED = "backfilled"
    """Values that an outage took were read from the server's history, all or some of them."""


async def heal(
    subscription: MachineSubscription,
    origin: Origin,
    take: Take,
    lost: Callable[[Cause], None],
) -> Step:
    """Bring a subscription back to life on a fresh connection.

    asyncua transfers first, which a conforming server refuses for a subscription that the session
    already owns, and then makes it anew: the whole outage is lost although the server kept it.

    Args:
        subscription: the subscription.
        origin: where the connection's session comes from.
        take: takes each message that is sent again.
        lost: called with the cause before items are created anew.

    Raises:
        asyncua.ua.UaError: the connection is lost again, or the server refuses.
    """
    if await _kept(subscription, origin):
        step = Step.REPUBLISHED if origin is Origin.REACTIVATED else Step.TRANSFERRED
        try:
            async for publication in subscription.republish():
                await take(publication)
        except (uaerrors.BadSubscriptionIdInvalid, uaerrors.BadNoSubscription):
            log.info("edge.subscription_gone", subscription=subscription.subscription_id)
        else:
            subscription.listen()
            await subscription.monitor()
            return step
    lost(_cause(subscription, origin))
    await subscription.create()
    await subscription.monitor()
    return Step.RECREATED


async def _kept(subscription: MachineSubscription, origin: Origin) -> bool:
    if subscription.subscription_id is None or origin in _NOTHING_KEPT:
        return False
    if subscription.doubtful or subscription.silences >= _SILENCES_BEFORE_DISTRUST:
        return False
    if origin is Origin.REACTIVATED:
        return await _known(subscription)
    return await _transfer(subscription)


async def _known(subscription: MachineSubscription) -> bool:
    """Ask whether the server still has the subscription for our session.

    Enabling what is enabled changes nothing and answers per subscription. Republish cannot
    be asked: asyncua's server answers it with Good for a subscription it does not have.
    """
    parameters: Any = ua.SetPublishingModeParameters()
    parameters.PublishingEnabled = True
    parameters.SubscriptionIds = [subscription.subscription_id]
    results = await subscription.session.services.set_publishing_mode(parameters)
    return bool(results) and results[0].is_good()


async def _transfer(subscription: MachineSubscription) -> bool:
    """Move the subscription from a former session to ours; False when that cannot be."""
    if subscription.session.facts is not None and not subscription.session.facts.profile.transfers:
        return False
    parameters: Any = ua.TransferSubscriptionsParameters()
    parameters.SubscriptionIds = [subscription.subscription_id]
    parameters.SendInitialValues = False
    try:
        results = await subscription.session.services.transfer_subscriptions(parameters)
    except uaerrors.UaStatusCodeError as error:
        log.info("edge.transfer_refused", reason=str(error))
        return False
    return bool(results) and results[0].StatusCode.is_good()


def _cause(subscription: MachineSubscription, origin: Origin) -> Cause:
    if origin is Origin.RESTARTED:
        subscription.subscription_id = None
        return Cause.SERVER_RESTARTED
    if origin is Origin.ELSEWHERE:
        return Cause.SERVER_CHANGED
    if subscription.silences >= _SILENCES_BEFORE_DISTRUST:
        return Cause.SERVER_SILENT
    return Cause.CONNECTION_LOST
