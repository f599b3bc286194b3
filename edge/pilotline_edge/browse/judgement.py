"""Judgement: which variables a tag can have, and what the others lack."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from pilotline_edge.browse.data_types import AS_TAG, STRUCTURE, is_abstract
from pilotline_edge.browse.finding import USUAL_MS, BrowseWishes, Discovery, Found, LeftOut
from pilotline_edge.browse.node_ids import written_node_id
from pilotline_edge.browse.units import ucum_code
from pilotline_edge.browse.walk import Place, Walked
from pilotline_edge.connection.services import BatchedServices
from pilotline_edge.connection.session import MachineSession
from pilotline_edge.structures.built_in import built_in_types

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

    Attributes:
        session: an open session.
        services: its server.
        wishes: what is looked for.
        walked: nodes that were met.
        into: where findings go.
    """

    session: MachineSession
    services: BatchedServices
    wishes: BrowseWishes
    walked: Walked
    into: Discovery

    async def judge(self, places: Sequence[Place]) -> None:
        """Note each variable as found or as left out."""
        answers = await self.services.read(
            [(place.node, attribute) for place in places for attribute in _FACTS]
        )
        facts = [answers[n : n + len(_FACTS)] for n in range(0, len(answers), len(_FACTS))]
        types = [_content(data_type, ua.NodeId) for data_type, *_ in facts]
        built_in = await built_in_types(filter(None, types), self.services)
        units = await self._units(places)
        for place, type_node, (_, access, interval, value) in zip(
            places, types, facts, strict=True
        ):
            number = built_in[type_node] if type_node is not None else 0
            reason = _unreadable(access, value) or self._take(
                place, number, interval, value, units.get(place.node)
            )
            if reason:
                self.into.left_out.append(LeftOut(place.path, reason))

    async def _units(self, places: Sequence[Place]) -> dict[ua.NodeId, ua.EUInformation]:
        properties = self.walked.properties
        owners = [
            place.node for place in places if _ENGINEERING_UNITS in properties.get(place.node, {})
        ]
        answers = await self.services.read(
            [(properties[node][_ENGINEERING_UNITS].node, AttributeIds.Value) for node in owners]
        )
        units = (_content(answer, ua.EUInformation) for answer in answers)
        return {node: unit for node, unit in zip(owners, units, strict=True) if unit is not None}

    def _take(
        self,
        place: Place,
        number: int,
        interval: ua.DataValue,
        value: ua.DataValue,
        unit: ua.EUInformation | None,
    ) -> str:
        """Note what tags can have of a readable variable; else return why none can."""
        held = value.Value
        if is_abstract(number) and held is not None:
            number = int(getattr(held.VariantType, "value", 0))
        node_id = written_node_id(place.node, self.session.facts)
        if number not in AS_TAG:
            return _unfit(number)
        if node_id is None:
            return "its node id cannot be written in a plant file"
        trouble = _trouble(value)
        found = Found(
            place.path,
            place.name,
            node_id,
            AS_TAG[number],
            sampling_ms=_sampling_ms(interval),
            remark=f"now {trouble}" if trouble else "",
        )
        if unit is not None:
            shown = unit.DisplayName.Text or ""
            code = ucum_code(unit.NamespaceUri, int(unit.UnitId), shown)
            found = replace(found, ucum=code, unit_name=shown)
        if held is None or not (held.is_array or isinstance(held.Value, list)):
            self.into.found.append(found)
            return ""
        return self._take_elements(found, held)

    def _take_elements(self, found: Found, held: ua.Variant) -> str:
        count = len(held.Value or ())
        if held.Dimensions and len(held.Dimensions) > 1:
            return f"an array of {len(held.Dimensions)} dimensions"
        if not count:
            return "an array without elements"
        if count > self.wishes.most_elements:
            return f"an array of {count} elements; write a tag with index = N for each you want"
        self.into.found += [replace(found, index=n) for n in range(count)]
        return ""


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
    if number == STRUCTURE:
        return "a structure"
    if is_abstract(number):
        return "its type is abstract and it has no value"
    return f"built-in type {number}, which no tag has"


def _sampling_ms(interval: ua.DataValue) -> int:
    least = _content(interval, int, float)
    return math.ceil(least) if least is not None and USUAL_MS < least <= _LONGEST_MS else USUAL_MS
