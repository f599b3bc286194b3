"""A person's calendar feed: make the address, take it back, serve it."""

from fastapi import APIRouter, Request, Response, status

from pilotline_api.accounts.access import CurrentPerson, ReadSession, WriteSession
from pilotline_api.feeds import service
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.schema import ObjectId, View
from pilotline_api.kit.services import ServicesNeeded

router = APIRouter(tags=["feeds"])

_HIDDEN = "********"


class FeedView(View):
    """The address of a person's calendar; its secret is readable only in the answer to POST."""

    url: str | None


class CalendarResponse(Response):
    """An iCalendar."""

    media_type = "text/calendar"


@router.get("/me/feed", summary="Whether there is a calendar feed")
def read_address(
    request: Request, person: CurrentPerson, session: ReadSession, services: ServicesNeeded
) -> FeedView:
    """Return the feed's address with its secret hidden, or null."""
    if not service.has_feed(session, person):
        return FeedView(url=None)
    return FeedView(url=_address(request, services.settings.public_url, _HIDDEN))


@router.post("/me/feed", summary="Make a calendar feed", status_code=status.HTTP_201_CREATED)
def make(
    request: Request, person: CurrentPerson, session: WriteSession, services: ServicesNeeded
) -> FeedView:
    """Return a fresh address; the former one stops working."""
    secret = service.make_feed(session, person, utc_now())
    return FeedView(url=_address(request, services.settings.public_url, secret))


@router.delete(
    "/me/feed", summary="Take the calendar feed back", status_code=status.HTTP_204_NO_CONTENT
)
def remove(person: CurrentPerson, session: WriteSession) -> None:
    """Let the address stop working."""
    service.remove_feed(session, person)


@router.get("/feeds/{secret}.ics", summary="A calendar feed", response_class=CalendarResponse)
def serve(secret: ObjectId, services: ServicesNeeded) -> CalendarResponse:
    """Return the slots and bookings of whoever made the address; needs no session."""
    content = service.read_feed(services.database, services.plant, secret, utc_now())
    return CalendarResponse(content, headers={"Cache-Control": "private, max-age=300"})


def _address(request: Request, public_url: str | None, secret: str) -> str:
    base = public_url or str(request.base_url)
    return f"{base.rstrip('/')}/api/v1/feeds/{secret}.ics"
