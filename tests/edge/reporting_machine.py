"""A machine that reports events and one alarm, on asyncua's server."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.event_generator import EventGenerator
from asyncua.ua import uaerrors
from asyncua.ua.object_ids import ObjectIds

from pilotline_plant import EventSource, Plant
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, plant, tag

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ReportingMachine(OpcUaMachine):
    """An asyncua server whose Server object reports; it knows no refresh of conditions."""

    async def report(self, severity: int, message: str) -> int:
        """Report a plain event and return when it happened, ns UTC."""
        generator = await self._generator(ObjectIds.BaseEventType)
        generator.event.Severity = severity
        at = datetime.now(UTC)
        await generator.trigger(at, message=message)
        return (at - _EPOCH) // datetime.resolution * 1_000

    async def alarm(self, message: str, *, active: bool, severity: int = 700) -> None:
        """Report the alarm's state; it is retained while it is active."""
        generator = await self._generator(ObjectIds.AlarmConditionType)
        event: Any = generator.event
        event.Severity, event.SourceName = severity, "Spindle"
        event.ConditionName, event.Retain = "Overtemperature", active
        event.NodeId = ua.NodeId(ua.Int32(7), ua.Int16(2))
        for state, so in (("ActiveState/Id", active), ("AckedState/Id", False)):
            setattr(event, state, so)
        await generator.trigger(message=message)

    def refuse_subscriptions_from(self, number: int) -> None:
        """Refuse every subscription but the first ones."""
        assert self._server is not None
        service = self._server.iserver.subscription_service
        create = service.create_subscription

        async def limited(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - asyncua's own
            if len(service.subscriptions) >= number - 1:
                raise ServiceError(uaerrors.BadTooManySubscriptions.code)
            return await create(*given, **named)

        service.create_subscription = limited  # type: ignore[method-assign]

    async def _generator(self, kind: int) -> EventGenerator:
        assert self._server is not None
        return await self._server.get_event_generator(kind)


def watched(url: str, source: EventSource | None = None) -> Plant:
    """Return a plant whose one machine has a tag and reports events."""
    read = machine(url, [tag("a")])
    return plant(replace(read, events=source or EventSource()))
