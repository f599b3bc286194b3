"""The live stream, and where edge agents push to."""

import hmac
from functools import partial

from fastapi import APIRouter, Request, Response, status
from fastapi.responses import JSONResponse
from pydantic import SecretStr

from pilotline_api.accounts.access import CurrentPerson
from pilotline_api.accounts.sessions import COOKIE
from pilotline_api.errors import FieldError, NotSignedIn, Unprocessable
from pilotline_api.kit.secrets import digest
from pilotline_api.kit.services import ServicesNeeded
from pilotline_api.live import metrics
from pilotline_api.live.audience import group_of
from pilotline_api.live.event_stream import EventStream
from pilotline_api.live.parts import LiveNeeded
from pilotline_api.live.push import PushError
from pilotline_api.live.schemas import PartlyTaken

router = APIRouter(tags=["live"])


@router.get(
    "/stream",
    summary="What changes, as Server-Sent Events",
    status_code=200,
    response_class=EventStream,
)
async def open_stream(request: Request, person: CurrentPerson, live: LiveNeeded) -> EventStream:
    """Send a snapshot and then what changes; a customer gets own trial runs and plans only."""
    session = digest(request.cookies[COOKIE])
    return EventStream(
        partial(live.hub.subscribe, group_of(person), user=person.id, session=session)
    )


@router.post(
    "/edge/live",
    summary="Newest values of an edge agent",
    status_code=204,
    responses={200: {"model": PartlyTaken, "description": "Taken, but for the items named."}},
)
async def push_live(request: Request, services: ServicesNeeded, live: LiveNeeded) -> Response:
    """Take what an edge agent has heard since its last push; the newest source time wins."""
    _check_token(request, services.settings.edge_token)
    body = await request.body()
    try:
        _, refused = live.ingest.take(body)
    except PushError as error:
        metrics.pushes.labels("refused").inc()
        raise Unprocessable(str(error), errors=[FieldError("/", "push", str(error))]) from error
    if refused:
        return JSONResponse(PartlyTaken.of(refused).model_dump(mode="json"))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _check_token(request: Request, expected: SecretStr | None) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    wanted = expected.get_secret_value() if expected is not None else ""
    known = hmac.compare_digest(token.strip().encode(), wanted.encode())
    if not (wanted and known and scheme.lower() == "bearer"):
        metrics.pushes.labels("unauthorised").inc()
        msg = "Edge agents push with `Authorization: Bearer <edge token>`; this token is not it."
        raise NotSignedIn(msg, code="wrong_edge_token", headers={"WWW-Authenticate": "Bearer"})
