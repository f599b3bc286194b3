"""MachineModel: one simulated machine, from the attendant's hand to the sensors' readings."""

import math
from collections.abc import Mapping, Sequence
from random import Random

from pilotline_plant import Machine, PackMLState, Tag
from pilotline_simulators.attendant import MISHAPS, Attendant
from pilotline_simulators.disturbance import EVERY_S, Disturbances
from pilotline_simulators.emission import Emission, Value
from pilotline_simulators.jobs import JobSource
from pilotline_simulators.kinds import kind_of
from pilotline_simulators.kinds.generic import show_the_rest
from pilotline_simulators.packml import Command, UnitState
from pilotline_simulators.physics.electrical import PowerMeter
from pilotline_simulators.physics.sensor import as_type
from pilotline_simulators.program import MILLISECOND_NS, Watched
from pilotline_simulators.reporting import Reporter
from pilotline_simulators.rig import Rig

_SHORTEST_STEP_MS = 50
_WARM_UP_STEPS = 600
_SHORTEST_WARM_UP_STEP_S = 2.0
_USUAL_JOB_S = 3600.0


class MachineModel:
    """One simulated machine; a `Program`.

    The same machine, seed and number of steps give the same emissions, whatever the clock says.

    Args:
        machine: the machine.
        seed: seed of the whole plant.
        incidents: whether mishaps and alarms befall it by themselves.
    """

    skips = True

    def __init__(self, machine: Machine, seed: int, *, incidents: bool = True) -> None:
        kind = kind_of(machine.kind)
        self.machine = machine
        self.reporter = Reporter(machine.tags)
        self._rig = Rig(machine, seed)
        self._operation = self._rig.operation
        self._unit_state = UnitState(PackMLState.STOPPED)
        self._jobs = JobSource(machine.id, kind.pace, self._random("jobs"))
        self._job_s = kind.pace.unit_s * (kind.pace.least + kind.pace.most) / 2
        self._attendant = Attendant(
            self._unit_state,
            self._random("attendant"),
            MISHAPS if incidents else (),
            rarity=max(1.0, self._job_s / _USUAL_JOB_S),
        )
        self._disturbances = Disturbances(
            machine.tags, self._random("disturbances"), EVERY_S if incidents else None
        )
        kind.build(self._rig)
        show_the_rest(self._rig)
        self._meter = PowerMeter(
            rated_kw=machine.power_kw,
            standby_share=kind.standby_share,
            energy_kwh=round(self._random("meter").uniform(200.0, 90_000.0), 1),
        )
        step_ms = _step_ms(machine.tags)
        self.step_ns = step_ms * MILLISECOND_NS
        self._dt_s = step_ms / 1000
        self._number = 0
        self._sampled = [(max(1, round(tag.sampling_ms / step_ms)), tag) for tag in machine.tags]

    def _random(self, label: str) -> Random:
        return self._rig.random(label)

    @property
    def state(self) -> PackMLState:
        """PackML state now."""
        return self._unit_state.state

    @property
    def job(self) -> str:
        """Id of the job in the machine, empty without one."""
        return self._operation.job

    def warm_up(self) -> None:
        """Run up to one and a half jobs in coarse steps, so that it is in the midst of its day."""
        seconds = self._random("warm up").uniform(0.4, 1.5) * self._job_s
        dt_s = max(seconds / _WARM_UP_STEPS, _SHORTEST_WARM_UP_STEP_S)
        for _ in range(int(seconds / dt_s)):
            self._advance(dt_s)

    def first(self, time_ns: int) -> Sequence[Emission]:
        """Return the first emission of every tag."""
        return [
            self.reporter.emission(tag.id, time_ns, self._read(tag)) for tag in self.machine.tags
        ]

    def step(self, time_ns: int) -> Sequence[Emission]:
        """Move on by one step and return what the tags that are due emit."""
        self._advance(self._dt_s)
        self._number += 1
        emissions = []
        for every, tag in self._sampled:
            if self._number % every == 0:
                emission = self.reporter.report(tag.id, time_ns, self._read(tag))
                if emission is not None:
                    emissions.append(emission)
        return emissions

    def _advance(self, dt_s: float) -> None:
        operation = self._operation
        operation.dt_s = dt_s
        self._unit_state.pass_time(dt_s)
        self._attendant.step(dt_s)
        operation.state = self._unit_state.state
        if self._jobs.step(operation) and operation.producing:
            self._unit_state.complete()
            operation.state = self._unit_state.state
        self._disturbances.step(operation)
        self._rig.step()
        self._meter.step(operation, self._rig.load())

    def _read(self, tag: Tag) -> Value:
        if tag.role == "value":
            return self._rig.read(tag.id, self._disturbances.apply)
        if tag.role == "state":
            return as_type(int(self.state), tag.data_type)
        if tag.role == "job":
            return as_type(self.job, tag.data_type)
        if tag.role == "count":
            return as_type(self._operation.units, tag.data_type)
        return as_type(round(self._meter.energy_kwh, 3), tag.data_type)

    def attach(self, watched: Watched) -> None:
        """Do nothing: a model runs whether anyone looks or not."""

    def command(self, command: Command) -> None:
        """Obey a PackML command.

        Raises:
            CommandRefusedError: the present state does not accept it.
        """
        self._unit_state.command(command)

    def attend(self, *, on_duty: bool) -> None:
        """Let the machine's attendant work, or leave it to whoever sends commands."""
        self._attendant.on_duty = on_duty

    def deviations(self) -> Mapping[str, bool]:
        """Return the tags whose values leave their way now, and whether severely."""
        return self._disturbances.deviations()

    def disturb(self, tag_id: str, *, severe: bool, hold_s: float | None) -> bool:
        """Send a tag beyond an alarm limit for a while; return False when it has none."""
        return self._disturbances.begin(tag_id, severe=severe, hold_s=hold_s)


def _step_ms(tags: Sequence[Tag]) -> int:
    """Return the longest step that meets every tag's sampling interval."""
    return max(math.gcd(*(tag.sampling_ms for tag in tags)) or 1000, _SHORTEST_STEP_MS)
