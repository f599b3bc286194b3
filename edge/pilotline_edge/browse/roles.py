"""Roles: which variables of companion specifications tell a machine's state and count."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pilotline_edge.browse.finding import Found
from pilotline_plant import DataType

_PACKML = "http://opcfoundation.org/UA/PackML/"
_MACHINE_TOOL = "http://opcfoundation.org/UA/MachineTool/"
_INTEGERS = {
    DataType.INT16,
    DataType.UINT16,
    DataType.INT32,
    DataType.UINT32,
    DataType.INT64,
    DataType.UINT64,
}


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A variable whose role a specification tells.

    Attributes:
        role: the tag's.
        names: the last browse names of its path.
        namespace: URI of the first of them, or None for any.
        index: its element.
        field: its field.
        remark: what a person should know.
    """

    role: str
    names: tuple[str, ...]
    namespace: str | None = None
    index: tuple[int, ...] | None = None
    field: str | None = None
    remark: str = ""

    def fits(self, found: Found, namespaces: Sequence[str]) -> bool:
        last = [step.partition(":") for step in found.path[-len(self.names) :]]
        if tuple(name for _, _, name in last) != self.names or found.data_type not in _INTEGERS:
            return False
        index = int(last[0][0])
        uri = namespaces[index] if index < len(namespaces) else None
        return self.namespace in (None, uri) and (found.index, found.field) == (
            self.index,
            self.field,
        )


_MEANINGS = (
    _Meaning("state", ("Status", "StateCurrent")),
    _Meaning(
        "state",
        ("ExecuteState", "CurrentState", "Number"),
        _PACKML,
        remark="PackML states while running; others are those of MachineState and BaseStateMachine",
    ),
    _Meaning("count", ("PartsGood",), _MACHINE_TOOL, remark="good parts of the present job"),
    _Meaning("count", ("PartsProducedInLifetime",), _MACHINE_TOOL, remark="good and bad parts"),
    _Meaning(
        "count", ("ProdProcessedCount",), _PACKML, (0,), "AccCount", remark="good and bad parts"
    ),
)
"""OPC 30050 (PackML), PackTags of ANSI/ISA-TR88.00.02, OPC 40501 (MachineTool); best first."""


def with_roles(found: Sequence[Found], namespaces: Sequence[str]) -> list[Found]:
    """Return what was found, the best variable for each role with it.

    A role goes to one variable only, as in a machine's tags; the remark says what it counts.
    """
    result = list(found)
    given: set[str] = set()
    for meaning in _MEANINGS:
        if meaning.role in given:
            continue
        for n, each in enumerate(result):
            if meaning.fits(each, namespaces):
                remarks = "; ".join(filter(None, (each.remark, meaning.remark)))
                result[n] = replace(each, role=meaning.role, remark=remarks)
                given.add(meaning.role)
                break
    return result


def tells_role(path: Sequence[str]) -> bool:
    """Return whether a property is taken although properties are not asked for."""
    names = tuple(step.partition(":")[2] for step in path)
    return any(names[-len(each.names) :] == each.names for each in _MEANINGS)
