"""The variables of one machine in its server's address space."""

from collections.abc import Mapping
from dataclasses import dataclass

from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds

from pilotline_plant import DataType, Limits, Machine, Tag
from pilotline_simulators.errors import EndpointError
from pilotline_simulators.opcua.node_ids import OWN_NAMESPACE, Namespaces, Step
from pilotline_simulators.opcua.ua_types import standard_id, text_id
from pilotline_simulators.opcua.units import engineering_units

_READABLE = ua.Byte(ua.AccessLevel.CurrentRead.mask | ua.AccessLevel.HistoryRead.mask)
"""Values and their history are read by clients, and written by none."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Where a tag lies in the address space.

    Attributes:
        node_id: its node.
        variant_type: the built-in type of its values.
    """

    node_id: ua.NodeId
    variant_type: ua.VariantType


async def add_machine(server: Server, machine: Machine) -> Mapping[str, Variable]:
    """Add a machine's variables and return them by tag id.

    A tag with a node id lies below an object named as the machine; one with a browse path lies
    at the end of that path.

    Raises:
        EndpointError: a node id is taken or cannot be read.
    """
    namespaces = Namespaces(machine)
    for uri in namespaces.uris:
        await server.register_namespace(uri)
    tree = _Tree(server, machine, namespaces)
    return {tag.id: await tree.add(tag) for tag in machine.tags}


class _Tree:
    """The folders made so far below the Objects folder."""

    def __init__(self, server: Server, machine: Machine, namespaces: Namespaces) -> None:
        self._session = server.iserver.isession
        self._machine = machine
        self._namespaces = namespaces
        self._objects: dict[tuple[Step, ...], ua.NodeId] = {
            (): standard_id(ObjectIds.ObjectsFolder)
        }

    async def add(self, tag: Tag) -> Variable:
        if tag.index is not None or tag.field is not None:
            raise EndpointError(
                self._machine.id,
                f"tag {tag.id!r} is part of an array or a structure, which simulated machines do "
                "not have. Give it a variable of its own, without index and field.",
            )
        if tag.browse_path is not None:
            steps = self._namespaces.steps(tag.browse_path)
        else:
            steps = (Step(OWN_NAMESPACE, self._machine.id), Step(OWN_NAMESPACE, tag.id))
        parent = await self._object(steps[:-1])
        variable = Variable(self._node_id(tag, steps), ua.VariantType[tag.data_type.value])
        await self._add(_variable_item(tag, variable, steps[-1], parent))
        for name, value in _properties(tag).items():
            await self._add(_property_item(variable.node_id, name, value))
        return variable

    def _node_id(self, tag: Tag, steps: tuple[Step, ...]) -> ua.NodeId:
        if tag.node_id is not None:
            return self._namespaces.node_id(tag.node_id)
        return _path_id(steps)

    async def _object(self, steps: tuple[Step, ...]) -> ua.NodeId:
        known = self._objects.get(steps)
        if known is not None:
            return known
        parent = await self._object(steps[:-1])
        item = ua.AddNodesItem(
            ParentNodeId=parent,
            ReferenceTypeId=standard_id(
                ObjectIds.Organizes if len(steps) == 1 else ObjectIds.HasComponent
            ),
            RequestedNewNodeId=_path_id(steps),
            BrowseName=ua.QualifiedName(steps[-1].name, steps[-1].namespace),
            NodeClass=ua.NodeClass.Object,
            NodeAttributes=ua.ObjectAttributes(DisplayName=ua.LocalizedText(steps[-1].name)),
            TypeDefinition=standard_id(ObjectIds.BaseObjectType),
        )
        self._objects[steps] = await self._add(item)
        return self._objects[steps]

    async def _add(self, item: ua.AddNodesItem) -> ua.NodeId:
        (result,) = await self._session.add_nodes([item])
        if not result.StatusCode.is_good():
            raise EndpointError(
                self._machine.id,
                f"node {item.RequestedNewNodeId.to_string()} cannot be added: "
                f"{result.StatusCode.name}. Give every tag a node id of its own.",
            )
        added: ua.NodeId = result.AddedNodeId
        return added


def _path_id(steps: tuple[Step, ...]) -> ua.NodeId:
    namespace = steps[-1].namespace or OWN_NAMESPACE
    return text_id("/" + "/".join(f"{step.namespace}:{step.name}" for step in steps), namespace)


def _variable_item(tag: Tag, variable: Variable, name: Step, parent: ua.NodeId) -> ua.AddNodesItem:
    attributes = ua.VariableAttributes(
        DisplayName=ua.LocalizedText(tag.name),
        Description=ua.LocalizedText(_description(tag)),
        Value=ua.Variant(None, ua.VariantType.Null),
        DataType=standard_id(variable.variant_type.value),
        ValueRank=ua.ValueRank.Scalar,
        AccessLevel=_READABLE,
        UserAccessLevel=_READABLE,
        Historizing=True,
        MinimumSamplingInterval=float(tag.sampling_ms),
    )
    return ua.AddNodesItem(
        ParentNodeId=parent,
        ReferenceTypeId=standard_id(ObjectIds.HasComponent),
        RequestedNewNodeId=variable.node_id,
        BrowseName=ua.QualifiedName(name.name, name.namespace),
        NodeClass=ua.NodeClass.Variable,
        NodeAttributes=attributes,
        TypeDefinition=standard_id(_type_definition(tag)),
    )


def _property_item(variable: ua.NodeId, name: str, value: object) -> ua.AddNodesItem:
    data_type = ObjectIds.Range if name == "EURange" else ObjectIds.EUInformation
    attributes = ua.VariableAttributes(
        DisplayName=ua.LocalizedText(name),
        Value=ua.Variant(value, ua.VariantType.ExtensionObject),
        DataType=standard_id(data_type),
        ValueRank=ua.ValueRank.Scalar,
    )
    return ua.AddNodesItem(
        ParentNodeId=variable,
        ReferenceTypeId=standard_id(ObjectIds.HasProperty),
        RequestedNewNodeId=text_id(
            f"{variable.to_string()}/{name}", variable.NamespaceIndex or OWN_NAMESPACE
        ),
        BrowseName=ua.QualifiedName(name, 0),
        NodeClass=ua.NodeClass.Variable,
        NodeAttributes=attributes,
        TypeDefinition=standard_id(ObjectIds.PropertyType),
    )


def _properties(tag: Tag) -> dict[str, object]:
    if not is_numeric(tag):
        return {}
    properties: dict[str, object] = {}
    if tag.unit.ucum != "1":
        properties["EngineeringUnits"] = engineering_units(tag.unit)
    span = normal_range(tag.limits)
    if span is not None:
        properties["EURange"] = ua.Range(Low=span[0], High=span[1])
    return properties


def _type_definition(tag: Tag) -> int:
    present = frozenset(_properties(tag))
    types = {
        frozenset({"EngineeringUnits", "EURange"}): ObjectIds.AnalogUnitRangeType,
        frozenset({"EngineeringUnits"}): ObjectIds.AnalogUnitType,
        frozenset({"EURange"}): ObjectIds.AnalogItemType,
    }
    return types.get(present, ObjectIds.BaseDataVariableType)


def is_numeric(tag: Tag) -> bool:
    """Return whether a tag's values are numbers."""
    return tag.data_type not in {DataType.BOOLEAN, DataType.STRING}


def normal_range(limits: Limits | None) -> tuple[float, float] | None:
    """Return the range a value normally stays in: between its outermost alarm limits.

    An open side begins at 0 or mirrors the other side about 0.
    """
    if limits is None:
        return None
    low = _first(limits.low_low, limits.low)
    high = _first(limits.high_high, limits.high)
    if low is None and high is None:
        return None
    if low is None:
        low = min(0.0, 2 * high) if high is not None else 0.0
    if high is None:
        high = max(0.0, 2 * low)
    return low, max(high, low)


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _description(tag: Tag) -> str:
    return f"{tag.name} [{tag.unit.symbol}]" if tag.unit.symbol else tag.name
