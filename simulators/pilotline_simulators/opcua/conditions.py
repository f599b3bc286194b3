"""Conditions: a machine's alarms as OPC UA alarms & conditions (OPC 10000-9)."""

import uuid
from datetime import UTC, datetime
from typing import Any, Final

from asyncua import ua
from asyncua.common.event_objects import ExclusiveDeviationAlarm, InstrumentDiagnosticAlarm
from asyncua.server.internal_server import InternalServer
from asyncua.server.server import Server

from pilotline_plant import Machine
from pilotline_simulators.alarms import Alarm, AlarmKind
from pilotline_simulators.errors import EndpointError
from pilotline_simulators.opcua.node_ids import OWN_NAMESPACE
from pilotline_simulators.opcua.ua_types import text_id

REFRESH_SEVERITY: Final = 1
"""Severity of the events that frame a refresh."""

_TYPES: Final = {
    AlarmKind.DEVIATION: ExclusiveDeviationAlarm,
    AlarmKind.SENSOR: InstrumentDiagnosticAlarm,
}


class Conditions:
    """Reports alarms to every client that subscribed to events, and tells them again on request.

    The ids of conditions name no node, which OPC 10000-9, 5.5.2 allows. Nobody can acknowledge
    them: a simulated machine has no panel, and its clients only read.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._events: dict[tuple[str, AlarmKind], Any] = {}

    async def begin(self, server: Server) -> None:
        """Let clients subscribe to events of the Server object.

        Raises:
            EndpointError: the plant file expects them from another node.
        """
        source = self._machine.events
        if source is not None and (source.node_id or source.browse_path):
            raise EndpointError(
                self._machine.id,
                "simulated machines report events by their Server object: write events = true.",
            )
        await server.nodes.server.set_event_notifier([ua.EventNotifier.SubscribeToEvents])

    async def report(self, alarm: Alarm, at: datetime, inner: InternalServer) -> None:
        """Report an alarm that came or went."""
        key = (alarm.tag.id, alarm.kind)
        event = self._events.get(key)
        if event is None:
            event = self._events[key] = self._event(alarm)
        event.EventId = uuid.uuid4().bytes
        event.Time, event.ReceiveTime = at, datetime.now(UTC)
        event.Severity = alarm.severity
        event.Message = ua.LocalizedText(alarm.message)
        event.Retain = alarm.active
        setattr(event, "ActiveState/Id", alarm.active)
        state = ua.LocalizedText("Active" if alarm.active else "Inactive")
        event.ActiveState = state
        await inner.subscription_service.trigger_event(event)

    def _event(self, alarm: Alarm) -> Any:  # noqa: ANN401 - asyncua makes its fields at run time
        make: Any = _TYPES[alarm.kind]
        event = make()
        event.SourceName = alarm.tag.name
        event.ConditionName = alarm.kind.value
        identity = text_id(f"{alarm.tag.id}/{alarm.kind.value}", OWN_NAMESPACE)
        event.add_property("NodeId", identity, ua.VariantType.NodeId)
        setattr(event, "EnabledState/Id", True)
        return event
