"""What an endpoint may ask for: settings, plant, database, historian and a session."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from pilotline_api.kit.database import Database
from pilotline_api.settings import Settings
from pilotline_historian import Historian
from pilotline_plant import Plant


@dataclass(frozen=True, slots=True)
class Services:
    """The long-lived parts of one API process, held in ``app.state.services``."""

    settings: Settings
    plant: Plant
    database: Database
    historian: Historian


def get_services(request: Request) -> Services:
    """Return the process's parts."""
    services = request.app.state.services
    assert isinstance(services, Services)  # noqa: S101 - Starlette's state is untyped
    return services


ServicesNeeded = Annotated[Services, Depends(get_services)]


def get_plant(services: ServicesNeeded) -> Plant:
    """Return the plant."""
    return services.plant


def get_historian(services: ServicesNeeded) -> Historian:
    """Return the historian; its calls block, so use it from a plain ``def`` endpoint."""
    return services.historian


PlantNeeded = Annotated[Plant, Depends(get_plant)]
HistorianNeeded = Annotated[Historian, Depends(get_historian)]
