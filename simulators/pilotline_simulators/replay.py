"""Replay: a machine that plays a recording, one row after another."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pilotline_plant import Machine, PackMLState
from pilotline_simulators.emission import BAD_WAITING_FOR_INITIAL_DATA, Emission
from pilotline_simulators.errors import CommandRefusedError
from pilotline_simulators.operation import Operation
from pilotline_simulators.packml import Command
from pilotline_simulators.physics.electrical import PowerMeter
from pilotline_simulators.physics.sensor import as_type
from pilotline_simulators.program import MILLISECOND_NS, Watched
from pilotline_simulators.recording import read_recording
from pilotline_simulators.reporting import Reporter

USUAL_INTERVAL_MS = 100
_STANDBY_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Replay:
    """A wish to replay a recording.

    Attributes:
        file: CSV file whose header names tags of the machine.
        interval_ms: time between two rows.
        once: whether it ends with the last row instead of beginning anew.
        wait_s: how long to wait for a client that watches every column before the first row.
    """

    file: Path
    interval_ms: int = USUAL_INTERVAL_MS
    once: bool = False
    wait_s: float = 60.0


class ReplayedMachine:
    """A machine that plays a recording; a `Program`.

    Row ``k`` has the source time ``t0 + k * interval``, exactly, also across passes. Every row is
    emitted; a value equal to the one before is marked as a repeat. Before the first row the
    machine is Idle and its columns are BadWaitingForInitialData until a client watches them all,
    so that a client that comes late misses no row; without a server it begins at once.

    The tags of special roles that the recording does not hold follow it: the state is Execute
    while it runs and Complete after its end, the job is the file's name, each pass counts one part.

    Args:
        machine: the machine.
        replay: what to replay, and how.

    Raises:
        RecordingError: the recording cannot be replayed.
    """

    skips = False

    def __init__(self, machine: Machine, replay: Replay) -> None:
        self.machine = machine
        self.step_ns = replay.interval_ms * MILLISECOND_NS
        self.reporter = Reporter(machine.tags)
        self._recording = read_recording(replay.file, machine)
        self._once = replay.once
        self._row = -1
        self._passes = 0
        self._patience = math.ceil(replay.wait_s * 1000 / replay.interval_ms)
        self._watched: Watched = lambda tag_id: True
        self._operation = Operation(PackMLState.IDLE, dt_s=replay.interval_ms / 1000)
        self._meter = PowerMeter(
            rated_kw=machine.power_kw, standby_share=_STANDBY_SHARE, energy_kwh=0.0
        )
        recorded = {tag.id for tag in self._recording.tags}
        self._following = [tag for tag in machine.tags if tag.id not in recorded]

    @property
    def state(self) -> PackMLState:
        """Idle before the first row, Execute while rows are played, Complete after the last one."""
        return self._operation.state

    @property
    def job(self) -> str:
        """The recording's file name without its ending."""
        return self._recording.file.stem

    @property
    def ended(self) -> bool:
        """Whether the last row has been played and none will follow."""
        return self.state is PackMLState.COMPLETE

    @property
    def _waiting(self) -> bool:
        return self.state is PackMLState.IDLE

    def attach(self, watched: Watched) -> None:
        """Tell the replay how to learn whether any client watches a tag."""
        self._watched = watched

    def first(self, time_ns: int) -> Sequence[Emission]:
        """Return the first row, or that the columns wait for it."""
        if self._begins():
            return self._next_row(time_ns)
        waiting = [
            Emission(tag.id, time_ns, None, BAD_WAITING_FOR_INITIAL_DATA)
            for tag in self._recording.tags
        ]
        return [*waiting, *self._follow(time_ns)]

    def _begins(self) -> bool:
        """Return whether the first row is due: all columns are watched, or patience has ended."""
        watched = all(self._watched(tag.id) for tag in self._recording.tags)
        self._patience -= 1
        return watched or self._patience < 0

    def step(self, time_ns: int) -> Sequence[Emission]:
        """Play the next row, unless the first one waits or the last one was played."""
        if self.ended or (self._waiting and not self._begins()):
            return []
        return self._next_row(time_ns)

    def _next_row(self, time_ns: int) -> list[Emission]:
        self._operation.state = PackMLState.EXECUTE
        self._row += 1
        if self._row == len(self._recording.rows):
            self._passes += 1
            self._row = 0
            if self._once:
                self._operation.state = PackMLState.COMPLETE
                return self._follow(time_ns)
        self._meter.step(self._operation, 1.0)
        return [*self._play(time_ns), *self._follow(time_ns)]

    def _play(self, time_ns: int) -> list[Emission]:
        row = self._recording.rows[self._row]
        return [
            self.reporter.emission(tag.id, time_ns, value)
            for tag, value in zip(self._recording.tags, row, strict=True)
        ]

    def _follow(self, time_ns: int) -> list[Emission]:
        readings: dict[str, float | str] = {
            "state": int(self.state),
            "job": self.job,
            "count": self._passes,
            "energy": round(self._meter.energy_kwh, 3),
        }
        emissions = (
            self.reporter.report(tag.id, time_ns, as_type(readings[tag.role], tag.data_type))
            for tag in self._following
        )
        return [emission for emission in emissions if emission is not None]

    def command(self, command: Command) -> None:
        """Refuse a PackML command: a recording goes its own way.

        Raises:
            CommandRefusedError: always.
        """
        raise CommandRefusedError(command, self.state, ())

    def attend(self, *, on_duty: bool) -> None:
        """Do nothing: a recording has no attendant."""

    def deviations(self) -> Mapping[str, bool]:
        """Return none: nothing is known of what a recording ought to have been."""
        return {}

    def disturb(self, tag_id: str, *, severe: bool, hold_s: float | None) -> bool:
        """Return False: a recording is not disturbed."""
        del tag_id, severe, hold_s
        return False
