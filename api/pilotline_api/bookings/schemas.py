"""Shapes of bookings."""

from datetime import timedelta
from typing import Self

from pydantic import model_validator

from pilotline_api.accounts.schemas import ClientView, client_view
from pilotline_api.bookings.models import Booking
from pilotline_api.kit.schema import Body, Instant, Line, View
from pilotline_api.runs.schemas import PlantId

LONGEST = timedelta(days=31)


class BookingRequest(Body):
    """Machine time to book."""

    machine: PlantId
    start: Instant
    end: Instant
    title: Line
    client: PlantId | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.start < self.end <= self.start + LONGEST:
            msg = f"end must lie after start and within {LONGEST.days} days of it"
            raise ValueError(msg)
        return self


class BookingView(View):
    """Machine time that a client has been promised."""

    id: str
    machine: str
    title: str
    client: ClientView
    start: Instant
    end: Instant
    created_at: Instant


def booking_view(booking: Booking) -> BookingView:
    """Return a booking."""
    return BookingView(
        id=booking.id,
        machine=booking.machine,
        title=booking.title,
        client=client_view(booking.organisation),
        start=booking.starts_at,
        end=booking.ends_at,
        created_at=booking.created_at,
    )
