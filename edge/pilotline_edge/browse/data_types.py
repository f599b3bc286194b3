"""Data types: from a server's data type node to the type a tag has."""

from asyncua.ua.object_ids import ObjectIds

from pilotline_plant import DataType

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


def is_abstract(built_in: int) -> bool:
    """Return whether only a value tells the type."""
    return built_in in _ABSTRACT or built_in == 0
