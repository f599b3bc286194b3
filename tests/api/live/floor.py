"""A small plant for the tests of what is live: machines with limits, a state and a job."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pilotline_api.live.clock import Moment
from pilotline_api.live.push import EdgePush
from pilotline_api.live.push_decoding import decode_push
from pilotline_plant import DataType, Endpoint, Limits, Machine, Plant, Sector, Site, Tag, Unit

NOON_MS = 1_795_694_400_000
NOON_NS = NOON_MS * 1_000_000
GOOD = 0
UNCERTAIN = 0x4000_0000
BAD = 0x8000_0000


def tag(tag_id: str, *, role: str = "value", limits: Limits | None = None) -> Tag:
    text = role == "job"
    return Tag(
        id=tag_id,
        name=tag_id.capitalize(),
        node_id=f"ns=2;s={tag_id}",
        browse_path=None,
        data_type=DataType.STRING if text else DataType.DOUBLE,
        unit=Unit("Cel", "°C"),
        limits=limits,
        role=role,
    )


def machine(machine_id: str, *tags: Tag, site: str = "north") -> Machine:
    return Machine(
        id=machine_id,
        name=machine_id.capitalize(),
        kind="mixer",
        sector=Sector.FOOD,
        site=site,
        hall="hall",
        endpoint=Endpoint("opc.tcp://127.0.0.1:4840", "None"),
        calendar="always",
        capabilities=(),
        changeover=None,
        initial_setup=None,
        power_kw=1.0,
        maintenance=(),
        tags=tags,
    )


def plant(*machines: Machine) -> Plant:
    sites = tuple(
        Site(site, site, "Europe/Copenhagen", "DK", None, "institute", False, ())
        for site in dict.fromkeys(each.site for each in machines)
    )
    return Plant("Test", sites, (), (), (), tuple(machines), (), (), ())


LIMITS = Limits(low_low=5.0, low=10.0, high=80.0, high_high=90.0, hysteresis=2.0)


def bench() -> Plant:
    """Two machines on one site, one on another."""
    tags = (
        tag("temperature", limits=LIMITS),
        tag("speed"),
        tag("state", role="state"),
        tag("job", role="job"),
    )
    return plant(
        machine("mixer", *tags), machine("press", *tags), machine("oven", *tags, site="south")
    )


def moment(after_s: float) -> Moment:
    """The instant some seconds after noon."""
    return Moment(1000.0 + after_s, NOON_MS + round(after_s * 1000))


def body(
    values: Iterable[Sequence[Any]] = (),
    connections: Mapping[str, bool | Mapping[str, Any]] | None = None,
    *,
    agent: str = "edge-1",
    sent_ms: int = NOON_MS,
) -> bytes:
    """A push as the edge sends it; a connection may be just True or False."""
    said = {
        machine_id: {"connected": state, "since_ms": NOON_MS, "cause": None}
        if isinstance(state, bool)
        else state
        for machine_id, state in (connections or {}).items()
    }
    return json.dumps(
        {"agent": agent, "sent_ms": sent_ms, "connections": said, "values": list(values)}
    ).encode()


def push(
    values: Iterable[Sequence[Any]] = (),
    connections: Mapping[str, bool | Mapping[str, Any]] | None = None,
    *,
    agent: str = "edge-1",
    sent_ms: int = NOON_MS,
) -> EdgePush:
    sound, refused = decode_push(body(values, connections, agent=agent, sent_ms=sent_ms))
    assert not refused
    return sound
