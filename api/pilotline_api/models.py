"""Every table of the room, so that migrations and foreign keys know them all."""

from pilotline_api.accounts import models as accounts
from pilotline_api.alarms import models as alarms
from pilotline_api.kit import events, idempotency
from pilotline_api.kit.base import Base

METADATA = Base.metadata

__all__ = ["METADATA", "accounts", "alarms", "events", "idempotency"]
