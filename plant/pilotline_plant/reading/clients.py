"""Reads clients and the walls between them."""

from pilotline_plant.client import Client, Wall
from pilotline_plant.reading.table import Table
from pilotline_plant.site import Site


def read_clients(root: Table) -> tuple[Client, ...]:
    """Read ``[[clients]]``."""
    ids: dict[str, int] = {}
    return tuple(
        Client(
            id=table.new_id("client", ids),
            name=table.text("name"),
            share=table.number("share", 1.0, above=0),
        )
        for table in root.each("clients")
    )


def read_walls(
    root: Table, clients: tuple[Client, ...], sites: tuple[Site, ...]
) -> tuple[Wall, ...]:
    """Read ``[[walls]]``."""
    client_ids = [client.id for client in clients]
    hall_ids = [hall.id for site in sites for hall in site.halls]
    return tuple(_read_wall(table, client_ids, hall_ids) for table in root.each("walls"))


def _read_wall(table: Table, clients: list[str], halls: list[str]) -> Wall:
    between = table.references("clients", "client", clients, required=True)
    written = table.values.get("clients")
    if isinstance(written, list) and len(written) != 2:
        table.mistake("a wall stands between two clients; name both", "clients")
    first, second = (*between, "", "")[:2]
    return Wall(clients=(first, second), halls=table.references("halls", "hall", halls))
