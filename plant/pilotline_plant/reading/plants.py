"""Reads a whole plant file, part by part, each part after those it names."""

from pathlib import Path

from pilotline_plant.errors import Mistake, PlantFileError
from pilotline_plant.plant import Plant
from pilotline_plant.reading.calendars import read_calendars
from pilotline_plant.reading.changeovers import read_changeovers
from pilotline_plant.reading.clients import read_clients, read_walls
from pilotline_plant.reading.document import read_document
from pilotline_plant.reading.machines import read_machines
from pilotline_plant.reading.pools import read_pools
from pilotline_plant.reading.procedures import read_procedures
from pilotline_plant.reading.sites import read_sites
from pilotline_plant.reading.table import Table


def read_plant(path: Path) -> Plant:
    """Read a plant file; ``docs/reference/plant-file.md`` describes it.

    Raises:
        PlantFileError: the file cannot be read or has mistakes; it carries every one of them,
            ordered by line.
    """
    document = read_document(path)
    mistakes: dict[Mistake, None] = {}
    root = Table(document, mistakes, document.values)
    plant = _read(root)
    root.finish()
    if mistakes:
        raise PlantFileError(sorted(mistakes, key=lambda mistake: (mistake.line, mistake.key)))
    return plant


def _read(root: Table) -> Plant:
    name = root.text("name")
    sites = read_sites(root)
    calendars = read_calendars(root, sites)
    pools = read_pools(root, calendars)
    changeovers = read_changeovers(root, pools)
    machines = read_machines(root, sites, calendars, changeovers)
    clients = read_clients(root)
    return Plant(
        name=name,
        sites=sites,
        calendars=calendars,
        changeovers=changeovers,
        pools=pools,
        machines=machines,
        clients=clients,
        walls=read_walls(root, clients, sites),
        procedures=read_procedures(root, machines, pools, changeovers),
    )
