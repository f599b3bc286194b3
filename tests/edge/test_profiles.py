"""What is known of servers is used, and what is not known is learnt."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.connection.batches import BatchSizes, Service
from pilotline_edge.connection.capacity import Capacity
from pilotline_edge.connection.facts import ask_facts
from pilotline_edge.profiles import GENERIC, PROFILES, Build, profile_of, recognise
from pilotline_plant.reading.endpoints import ServerProfile


def test_every_profile_a_plant_file_may_name_is_there() -> None:
    assert set(PROFILES) == {profile.value for profile in ServerProfile}


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (Build("Siemens AG", "SIMATIC S7-1200"), "s7-1200"),
        (Build(application_uri="urn:SIMATIC.S7-1200.OPC-UA.Application:PLC_1"), "s7-1200"),
        (Build("Siemens AG", "CPU 1515-2 PN, S7-1500"), "s7-1500"),
        (Build(product_uri="https://www.siemens.com/s7-1500"), "s7-1500"),
        (Build("Kepware", "KEPServerEX"), "kepware"),
        (Build("PTC Inc.", "ThingWorx Kepware Server"), "kepware"),
        (Build("Inductive Automation", "Ignition OPC UA Server"), "ignition"),
        (Build("Prosys OPC Ltd.", "OPC UA Simulation Server"), "prosys"),
        (Build("FreeOpcUa", "FreeOpcUa Python Server"), "asyncua"),
        (Build("Pilotline simulators", "Mill (simulated)"), "pilotline"),
        (Build("NodeOPCUA : MIT Licence", "NodeOPCUA-Server"), "generic"),
        (Build("Acme 1500", "Press"), "generic"),
        (Build(), "generic"),
    ],
)
def test_a_server_is_recognised_by_what_it_says(build: Build, name: str) -> None:
    assert recognise(build).name == name


def test_the_plant_file_goes_before_recognition() -> None:
    siemens = Build("Siemens AG", "SIMATIC S7-1500")
    assert profile_of("s7-1200", siemens).batch == 100
    assert profile_of("generic", siemens) is GENERIC
    assert profile_of(None, siemens).batch == 500


class Server:
    """Takes so many operations a call and refuses more."""

    def __init__(self, most: int, refusal: type[uaerrors.UaStatusCodeError]) -> None:
        self.most = most
        self.refusal = refusal
        self.calls: list[int] = []

    async def ask(self, batch: Sequence[int]) -> list[int]:
        self.calls.append(len(batch))
        if len(batch) > self.most:
            raise self.refusal
        return [-each for each in batch]


@pytest.mark.parametrize(
    "refusal",
    [
        uaerrors.BadTooManyOperations,
        uaerrors.BadRequestTooLarge,
        uaerrors.BadResponseTooLarge,
    ],
)
def test_a_size_that_worked_is_remembered(refusal: type[uaerrors.UaStatusCodeError]) -> None:
    server, sizes, asked = Server(60, refusal), BatchSizes(default=200), list(range(500))
    for _ in range(2):
        answers = asyncio.run(sizes.run(Service.READ, asked, server.ask))
        assert answers == [-each for each in asked]
    assert server.calls == [200, 100, *[50] * 20], "the second time begins where the first ended"
    assert sizes.learnt == {"read": 50}
    assert sizes.size(Service.MONITOR) == 200, "other services are not concerned"


def test_what_is_too_large_by_itself_is_an_error() -> None:
    server, sizes = Server(0, uaerrors.BadResponseTooLarge), BatchSizes(default=4)
    with pytest.raises(uaerrors.BadResponseTooLarge):
        asyncio.run(sizes.run(Service.READ, [1, 2, 3], server.ask))


def test_a_limit_that_a_server_names_is_kept() -> None:
    server, sizes = Server(7, uaerrors.BadTooManyOperations), BatchSizes(default=500)
    sizes.limit(Service.READ, 7)
    asyncio.run(sizes.run(Service.READ, list(range(20)), server.ask))
    assert server.calls == [7, 7, 6]
    sizes.limit(Service.READ, None)
    assert sizes.size(Service.READ) == 500


def test_a_server_that_answers_fewer_is_not_believed() -> None:
    async def ask(batch: Sequence[int]) -> list[int]:
        return list(batch)[1:]

    with pytest.raises(uaerrors.UaError, match="answered 2 of 3"):
        asyncio.run(BatchSizes(default=10).run(Service.READ, [1, 2, 3], ask))


class Capable:
    """Says its capabilities by the names of their nodes, and nothing else of itself."""

    def __init__(self, **said: int) -> None:
        prefix = "Server_ServerCapabilities_"
        self._said = {getattr(ObjectIds, f"{prefix}{name}"): limit for name, limit in said.items()}

    async def read_attributes(self, nodes: Sequence[ua.NodeId], _: object) -> list[ua.DataValue]:
        return [ua.DataValue(ua.Variant(self._said.get(node.Identifier))) for node in nodes]


def capacity_of(profile: str | None = None, **said: int) -> Capacity:
    """Return what is known of the room of a server that says this much."""
    services: Any = Capable(**said)
    return asyncio.run(ask_facts(services, BatchSizes(500), profile)).capacity


def test_a_server_is_believed_how_much_room_it_has() -> None:
    assert capacity_of() == Capacity()
    said = capacity_of(
        MaxMonitoredItems=9,
        MaxMonitoredItemsPerSubscription=3,
        MaxSubscriptions=7,
        MaxSubscriptionsPerSession=5,
        MaxMonitoredItemsQueueSize=20,
    )
    assert said == Capacity(items=9, items_per_subscription=3, subscriptions=5, queue=20)
    assert capacity_of(MaxSubscriptions=4, MaxSubscriptionsPerSession=0).subscriptions == 4


def test_what_a_profile_knows_of_room_holds_where_the_server_says_nothing() -> None:
    assert capacity_of("s7-1200").items == 1_000
    assert capacity_of("s7-1200", MaxMonitoredItems=4_000).items == 4_000
