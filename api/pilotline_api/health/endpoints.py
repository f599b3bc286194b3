"""Probes for whoever runs the process, and its counters."""

from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter, Depends, Request, Response, status
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pilotline_api.accounts.access import current_person
from pilotline_api.accounts.models import Role
from pilotline_api.errors import Forbidden
from pilotline_api.health.readiness import (
    Readiness,
    broker_part,
    database_parts,
    edge_part,
    readiness_of,
)
from pilotline_api.kit.schema import View
from pilotline_api.kit.services import ServicesNeeded
from pilotline_api.live.parts import LiveNeeded

router = APIRouter(tags=["health"])

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")


class Liveness(View):
    """The process runs."""

    status: str = "alive"


@router.get("/live", summary="Whether the process runs")
async def read_liveness() -> Liveness:
    """Answer; no part is touched, so that a slow one does not get the process restarted."""
    return Liveness()


@router.get("/ready", summary="Whether the process should get requests")
def read_readiness(services: ServicesNeeded, live: LiveNeeded, response: Response) -> Readiness:
    """Look at each part; 503 when one that requests need is out of order."""
    parts = database_parts(services.database)
    parts["edge"] = edge_part(live.ingest.newest_push, live.now())
    if live.broker is not None:
        parts["broker"] = broker_part(live.broker.problem)
    readiness = readiness_of(parts)
    if not readiness.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return readiness


def may_read_metrics(request: Request, services: ServicesNeeded) -> None:
    """Let this machine and administrators pass.

    A request that a proxy forwarded does not count as this machine's, wherever the proxy runs.

    Raises:
        NotSignedIn: from elsewhere, and nobody is signed in.
        Forbidden: from elsewhere, by someone who is no administrator.
    """
    forwarded = any(name in request.headers for name in _FORWARDED)
    if not forwarded and request.client is not None and _loopback(request.client.host):
        return
    person = current_person(request, services)
    if person.role is not Role.ADMINISTRATOR:
        msg = "The counters are for this machine and for administrators."
        raise Forbidden(msg)


@router.get(
    "/metrics",
    summary="Counters, as Prometheus reads them",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
    dependencies=[Depends(may_read_metrics)],
)
def read_metrics() -> Response:
    """Return every counter of the process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
