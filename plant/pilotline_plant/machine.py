"""Machine: a piece of equipment with an OPC UA endpoint, tags and capabilities."""

from dataclasses import dataclass
from enum import StrEnum

from pilotline_plant.calendar import Maintenance
from pilotline_plant.priority import Priority
from pilotline_plant.tag import Tag


class Sector(StrEnum):
    """The six sectors the institute serves."""

    COMPONENTS = "components"
    FOOD = "food-feed"
    BUILDING = "building-materials"
    ENERGY = "energy"
    ELECTRONICS = "electronics"
    MEDICAL = "medical-devices"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how a machine speaks OPC UA.

    Attributes:
        url: ``opc.tcp://host:port/path``.
        security: ``None``, or a policy with SignAndEncrypt: ``Basic256Sha256``,
            ``Aes128_Sha256_RsaOaep``, ``Aes256_Sha256_RsaPss``.
        user: user name, or None for anonymous; the password comes from the environment variable
            ``PILOTLINE_OPCUA_PASSWORD_<MACHINE>``.
        profile: name of the server profile, or None to recognise it by what the server says.
        deadbands: who applies deadbands: ``server`` where it can, or always the ``agent``.
        also: URLs of further servers of the same machine, each with the same variables
            (non-transparent redundancy, OPC 10000-4, 6.6.2.4); one of them all is read.
    """

    url: str
    security: str
    user: str | None = None
    profile: str | None = None
    deadbands: str = "server"
    also: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL of the machine, the preferred one first."""
        return self.url, *self.also


@dataclass(frozen=True, slots=True)
class Capability:
    """Something a machine can do.

    Attributes:
        id: what procedure steps ask for, such as ``milling-5-axis``.
        rate: how fast this machine is; a step of 60 nominal minutes takes ``60 / rate``.
    """

    id: str
    rate: float


@dataclass(frozen=True, slots=True)
class EventSource:
    """Which events of a machine are read.

    Attributes:
        node_id: node that reports them, or None; without any address it is the Server object,
            which reports those of the whole machine (OPC 10000-5, 8.3.2).
        browse_path: instead of a node id, the path from the Objects folder, or None.
        min_severity: least severity, 1 to 1,000.
    """

    node_id: str | None = None
    browse_path: str | None = None
    min_severity: int = 1


@dataclass(frozen=True, slots=True)
class Machine:
    """A piece of equipment.

    Attributes:
        id: unique within the plant.
        name: what a person reads.
        kind: model family, such as ``cnc-mill``; the simulators pick the physics by it.
        sector: sector it serves.
        site: site id.
        hall: hall id within the site.
        endpoint: its OPC UA server.
        calendar: calendar id.
        capabilities: what it can do.
        changeover: changeover matrix id, or None when setups take no time.
        initial_setup: setup state it is in at the start, or None.
        power_kw: electric power while processing, for energy terms.
        maintenance: planned stops.
        tags: its OPC UA variables.
        priority: how long its values are still taken while the edge's journal fills up.
        events: which of its events and alarms are read, or None for none.
    """

    id: str
    name: str
    kind: str
    sector: Sector
    site: str
    hall: str
    endpoint: Endpoint
    calendar: str
    capabilities: tuple[Capability, ...]
    changeover: str | None
    initial_setup: str | None
    power_kw: float
    maintenance: tuple[Maintenance, ...]
    tags: tuple[Tag, ...]
    priority: Priority = Priority.NORMAL
    events: EventSource | None = None

    def tag(self, tag_id: str) -> Tag:
        """Return the tag with this id.

        Raises:
            KeyError: the machine has no such tag.
        """
        for tag in self.tags:
            if tag.id == tag_id:
                return tag
        raise KeyError(tag_id)
