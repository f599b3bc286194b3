"""What a machine needs that speaks in structures of its own types."""

from typing import Any

from asyncua import ua
from asyncua.common.structures104 import new_enum, new_struct, new_struct_field
from asyncua.server.server import Server

NAMESPACE = "urn:pilotline:structures"


def node(name: str, index: int) -> ua.NodeId:
    """Return the node id ``ns=<index>;s=<name>``."""
    identifier: Any = name
    return ua.NodeId(identifier, ua.Int16(index))


async def furnish(server: Server) -> None:
    """Give the server a structure within structures, a union, a matrix and a standard one."""
    index = await server.register_namespace(NAMESPACE)
    double = ua.VariantType.Double
    position, _ = await new_struct(
        server, index, "Position", [new_struct_field(name, double) for name in "XYZ"]
    )
    mode = await new_enum(server, index, "AxisMode", ["Off", "Homing", "On"])
    axis, _ = await new_struct(
        server,
        index,
        "Axis",
        [
            new_struct_field("Load", ua.VariantType.Float),
            new_struct_field("Mode", mode),
            new_struct_field("Note", ua.VariantType.LocalizedText, optional=True),
            new_struct_field("At", position),
            new_struct_field("Limit", double, optional=True),
        ],
    )
    await new_struct(
        server,
        index,
        "Mill",
        [
            new_struct_field("Name", ua.VariantType.String),
            new_struct_field("Axes", axis, array=True),
            new_struct_field("Counts", ua.VariantType.UInt16, array=True),
            new_struct_field("Anything", ua.NodeId(ua.Int32(24))),
            new_struct_field("Tool", ua.NodeId(ua.Int32(22))),
        ],
    )
    choice = [new_struct_field("Count", ua.VariantType.Int64), new_struct_field("At", position)]
    await new_struct(server, index, "Choice", choice, is_union=True)
    await server.load_data_type_definitions()
    values = {
        "mill": mill_value(1.5),
        "choice": choice_value(),
        "limits": ua.Range(Low=ua.Double(-5.0), High=ua.Double(80.0)),
        "foreign": ua.ExtensionObject(
            TypeId=node("Nobody.Knows", index), Body=ua.ByteString(b"\x01\x02")
        ),
    }
    for name, value in values.items():
        variant = ua.Variant(value, ua.VariantType.ExtensionObject)
        base = ua.NodeId(ua.Int32(22)) if name == "foreign" else None
        where = node(name, index), f"{index}:{name}"
        await server.nodes.objects.add_variable(*where, variant, datatype=base)
    grid = ua.Variant([[1, 2, 3], [4, 5, 6]], ua.VariantType.Int32)
    await server.nodes.objects.add_variable(node("grid", index), f"{index}:grid", grid)


def _made(name: str, **fields: object) -> Any:  # noqa: ANN401 - asyncua makes its classes at run time
    made = getattr(ua, name)()
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def mill_value(load: float) -> Any:  # noqa: ANN401 - asyncua makes its classes at run time
    """Return a mill's state with two axes."""
    axes = [
        _made("Axis", Load=load, Mode=2, At=_made("Position", X=1.0, Y=2.0, Z=3.0)),
        _made(
            "Axis",
            Load=load + 1,
            Mode=0,
            Note=ua.LocalizedText("lubricate"),
            At=_made("Position", X=4.0, Y=5.0, Z=6.0),
        ),
    ]
    return _made(
        "Mill",
        Name="north",
        Axes=axes,
        Counts=[7, 8],
        Anything=ua.Variant(9, ua.VariantType.Int16),
        Tool=_made("Position", X=0.5, Y=0.0, Z=0.0),
    )


def choice_value() -> Any:  # noqa: ANN401 - asyncua makes its classes at run time
    """Return a union that holds a position."""
    return _made("Choice", At=_made("Position", X=11.0, Y=0.0, Z=0.0))
