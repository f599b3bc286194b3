"""The alarm monitor: which conditions of the plant hold, from readings and connections alone."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pilotline_api.alarms.condition import (
    CONNECTION,
    LIMIT_KINDS,
    STATE_ALARMS,
    Condition,
    LimitKind,
    conditions_of,
    limit_message,
    limit_of,
)
from pilotline_api.alarms.models import Severity
from pilotline_api.alarms.transition import Cleared, Raised, Transition
from pilotline_api.live.clock import Moment
from pilotline_api.live.reading import Connection, Reading, packml_state
from pilotline_api.live.wire import number
from pilotline_plant import Limits, Machine, PackMLState, Plant, Tag

CONNECTION_LOST_S: Final = 10.0
"""How long a machine may be out of reach before it is worth an alarm."""

CHATTERING_RISES: Final = 3
CHATTERING_WITHIN_S: Final = 60.0
"""This many rises within this time are chattering (ISA-18.2) …"""

CHATTERING_CALM_S: Final = 10.0
"""… and such an alarm clears only after the value has been back for this long."""


@dataclass(slots=True)
class _Watch:
    """One condition: its open alarm, its latest rises, and since when a clear waits for calm."""

    condition: Condition
    alarm: str | None = None
    rises_s: deque[float] = field(default_factory=lambda: deque(maxlen=CHATTERING_RISES))
    back_since: Moment | None = None

    def chatters(self, now: Moment) -> bool:
        return (
            len(self.rises_s) == CHATTERING_RISES
            and now.monotonic_s - self.rises_s[0] < CHATTERING_WITHIN_S
        )


@dataclass(frozen=True, slots=True)
class _LimitWatch:
    """One limit of one tag, with what its alarm says."""

    machine: Machine
    tag: Tag
    kind: LimitKind
    limit: float
    hysteresis: float
    watch: _Watch


class _StateWatch(NamedTuple):
    """One PackML state that is worth an alarm, of one machine."""

    state: PackMLState
    severity: Severity
    message: str
    watch: _Watch


class AlarmMonitor:
    """Turns readings and connections into alarms that rise and clear.

    A limit's alarm rises at or beyond the limit and clears once the value has come back by the
    tag's hysteresis; bad values and NaN change nothing. A condition that comes back makes a new
    alarm, except while it chatters: then the alarm stays until the value has calmed down.

    Characteristics
        bounded: one watch per condition of the plant file
        clocks: durations by the monotonic clock, instants by this computer's clock; a machine's
            wrong clock cannot hide an alarm in the past
        replicas: each watches by itself; the journal stores a condition's alarm once
        thread-safe: no, it lives on the event loop

    Args:
        plant: whose limits and machines.
        now: since when nothing was heard of any machine.
        new_id: makes alarm ids.
    """

    def __init__(self, plant: Plant, now: Moment, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._names = {machine.id: machine.name for machine in plant.machines}
        self._watches = {
            condition: _Watch(condition)
            for machine in plant.machines
            for condition in conditions_of(machine)
        }
        self._limits = {
            (machine.id, tag.id): self._limit_watches(machine, tag)
            for machine in plant.machines
            for tag in machine.tags
            if tag.limits is not None
        }
        self._states = {
            (machine.id, tag.id): self._state_watches(machine)
            for machine in plant.machines
            for tag in machine.tags
            if tag.role == "state"
        }
        self._calming: set[Condition] = set()
        self._lost_s = {machine.id: now.monotonic_s for machine in plant.machines}

    @property
    def open_alarms(self) -> int:
        """Number of alarms that have not cleared."""
        return sum(watch.alarm is not None for watch in self._watches.values())

    def adopt(self, open_alarms: Iterable[tuple[str, str]], now: Moment) -> list[Cleared]:
        """Take over alarms left open by a former process; clear those the plant no longer has.

        Args:
            open_alarms: alarm id and `Condition.open_key` of each.
            now: when.
        """
        by_key = {condition.open_key: watch for condition, watch in self._watches.items()}
        orphans = []
        for alarm, open_key in open_alarms:
            watch = by_key.get(open_key)
            if watch is None:
                machine, tag, kind = open_key.split("/", 2)
                condition = Condition(machine, tag or None, kind)
                orphans.append(Cleared(alarm, condition, now.unix_ms))
            else:
                watch.alarm = alarm
        return orphans

    def read(self, reading: Reading, now: Moment) -> Iterator[Transition]:
        """Look at a new reading."""
        if reading.quality == "bad":
            return
        key = (reading.machine, reading.tag)
        limits = self._limits.get(key)
        if limits is not None:
            value = number(reading.value)
            if value is not None and not math.isnan(value):
                yield from self._compare(limits, value, now)
        states = self._states.get(key)
        entered = packml_state(reading.value) if states is not None else None
        if states is not None and entered is not None:
            yield from self._enter_state(states, entered, now)

    def connect(self, connection: Connection, now: Moment) -> Iterator[Transition]:
        """Look at a connection that changed."""
        watch = self._watches[Condition(connection.machine, None, CONNECTION)]
        if connection.connected:
            self._lost_s.pop(connection.machine, None)
            yield from self._fall(watch, now)
        else:
            gone_s = (now.unix_ms - connection.since_ms) / 1000
            lost_s = now.monotonic_s - min(max(gone_s, 0.0), CONNECTION_LOST_S)
            self._lost_s.setdefault(connection.machine, lost_s)

    def hears_nothing(self, now: Moment) -> None:
        """Note that no machine can be heard now, whatever its connection; call it before `tick`.

        Then no connection counts as lost: who is deaf does not know.
        """
        self._lost_s = dict.fromkeys(self._lost_s, now.monotonic_s)

    def tick(self, now: Moment) -> Iterator[Transition]:
        """Look at the clock; call it about every second."""
        for machine, lost_s in self._lost_s.items():
            if now.monotonic_s - lost_s >= CONNECTION_LOST_S:
                watch = self._watches[Condition(machine, None, CONNECTION)]
                if self._begins(watch, now):
                    message = f"{self._names[machine]} has lost its connection"
                    yield _raised(watch, Severity.WARNING, message, now)
        for condition in list(self._calming):
            yield from self._calm(self._watches[condition], now)

    def _limit_watches(self, machine: Machine, tag: Tag) -> list[_LimitWatch]:
        limits = tag.limits or Limits()
        return [
            _LimitWatch(
                machine,
                tag,
                kind,
                limit,
                limits.hysteresis,
                self._watches[Condition(machine.id, tag.id, kind.name)],
            )
            for kind in LIMIT_KINDS
            if (limit := limit_of(limits, kind)) is not None
        ]

    def _state_watches(self, machine: Machine) -> list[_StateWatch]:
        return [
            _StateWatch(
                state,
                severity,
                f"{machine.name} {words}",
                self._watches[Condition(machine.id, None, state.word.lower())],
            )
            for state, (severity, words) in STATE_ALARMS.items()
        ]

    def _compare(
        self, limits: Iterable[_LimitWatch], value: float, now: Moment
    ) -> Iterator[Transition]:
        for each in limits:
            back_by = each.limit - value if each.kind.high else value - each.limit
            if back_by <= 0:
                if self._begins(each.watch, now):
                    message = limit_message(each.machine, each.tag, each.kind, value, each.limit)
                    yield _raised(
                        each.watch, each.kind.severity, message, now, value=value, limit=each.limit
                    )
            elif back_by >= each.hysteresis:
                yield from self._fall(each.watch, now)

    def _enter_state(
        self, states: Iterable[_StateWatch], entered: PackMLState, now: Moment
    ) -> Iterator[Transition]:
        for each in states:
            if each.state is not entered:
                yield from self._fall(each.watch, now)
            elif self._begins(each.watch, now):
                yield _raised(each.watch, each.severity, each.message, now)

    def _begins(self, watch: _Watch, now: Moment) -> bool:
        """Note that a condition holds; return whether it did not before."""
        watch.back_since = None
        self._calming.discard(watch.condition)
        if watch.alarm is not None:
            return False
        watch.alarm = self._new_id()
        watch.rises_s.append(now.monotonic_s)
        return True

    def _fall(self, watch: _Watch, now: Moment) -> Iterator[Cleared]:
        if watch.alarm is None:
            return
        if watch.chatters(now):
            watch.back_since = watch.back_since or now
            self._calming.add(watch.condition)
            return
        yield self._clear(watch, now.unix_ms)

    def _calm(self, watch: _Watch, now: Moment) -> Iterator[Cleared]:
        back = watch.back_since
        if back is not None and now.monotonic_s - back.monotonic_s >= CHATTERING_CALM_S:
            yield self._clear(watch, now.unix_ms)

    def _clear(self, watch: _Watch, at_ms: int) -> Cleared:
        assert watch.alarm is not None  # noqa: S101 - callers have looked
        cleared = Cleared(watch.alarm, watch.condition, at_ms)
        watch.alarm = None
        watch.back_since = None
        self._calming.discard(watch.condition)
        return cleared


def _raised(
    watch: _Watch,
    severity: Severity,
    message: str,
    now: Moment,
    *,
    value: float | None = None,
    limit: float | None = None,
) -> Raised:
    assert watch.alarm is not None  # noqa: S101 - `_begins` has set it
    return Raised(watch.alarm, watch.condition, severity, message, value, limit, now.unix_ms)
