"""Every tag of a plant file is served as the plant file says."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

from pilotline_plant import DataType, Limits, Machine, Unit
from pilotline_simulators import EndpointError, SimulatedPlant
from pilotline_simulators.opcua.address_space import normal_range
from pilotline_simulators.opcua.node_ids import Namespaces, application_uri
from pilotline_simulators.opcua.ua_types import standard_id
from pilotline_simulators.opcua.units import UNECE_CODES, engineering_units
from tests.simulators.listener import node_of
from tests.simulators.own_identity import own_identity
from tests.simulators.plants import EXAMPLES, example, machine_with, plant_of, tag


async def _check(client: Client, machine: Machine) -> None:
    nodes = [await node_of(client, machine, each.id) for each in machine.tags]
    held = {
        attribute: await client.read_attributes(nodes, attribute)
        for attribute in (
            *(AttributeIds.Value, AttributeIds.DataType, AttributeIds.DisplayName),
            *(AttributeIds.Description, AttributeIds.MinimumSamplingInterval),
        )
    }
    for number, each in enumerate(machine.tags):
        of: dict[AttributeIds, Any] = {key: values[number] for key, values in held.items()}
        assert of[AttributeIds.Value].Value.VariantType.name == each.data_type.value, each.id
        assert of[AttributeIds.Value].StatusCode.is_good()
        data_type = of[AttributeIds.DataType].Value.Value
        assert data_type.Identifier == getattr(ObjectIds, each.data_type.value)
        assert of[AttributeIds.DisplayName].Value.Value.Text == each.name
        assert of[AttributeIds.Description].Value.Value.Text.startswith(each.name)
        assert of[AttributeIds.MinimumSamplingInterval].Value.Value == each.sampling_ms
    await _check_units(client, machine, nodes)


async def _check_units(client: Client, machine: Machine, nodes: list[Node]) -> None:
    measured = [
        (each.unit, await node.get_child("0:EngineeringUnits"))
        for each, node in zip(machine.tags, nodes, strict=True)
        if each.unit.ucum != "1"
    ]
    read = await client.read_values([node for _, node in measured])
    assert [(units.DisplayName.Text, units.Description.Text) for units in read] == [
        (unit.symbol, unit.ucum) for unit, _ in measured
    ]


async def _properties(node: Node) -> dict[str, Node]:
    children = await node.get_properties()
    return {str((await child.read_browse_name()).Name): child for child in children}


async def _connect(machine: Machine, url: str, folder: Path) -> Client:
    client = Client(url, timeout=10)
    if machine.endpoint.security != "None":
        key, certificate = own_identity(folder)
        client.application_uri = "urn:test:reader"
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=str(certificate),
            private_key=str(key),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
    return client


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_tag_of_the_example_plants_is_served(name: str, tmp_path: Path) -> None:
    async def look() -> int:
        checked = 0
        plant = SimulatedPlant(example(name), speed=None, any_port=True, certificates=tmp_path)
        async with plant as simulated:
            for machine in simulated.plant.machines:
                async with await _connect(machine, machine.endpoint.url, tmp_path) as client:
                    await _check(client, machine)
                    checked += len(machine.tags)
        return checked

    assert asyncio.run(look()) == sum(len(machine.tags) for machine in example(name).machines)


def test_limits_are_served_as_range() -> None:
    machine = machine_with(
        tag("both", unit="bar", limits=Limits(low_low=1.0, low=2.0, high=8.0)),
        tag("high", unit="bar", limits=Limits(high=8.0, high_high=9.0)),
        tag("low", unit="bar", limits=Limits(low=3.0)),
        tag("none", unit="bar"),
    )

    async def look() -> dict[str, tuple[float, float] | None]:
        found: dict[str, tuple[float, float] | None] = {}
        async with (
            SimulatedPlant(plant_of(machine), speed=None, any_port=True) as simulated,
            Client(simulated.machine("m-1").url) as client,
        ):
            for each in machine.tags:
                properties = await _properties(await node_of(client, machine, each.id))
                span = await properties["EURange"].read_value() if "EURange" in properties else None
                found[each.id] = None if span is None else (span.Low, span.High)
        return found

    assert asyncio.run(look()) == {
        "both": (1.0, 8.0),
        "high": (0.0, 9.0),
        "low": (3.0, 6.0),
        "none": None,
    }
    assert normal_range(Limits(high=-60.0)) == (-120.0, -60.0)


def test_no_client_can_write() -> None:
    machine = machine_with(tag("speed"))

    async def write() -> None:
        async with SimulatedPlant(plant_of(machine), any_port=True) as simulated:
            client = Client(simulated.machine("m-1").url)
            client.set_user("admin")
            with pytest.raises(UaError):
                await client.connect()
            async with Client(simulated.machine("m-1").url) as reader:
                with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                    await reader.get_node("ns=2;s=speed").write_value(1.0)
                with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                    await reader.nodes.objects.add_object(2, "mine")

    asyncio.run(write())


def test_the_server_tells_its_name_and_the_time() -> None:
    async def look() -> tuple[list[str], object, object]:
        async with (
            SimulatedPlant(example("bench"), machines=["oven-1"], any_port=True) as simulated,
            Client(simulated.machine("oven-1").url) as client,
        ):
            clock = client.get_node(standard_id(ObjectIds.Server_ServerStatus_CurrentTime))
            first = await clock.read_value()
            await asyncio.sleep(1.2)
            return await client.get_namespace_array(), first, await clock.read_value()

    names, first, second = asyncio.run(look())
    assert names[1:3] == [application_uri("oven-1"), "urn:pilotline:machine:oven-1"]
    assert first != second


def test_servers_share_nodes_but_not_what_they_change() -> None:
    async def look() -> list[list[str]]:
        async with SimulatedPlant(example("bench"), any_port=True) as simulated:
            arrays = []
            for machine in simulated.machines:
                async with Client(machine.url) as client:
                    children = await client.nodes.objects.get_children()
                    names = [(await child.read_browse_name()).Name for child in children]
                    arrays.append([*await client.get_namespace_array(), *names])
            return arrays

    machines = ("mixer-1", "oven-1", "mill-1")
    for machine, found in zip(machines, asyncio.run(look()), strict=True):
        assert [each for each in found if each in machines] == [machine]
        assert f"urn:pilotline:machine:{machine}" in found
        assert sum(each.startswith("urn:pilotline") for each in found) == 2


def test_node_ids_may_name_their_namespace() -> None:
    machine = machine_with(
        dataclasses.replace(tag("a"), node_id="nsu=urn:maker:press;s=a"),
        dataclasses.replace(tag("b"), node_id="ns=4;i=17"),
        dataclasses.replace(tag("c"), node_id=None, browse_path="2:Press/3:Ram/3:Force"),
    )
    assert Namespaces(machine).uris == (
        "urn:pilotline:machine:m-1",
        "urn:pilotline:machine:m-1:3",
        "urn:pilotline:machine:m-1:4",
        "urn:maker:press",
    )

    async def look() -> list[object]:
        async with (
            SimulatedPlant(plant_of(machine), speed=None, any_port=True) as simulated,
            Client(simulated.machine("m-1").url) as client,
        ):
            return [await (await node_of(client, machine, each)).read_value() for each in "abc"]

    assert all(isinstance(value, float) for value in asyncio.run(look()))


@pytest.mark.parametrize("text", ["s", "ns=x;s=a", "a.b"])
def test_a_node_id_that_cannot_be_read_is_told(text: str) -> None:
    machine = machine_with(dataclasses.replace(tag("a"), node_id=text))
    with pytest.raises(EndpointError, match=r"m-1.* node id .*cannot be read"):
        asyncio.run(SimulatedPlant(plant_of(machine), any_port=True).start())


def test_an_element_of_an_array_is_told() -> None:
    machine = machine_with(dataclasses.replace(tag("a"), index=(1,)))
    with pytest.raises(EndpointError, match="'a' is part of an array or a structure"):
        asyncio.run(SimulatedPlant(plant_of(machine), any_port=True).start())


def test_two_tags_of_one_node_are_told() -> None:
    machine = machine_with(tag("a"), dataclasses.replace(tag("b"), node_id="ns=2;s=a"))
    with pytest.raises(EndpointError, match="BadNodeIdExists"):
        asyncio.run(SimulatedPlant(plant_of(machine), any_port=True).start())


def test_units_are_told_by_their_unece_number() -> None:
    celsius = engineering_units(Unit("Cel", "°C"))
    assert (celsius.UnitId, celsius.NamespaceUri) == (
        4408652,
        "http://www.opcfoundation.org/UA/units/un/cefact",
    )
    strange = engineering_units(Unit("[foot_i]", "ft"))
    assert (strange.UnitId, strange.NamespaceUri) == (-1, "http://unitsofmeasure.org")
    assert all(2 <= len(code) <= 3 and code.isalnum() for code in UNECE_CODES.values())


def test_data_types_are_those_of_opc_ua() -> None:
    assert {each.value for each in DataType} <= set(ua.VariantType.__members__)
