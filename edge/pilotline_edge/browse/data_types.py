"""Data types: from a server's data type node to the type a tag has."""

from collections.abc import Iterable

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from pilotline_edge.browse.services import BatchedServices
from pilotline_plant import DataType

_DEEPEST = 32
_LAST_BUILT_IN = 29
ENUMERATION = ObjectIds.Enumeration
STRUCTURE = ObjectIds.Structure

AS_TAG: dict[int, DataType] = {
    ObjectIds.Boolean: DataType.BOOLEAN,
    ObjectIds.SByte: DataType.INT16,
    ObjectIds.Byte: DataType.UINT16,
    ObjectIds.Int16: DataType.INT16,
    ObjectIds.UInt16: DataType.UINT16,
    ObjectIds.Int32: DataType.INT32,
    ObjectIds.UInt32: DataType.UINT32,
    ObjectIds.Int64: DataType.INT64,
    ObjectIds.UInt64: DataType.UINT64,
    ObjectIds.Float: DataType.FLOAT,
    ObjectIds.Double: DataType.DOUBLE,
    ObjectIds.String: DataType.STRING,
    ObjectIds.DateTime: DataType.STRING,
    ObjectIds.Guid: DataType.STRING,
    ObjectIds.ByteString: DataType.STRING,
    ObjectIds.XmlElement: DataType.STRING,
    ObjectIds.NodeId: DataType.STRING,
    ObjectIds.ExpandedNodeId: DataType.STRING,
    ObjectIds.StatusCode: DataType.UINT32,
    ObjectIds.QualifiedName: DataType.STRING,
    ObjectIds.LocalizedText: DataType.STRING,
    ENUMERATION: DataType.INT32,
}
"""Built-in types (OPC 10000-6, 5.1.2) and the narrowest type of a tag that holds every value."""

_ABSTRACT = {
    ObjectIds.BaseDataType,
    ObjectIds.Number,
    ObjectIds.Integer,
    ObjectIds.UInteger,
}


async def built_in_types(
    types: Iterable[ua.NodeId], services: BatchedServices
) -> dict[ua.NodeId, int]:
    """Return the built-in type each data type derives from, 0 where that is not told."""
    wanted = set(types)
    ancestor = {node: node for node in wanted}
    for _ in range(_DEEPEST):
        open_ones = [node for node in wanted if not _settled(ancestor[node])]
        if not open_ones:
            break
        answers = await services.references(
            [ancestor[node] for node in open_ones], ObjectIds.HasSubtype, inverse=True
        )
        for node, (references, _) in zip(open_ones, answers, strict=True):
            above = references[0].NodeId if references else ua.NodeId()
            ancestor[node] = ua.NodeId(above.Identifier, above.NamespaceIndex, above.NodeIdType)
    return {node: _number(ancestor[node]) for node in wanted}


def is_abstract(built_in: int) -> bool:
    """Return whether only a value tells the type."""
    return built_in in _ABSTRACT or built_in == 0


def _settled(node: ua.NodeId) -> bool:
    number = _number(node)
    return node.is_null() or 0 < number <= _LAST_BUILT_IN


def _number(node: ua.NodeId) -> int:
    identifier = node.Identifier
    known = node.NamespaceIndex == 0 and isinstance(identifier, int)
    return int(identifier) if known and int(identifier) <= _LAST_BUILT_IN else 0
