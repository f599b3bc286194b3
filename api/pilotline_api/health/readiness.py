"""Whether each part the API leans on is in order."""

from functools import cache
from typing import Final, Literal

import structlog
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from pilotline_api.kit.database import Database
from pilotline_api.kit.schema import View
from pilotline_api.live.clock import Moment
from pilotline_api.live.plant_image import EDGE_SILENCE_S
from pilotline_api.migrations import configuration

PartState = Literal["ok", "failed", "silent"]

_log: Final = structlog.get_logger("pilotline.api.health")


class Part(View):
    """State of one part.

    Attributes:
        state: ``failed`` makes the process not ready; ``silent`` does not, for the pages still
            serve, and an edge agent could never speak again to a process taken out of service.
        detail: what a person needs to know.
        age_s: seconds since the part was last heard, where that is how it is watched.
    """

    state: PartState
    detail: str
    age_s: float | None = None


class Readiness(View):
    """Whether the process should get requests, and why not."""

    ready: bool
    parts: dict[str, Part]


def readiness_of(parts: dict[str, Part]) -> Readiness:
    """Return the verdict over some parts."""
    return Readiness(ready=all(part.state != "failed" for part in parts.values()), parts=parts)


def database_parts(database: Database) -> dict[str, Part]:
    """Look whether the database answers and has the tables this release expects."""
    try:
        with database.engine.connect() as connection:
            return {"database": Part(state="ok", detail=database.backend), **_tables(connection)}
    except DBAPIError as error:
        _log.warning("ready.database_failed", error=str(error.orig))
        return {"database": Part(state="failed", detail="The database does not answer.")}


def edge_part(newest_push: Moment | None, now: Moment) -> Part:
    """Look how long ago any edge agent pushed."""
    if newest_push is None:
        return Part(state="silent", detail="No edge agent has pushed since this process began.")
    age_s = round(now.monotonic_s - newest_push.monotonic_s, 1)
    if age_s > EDGE_SILENCE_S:
        return Part(state="silent", detail="No edge agent pushes.", age_s=age_s)
    return Part(state="ok", detail="Edge agents push.", age_s=age_s)


def broker_part(problem: str | None) -> Part:
    """Look whether live values are read from the broker; the log says why not."""
    if problem is None:
        return Part(state="ok", detail="Live values are read from the MQTT broker.")
    return Part(state="silent", detail="The MQTT broker is not reached.")


def _tables(connection: Connection) -> dict[str, Part]:
    found = MigrationContext.configure(connection).get_current_heads()
    if set(found) == set(_newest_revisions()):
        return {"migrations": Part(state="ok", detail=", ".join(found))}
    wanted = ", ".join(_newest_revisions())
    detail = f"The tables are at {', '.join(found) or 'nothing'}, this release needs {wanted}."
    return {"migrations": Part(state="failed", detail=detail)}


@cache
def _newest_revisions() -> tuple[str, ...]:
    return tuple(ScriptDirectory.from_config(configuration()).get_heads())
