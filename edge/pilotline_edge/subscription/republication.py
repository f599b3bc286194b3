"""Republication: a message that a server kept is asked for once more."""

from functools import partial
from typing import Any

import structlog
from asyncua import ua
from asyncua.ua import uaerrors

from pilotline_edge.aside import decoded
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import UndecodableMessage
from pilotline_edge.subscription.decoding import decode_republished
from pilotline_edge.subscription.publication import Publication

log = structlog.get_logger("pilotline.edge")


async def message_again(
    session: MachineSession, subscription_id: int, sequence: int
) -> Publication | None:
    """Ask for a message once more; None where the server has it no longer.

    A conforming server says so with BadMessageNotAvailable, asyncua's with an empty good message.
    One that cannot be read counts as lost too.

    Args:
        session: the machine's session.
        subscription_id: the server's number of the subscription.
        sequence: the message's sequence number.

    Raises:
        asyncua.ua.UaError: the server refuses otherwise, or the connection is lost.
    """
    request: Any = ua.RepublishRequest()
    request.Parameters.SubscriptionId = subscription_id
    request.Parameters.RetransmitSequenceNumber = sequence
    read = partial(decode_republished, subscription_id=subscription_id)
    try:
        body = await session.client.uaclient.ask(request, session.settings.request_timeout_s)
        publication = await decoded(bytes(body.read(len(body))), read)
    except uaerrors.BadMessageNotAvailable:
        return None
    except UndecodableMessage as error:
        log.warning("edge.message_sent_again_lost", reason=str(error))
        return None
    return None if publication.keep_alive or publication.sequence != sequence else publication
