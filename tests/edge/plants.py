"""Plants for tests, without a plant file."""

from collections.abc import Sequence
from typing import Any

from pilotline_plant import DataType, Endpoint, Machine, Plant, Sector, Tag, Unit


def tag(
    name: str,
    *,
    sampling_ms: int = 50,
    publishing_ms: int = 100,
    deadband: float = 0.0,
    node_id: str | None = None,
    browse_path: str | None = None,
    index: int | tuple[int, ...] | None = None,
    field: str | None = None,
    **other: Any,  # noqa: ANN401 - fields of Tag
) -> Tag:
    """Return a tag whose node is ``ns=2;s=<name>`` unless told otherwise."""
    if node_id is None and browse_path is None:
        node_id = f"ns=2;s={name}"
    return Tag(
        id=name,
        name=name,
        node_id=node_id,
        browse_path=browse_path,
        data_type=DataType.DOUBLE,
        unit=Unit("1", ""),
        sampling_ms=sampling_ms,
        publishing_ms=publishing_ms,
        deadband=deadband,
        index=(index,) if isinstance(index, int) else index,
        field=field,
        **other,
    )


def machine(
    url: str,
    tags: Sequence[Tag],
    *,
    name: str = "mill-1",
    security: str = "None",
    user: str | None = None,
    **endpoint: Any,  # noqa: ANN401 - fields of Endpoint
) -> Machine:
    """Return a machine at `url`."""
    return Machine(
        id=name,
        name=name,
        kind="cnc-mill",
        sector=Sector.COMPONENTS,
        site="aarhus",
        hall="hall-a",
        endpoint=Endpoint(url, security, user, **endpoint),
        calendar="day",
        capabilities=(),
        changeover=None,
        initial_setup=None,
        power_kw=1.0,
        maintenance=(),
        tags=tuple(tags),
    )


def plant(*machines: Machine) -> Plant:
    """Return a plant of these machines and nothing else."""
    return Plant(
        name="test plant",
        sites=(),
        calendars=(),
        changeovers=(),
        pools=(),
        machines=machines,
        clients=(),
        walls=(),
        procedures=(),
    )
