"""The words every room shares: sites, machines, tags, calendars, clients; and the plant file."""

from pilotline_plant.calendar import Calendar, Maintenance, Shift
from pilotline_plant.client import Client, Wall
from pilotline_plant.errors import PlantError, PlantFileError
from pilotline_plant.machine import Capability, Endpoint, EventSource, Machine, Sector
from pilotline_plant.packml import PackMLState
from pilotline_plant.plant import Plant
from pilotline_plant.pool import Pool
from pilotline_plant.priority import Priority
from pilotline_plant.procedure import Procedure, Step, StepLag
from pilotline_plant.setup import ChangeoverMatrix
from pilotline_plant.site import Hall, Site
from pilotline_plant.tag import DataType, Limits, Range, Tag, Unit

__all__ = [
    "Calendar",
    "Capability",
    "ChangeoverMatrix",
    "Client",
    "DataType",
    "Endpoint",
    "EventSource",
    "Hall",
    "Limits",
    "Machine",
    "Maintenance",
    "PackMLState",
    "Plant",
    "PlantError",
    "PlantFileError",
    "Pool",
    "Priority",
    "Procedure",
    "Range",
    "Sector",
    "Shift",
    "Site",
    "Step",
    "StepLag",
    "Tag",
    "Unit",
    "Wall",
]
