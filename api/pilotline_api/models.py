"""Every table of the room, so that migrations and foreign keys know them all."""

from pilotline_api.accounts import models as accounts
from pilotline_api.alarms import models as alarms
from pilotline_api.bookings import models as bookings
from pilotline_api.kit import events, idempotency
from pilotline_api.kit.base import Base
from pilotline_api.occupancy import models as occupancy
from pilotline_api.plans import models as plans
from pilotline_api.runs import models as runs
from pilotline_api.solves import models as solves

METADATA = Base.metadata

__all__ = [
    "METADATA",
    "accounts",
    "alarms",
    "bookings",
    "events",
    "idempotency",
    "occupancy",
    "plans",
    "runs",
    "solves",
]
