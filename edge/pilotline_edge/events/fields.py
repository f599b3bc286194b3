"""Fields: what a server is asked to send of each event, and the event that its answer tells.

What arrives was written by the machine: every field may be missing, of another type or beyond all
measure, and still makes an event that a historian takes.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIdNames, ObjectIds

from pilotline_edge.subscription import generic
from pilotline_edge.subscription.publication import EventFields
from pilotline_historian import ConditionState, Event
from pilotline_historian.event import GREATEST_SEVERITY, LEAST_SEVERITY
from pilotline_historian.limits import LAST_TIME_NS
from pilotline_plant import Machine

MOST_NAME: Final = 256
"""Longest name or id kept, in characters."""

MOST_MESSAGE: Final = 4_000
"""Longest message kept, in characters."""

_MOST_ID_BYTES: Final = 128


class Clause(NamedTuple):
    """One field of one event type; without a path it is the node id of the condition."""

    type_id: int
    path: tuple[str, ...]


_BASE: Final = ObjectIds.BaseEventType
_CONDITION: Final = ObjectIds.ConditionType
_ACKNOWLEDGEABLE: Final = ObjectIds.AcknowledgeableConditionType

CLAUSES: Final = (
    Clause(_BASE, ("EventId",)),
    Clause(_BASE, ("EventType",)),
    Clause(_BASE, ("SourceName",)),
    Clause(_BASE, ("Time",)),
    Clause(_BASE, ("ReceiveTime",)),
    Clause(_BASE, ("Message",)),
    Clause(_BASE, ("Severity",)),
    Clause(_CONDITION, ()),
    Clause(_CONDITION, ("ConditionName",)),
    Clause(_CONDITION, ("BranchId",)),
    Clause(_CONDITION, ("Retain",)),
    Clause(_ACKNOWLEDGEABLE, ("AckedState", "Id")),
    Clause(_ACKNOWLEDGEABLE, ("ConfirmedState", "Id")),
    Clause(ObjectIds.AlarmConditionType, ("ActiveState", "Id")),
)
"""What is asked for, in this order; a server answers null for what an event does not have."""

BASE_CLAUSES: Final = 7
"""How many of them every event has; servers without conditions may refuse the others."""

_EVENT_TYPE: Final = 1


class Control(IntEnum):
    """Events that speak of the event stream itself, by the number of their type."""

    REFRESH_STARTS = ObjectIds.RefreshStartEventType
    REFRESH_ENDS = ObjectIds.RefreshEndEventType
    REFRESH_REQUIRED = ObjectIds.RefreshRequiredEventType
    QUEUE_OVERFLOW = ObjectIds.EventQueueOverflowEventType


def event_filter(clauses: Sequence[Clause]) -> ua.EventFilter:
    """Return the filter that asks for these fields of every event.

    Severity is not asked to be filtered: of a condition that was told, the end must be told too,
    however mild it is.
    """
    return ua.EventFilter(SelectClauses=[_operand(clause) for clause in clauses])


def _operand(clause: Clause) -> ua.SimpleAttributeOperand:
    return ua.SimpleAttributeOperand(
        TypeDefinitionId=ua.NodeId(ua.Int32(clause.type_id)),
        BrowsePath=[ua.QualifiedName(name, ua.UInt16(0)) for name in clause.path],
        AttributeId=ua.UInt32(AttributeIds.Value if clause.path else AttributeIds.NodeId),
    )


def control_of(fields: EventFields) -> Control | None:
    """Return what the event says of the stream, or None when it is one of the machine's."""
    kind = fields[_EVENT_TYPE] if len(fields) > _EVENT_TYPE else None
    if not isinstance(kind, ua.NodeId) or kind.NamespaceIndex:
        return None
    return next((control for control in Control if control == kind.Identifier), None)


def event_of(
    fields: EventFields, machine: Machine, namespaces: Sequence[str], instead_ns: int
) -> Event:
    """Return the event that fields in the order of `CLAUSES` tell.

    Args:
        fields: as the server sent them.
        machine: whose event it is.
        namespaces: the server's namespace URIs by index.
        instead_ns: time of an event that has none.
    """
    sent = [*fields[: len(CLAUSES)], *(None,) * (len(CLAUSES) - len(fields))]
    event_id, kind, source, at, received, message, severity, *condition = sent
    return Event(
        site=machine.site,
        machine=machine.id,
        event_id=_event_id(event_id, sent),
        time_ns=ns_of(at) or instead_ns,
        received_ns=ns_of(received),
        type_name=_type_name(kind, namespaces),
        source_name=_text(source, MOST_NAME),
        severity=_severity(severity),
        message=_text(message, MOST_MESSAGE),
        condition=_condition(condition, _text(source, MOST_NAME), namespaces),
    )


def _condition(
    fields: Sequence[object], source: str, namespaces: Sequence[str]
) -> ConditionState | None:
    node, name, branch, retain, acknowledged, confirmed, active = fields
    if not isinstance(retain, bool):
        return None
    condition = _node_text(node, namespaces) if isinstance(node, ua.NodeId) else ""
    name = _text(name, MOST_NAME)
    # Servers that do not send the condition's node tell conditions apart by source and name.
    condition = condition or f"{source}/{name}"[:MOST_NAME]
    if isinstance(branch, ua.NodeId) and not branch.is_null():
        condition = f"{condition}#{_node_text(branch, namespaces)}"[: 2 * MOST_NAME]
    return ConditionState(
        id=condition,
        name=name,
        active=active if isinstance(active, bool) else None,
        acknowledged=acknowledged if isinstance(acknowledged, bool) else None,
        confirmed=confirmed if isinstance(confirmed, bool) else None,
        retain=retain,
    )


def _event_id(sent: object, fields: Sequence[object]) -> str:
    if isinstance(sent, bytes) and 0 < len(sent) <= _MOST_ID_BYTES:
        return sent.hex()
    return sha256(repr(fields).encode("utf-8", "replace")).hexdigest()


def _type_name(sent: object, namespaces: Sequence[str]) -> str:
    if not isinstance(sent, ua.NodeId) or sent.is_null():
        return "BaseEventType"
    identifier: Any = sent.Identifier
    if not sent.NamespaceIndex and (name := ObjectIdNames.get(identifier)):
        return str(name)
    return _node_text(sent, namespaces)


def _node_text(node: ua.NodeId, namespaces: Sequence[str]) -> str:
    """Return a node id by its namespace's URI, which outlives a restart that changes indexes."""
    text = _text(node.to_string(), MOST_NAME)
    index, _, rest = text.removeprefix("ns=").partition(";")
    if not text.startswith("ns=") or int(index) >= len(namespaces):
        return text
    uri = quote(_text(namespaces[int(index)], MOST_NAME), safe="/:?[]@!$&'()*+,=~")
    return f"nsu={uri};{rest}"[:MOST_NAME]


def _severity(sent: object) -> int:
    number = sent if isinstance(sent, int) else LEAST_SEVERITY
    return min(max(number, LEAST_SEVERITY), GREATEST_SEVERITY)


def _text(sent: object, most: int) -> str:
    if isinstance(sent, ua.LocalizedText):
        sent = sent.Text
    if not isinstance(sent, str):
        return ""
    return sent[:most].encode("utf-8", "replace").decode()


def ns_of(sent: object) -> int | None:
    """Return an instant in ns UTC, or None when it is none that a historian takes."""
    at_ns = generic.ns_of(sent) if isinstance(sent, datetime) else None
    return at_ns if at_ns is not None and at_ns <= LAST_TIME_NS else None
