"""Watches the plant for alarms: monitor and journal joined to what the edge pushes."""

from typing import Self

import structlog
from fastapi.concurrency import run_in_threadpool
from prometheus_client import Gauge

from pilotline_api.alarms.journal import AlarmJournal
from pilotline_api.alarms.machine_conditions import MachineConditions
from pilotline_api.alarms.monitor import AlarmMonitor
from pilotline_api.alarms.repository import open_alarms
from pilotline_api.kit.base import new_id
from pilotline_api.kit.database import Database
from pilotline_api.live.clock import Moment
from pilotline_api.live.reading import Applied
from pilotline_plant import Plant

_open = Gauge("pilotline_alarms_open", "Alarms whose condition holds.")
_log = structlog.get_logger("pilotline.api.alarms")


class AlarmKeeper:
    """The plant's one alarm monitor, what machines raise themselves, and the journal of both.

    One runs in the API process that edge agents push to, or in every replica that reads from a
    broker: the journal stores a condition's alarm once, whoever of them saw it first.
    """

    def __init__(
        self, monitor: AlarmMonitor, machines: MachineConditions, journal: AlarmJournal
    ) -> None:
        self.monitor = monitor
        self.machines = machines
        self.journal = journal

    @classmethod
    async def begin(cls, plant: Plant, database: Database, now: Moment) -> Self:
        """Return a keeper that has taken over the alarms a former process left open."""
        monitor = AlarmMonitor(plant, now, new_id)
        journal = AlarmJournal(database)
        left_open = await run_in_threadpool(_left_open, database)
        machines = MachineConditions(plant, new_id)
        orphans = monitor.adopt(machines.adopt(left_open), now)
        if orphans:
            _log.info("alarms.orphans_cleared", count=len(orphans))
        journal.add(orphans)
        return cls(monitor, machines, journal)

    def changed(self, applied: Applied, now: Moment) -> None:
        """Look at what a push, or the edge's silence, changed."""
        for connection in applied.connections:
            self.journal.add(self.monitor.connect(connection, now))
        for reading in applied.readings:
            self.journal.add(self.monitor.read(reading, now))
        for machine, holding in applied.conditions.items():
            self.journal.add(self.machines.told(machine, holding, now))

    def tick(self, now: Moment, *, deaf: bool = False) -> None:
        """Look at the clock; call it about every second.

        Args:
            now: what it says.
            deaf: whether no machine can be heard now, since the broker is away.
        """
        if deaf:
            self.monitor.hears_nothing(now)
        self.journal.add(self.monitor.tick(now))
        _open.set(self.monitor.open_alarms + self.machines.open_alarms)


def _left_open(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return list(open_alarms(session))
