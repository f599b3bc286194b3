"""Plants the tests simulate."""

import dataclasses
from functools import cache

from pilotline_plant import DataType, Endpoint, Limits, Machine, Plant, Tag, Unit
from pilotline_plant.examples import example_plant
from pilotline_plant.reading import read_plant

EXAMPLES = ("bench", "taastrup")


@cache
def example(name: str) -> Plant:
    """Return an example plant."""
    return read_plant(example_plant(name))


def bench_machine(machine: str) -> Machine:
    """Return a machine of the bench plant."""
    return example("bench").machine_by_id[machine]


def tag(
    tag_id: str,
    *,
    unit: str = "1",
    data_type: DataType = DataType.DOUBLE,
    role: str = "value",
    deadband: float = 0.0,
    limits: Limits | None = None,
    sampling_ms: int = 100,
) -> Tag:
    """Return a tag at ``ns=2;s=<id>``."""
    return Tag(
        id=tag_id,
        name=tag_id.replace("_", " "),
        node_id=f"ns=2;s={tag_id}",
        browse_path=None,
        data_type=data_type,
        unit=Unit(unit, unit),
        sampling_ms=sampling_ms,
        publishing_ms=100,
        deadband=deadband,
        limits=limits,
        role=role,
    )


def machine_with(
    *tags: Tag, kind: str = "unheard-of", security: str = "None", user: str | None = None
) -> Machine:
    """Return the machine ``m-1`` with these tags, on any free port."""
    return dataclasses.replace(
        bench_machine("oven-1"),
        id="m-1",
        kind=kind,
        endpoint=Endpoint("opc.tcp://127.0.0.1:0/m-1", security, user),
        tags=tags,
    )


def plant_of(*machines: Machine) -> Plant:
    """Return a plant of these machines."""
    return dataclasses.replace(example("bench"), machines=machines)
