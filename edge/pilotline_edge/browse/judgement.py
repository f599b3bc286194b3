"""Judgement: which variables a tag can have, and what the others lack."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds

from pilotline_edge.browse.data_types import AS_TAG, STRUCTURE, is_abstract
from pilotline_edge.browse.expansion import MOST_PARTS, Expansion, Part
from pilotline_edge.browse.finding import (
    USUAL_MS,
    Discovery,
    Found,
    LeftOut,
    Progress,
    in_silence,
)
from pilotline_edge.browse.node_ids import written_node_id
from pilotline_edge.browse.units import ucum_code
from pilotline_edge.browse.walk import Place
from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.errors import StructureUnreadable
from pilotline_edge.structures import StructureTypes
from pilotline_edge.structures.built_in import built_in_types
from pilotline_edge.structures.selection import Held
from pilotline_edge.subscription.publication import Unsupported
from pilotline_edge.subscription.values import value_of
from pilotline_plant import DataType
from pilotline_plant.field_path import written_field

_AT_ONCE = 200
_FACTS = (
    AttributeIds.DataType,
    AttributeIds.UserAccessLevel,
    AttributeIds.MinimumSamplingInterval,
    AttributeIds.Value,
)
_READABLE = 0x01
_LONGEST_MS = 3_600_000
_REFUSED = {
    "BadUserAccessDenied",
    "BadNotReadable",
    "BadNodeIdUnknown",
    "BadAttributeIdInvalid",
    "BadResponseTooLarge",
}
_ENGINEERING_UNITS = "EngineeringUnits"


@dataclass(slots=True)
class Judgement:
    """Reads what decides whether a tag can have a variable, and notes it.

    Characteristics
        memory: the values of 200 variables at a time

    Attributes:
        session: an open session.
        services: its server.
        most_elements: longest array whose elements become tags.
        properties: property nodes by browse name, for each node that has some.
        into: where findings go.
        most_parts: most scalars of one variable.
    """

    session: MachineSession
    services: BatchedServices
    most_elements: int
    properties: Mapping[ua.NodeId, Mapping[str, Place]]
    into: Discovery
    most_parts: int = MOST_PARTS
    _built_in: dict[ua.NodeId, int] = field(default_factory=dict)
    _expansion: Expansion = field(init=False)

    def __post_init__(self) -> None:
        """Begin to learn the server's types."""
        types = StructureTypes(self.session)
        self._expansion = Expansion(types, self.most_elements, self.most_parts)

    async def judge(self, places: Sequence[Place], progress: Progress = in_silence) -> None:
        """Note each variable as found or as left out."""
        for at in range(0, len(places), _AT_ONCE):
            await self._judge(places[at : at + _AT_ONCE])
            progress("variables", min(at + _AT_ONCE, len(places)), len(places))

    async def _judge(self, places: Sequence[Place]) -> None:
        answers = await self.services.read(
            [(place.node, attribute) for place in places for attribute in _FACTS]
        )
        facts = [answers[n : n + len(_FACTS)] for n in range(0, len(answers), len(_FACTS))]
        types = [_content(data_type, ua.NodeId) for data_type, *_ in facts]
        await self._learn_built_in(types)
        units = await self._units(places)
        for place, type_node, (_, access, interval, value) in zip(
            places, types, facts, strict=True
        ):
            number = self._built_in[type_node] if type_node is not None else 0
            reason = _unreadable(access, value)
            if not reason:
                found = self._found(place, interval, value, units.get(place.node))
                reason = await self._take(found, number, type_node, value)
            if reason:
                self.into.left_out.append(LeftOut(place.path, reason, place.node))

    async def _learn_built_in(self, types: Iterable[ua.NodeId | None]) -> None:
        unknown = {each for each in types if each is not None and each not in self._built_in}
        self._built_in |= await built_in_types(unknown, self.services)

    async def _units(self, places: Sequence[Place]) -> dict[ua.NodeId, ua.EUInformation]:
        properties = self.properties
        owners = [
            place.node for place in places if _ENGINEERING_UNITS in properties.get(place.node, {})
        ]
        answers = await self.services.read(
            [(properties[node][_ENGINEERING_UNITS].node, AttributeIds.Value) for node in owners]
        )
        units = (_content(answer, ua.EUInformation) for answer in answers)
        return {node: unit for node, unit in zip(owners, units, strict=True) if unit is not None}

    def _found(
        self,
        place: Place,
        interval: ua.DataValue,
        value: ua.DataValue,
        unit: ua.EUInformation | None,
    ) -> Found | None:
        """Return what all tags of a variable share, or None where its node id cannot be written."""
        node_id = written_node_id(place.node, self.session.facts)
        if node_id is None:
            return None
        trouble = _trouble(value)
        found = Found(
            place.path,
            place.name,
            node_id,
            DataType.STRING,
            place.node,
            sampling_ms=_sampling_ms(interval),
            remark=f"now {trouble}" if trouble else "",
        )
        if unit is None:
            return found
        shown = unit.DisplayName.Text or ""
        code = ucum_code(unit.NamespaceUri, int(unit.UnitId), shown)
        return replace(found, ucum=code, unit_name=shown)

    async def _take(
        self, found: Found | None, number: int, type_node: ua.NodeId | None, value: ua.DataValue
    ) -> str:
        """Note what tags can have of a readable variable; else return why none can."""
        held = value.Value
        if is_abstract(number) and held is not None:
            number = int(getattr(held.VariantType, "value", 0))
        if number not in AS_TAG and number != STRUCTURE:
            return _unfit(number)
        if found is None:
            return "its node id cannot be written in a plant file"
        structure = type_node if number == STRUCTURE else None
        try:
            parts = await self._expansion.parts(number, structure, _held(held))
        except (StructureUnreadable, TimeoutError, uaerrors.UaError) as error:
            return str(error) or type(error).__name__
        for part in parts:
            self._note(found, part)
        return ""

    def _note(self, found: Found, part: Part) -> None:
        if part.data_type is None:
            field_of = written_field(part.steps)
            path = found.path if not part.steps else (*found.path, f"0:{field_of}")
            self.into.left_out.append(LeftOut(path, part.reason, found.node))
            return
        index, steps = None, part.steps
        if steps and isinstance(steps[0], tuple):
            index, steps = steps[0], steps[1:]
        path_of = written_field(steps) if steps else None
        told = replace(found, data_type=part.data_type, index=index, field=path_of)
        if steps:  # the variable's unit says nothing of its fields
            told = replace(told, ucum=None, unit_name="")
        self.into.found.append(told)


def _held(variant: ua.Variant | None) -> Held:
    """Return a variable's value; an array of nothing has no elements."""
    if variant is not None and variant.Value is None and variant.is_array:
        return Unsupported("array", ())
    return value_of(variant)


def _content(answer: ua.DataValue, *kinds: type[Any]) -> Any:  # noqa: ANN401 - what a server answered
    """Return an answer's value when it is of such a kind, else None."""
    value = answer.Value.Value if answer.Value is not None else None
    return value if isinstance(value, kinds) else None


def _trouble(answer: ua.DataValue) -> str:
    """Return the name of an answer's status when it is not good, else an empty text."""
    status = answer.StatusCode
    return "" if status is None or status.is_good() else status.name


def _unreadable(access: ua.DataValue, value: ua.DataValue) -> str:
    level = _content(access, int)
    if level is not None and not level & _READABLE:
        return "this user may not read it"
    trouble = _trouble(value)
    return f"unreadable: {trouble}" if trouble in _REFUSED else ""


def _unfit(number: int) -> str:
    if is_abstract(number):
        return "its type is abstract and it has no value"
    return f"built-in type {number}, which no tag has"


def _sampling_ms(interval: ua.DataValue) -> int:
    least = _content(interval, int, float)
    return math.ceil(least) if least is not None and USUAL_MS < least <= _LONGEST_MS else USUAL_MS
