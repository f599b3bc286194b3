"""Bookings: take machine time directly, list it, give it back."""

from fastapi import APIRouter, status

from pilotline_api.accounts.access import BookerNeeded, CurrentPerson, ReadSession, WriteSession
from pilotline_api.bookings import service
from pilotline_api.bookings.schemas import BookingRequest, BookingView, booking_view
from pilotline_api.kit.base import utc_now
from pilotline_api.kit.idempotency import IdempotencyKey, once
from pilotline_api.kit.schema import ObjectId
from pilotline_api.kit.services import PlantNeeded

router = APIRouter(tags=["bookings"])


@router.post("/bookings", summary="Book machine time", status_code=status.HTTP_201_CREATED)
def book(
    request: BookingRequest,
    person: BookerNeeded,
    session: WriteSession,
    plant: PlantNeeded,
    idempotency_key: IdempotencyKey = None,
) -> BookingView:
    """Book machine time; 409 ``busy`` names the machine and the time asked for, and nobody."""
    return once(
        session,
        user_id=person.id,
        key=idempotency_key,
        operation="POST /bookings",
        body=request,
        answer_type=BookingView,
        effect=lambda: booking_view(service.book(session, person, plant, request, utc_now())),
    )


@router.get("/bookings", summary="Bookings by start")
def list_bookings(person: CurrentPerson, session: ReadSession) -> list[BookingView]:
    """Return bookings; a customer sees own ones."""
    return [booking_view(booking) for booking in service.readable_bookings(session, person)]


@router.delete(
    "/bookings/{booking_id}",
    summary="Give machine time back",
    status_code=status.HTTP_204_NO_CONTENT,
)
def give_back(booking_id: ObjectId, person: BookerNeeded, session: WriteSession) -> None:
    """Delete a booking; its machine time is free again."""
    service.give_back(session, person, booking_id)
