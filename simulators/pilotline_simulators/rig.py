"""Rig: the physics of one machine, put together from blocks and shown by its tags."""

import math
from collections.abc import Callable
from random import Random
from typing import TypeVar

from pilotline_plant import DataType, Machine, PackMLState, Tag
from pilotline_simulators.emission import Value
from pilotline_simulators.operation import Operation
from pilotline_simulators.physics.block import Block, Lag, Wander
from pilotline_simulators.physics.drive import Drive
from pilotline_simulators.physics.fluid import Vessel
from pilotline_simulators.physics.profile import STEADY, Profile
from pilotline_simulators.physics.sensor import Sensor
from pilotline_simulators.physics.thermal import HeatedBody
from pilotline_simulators.physics.wear import Wear

Quantity = Callable[[], float | bool | str]
"""Reads a quantity of the rig as it is now."""
BlockT = TypeVar("BlockT", bound=Block)

AMBIENT_C = 21.5
RESOLUTION = {
    "%": 0.1,
    "1/min": 1.0,
    "Cel": 0.1,
    "N": 0.1,
    "Pa": 0.1,
    "V": 0.1,
    "W": 1.0,
    "kW": 0.001,
    "kg/h": 0.1,
    "mm/s2": 0.1,
    "um": 0.1,
}
"""Resolution of a sensor by UCUM unit; 0.01 for any other."""
_MARGIN = 0.08
_NUMBERS = frozenset(DataType) - {DataType.BOOLEAN, DataType.STRING}


class Rig:
    """The physics of one machine.

    Args:
        machine: the machine.
        seed: seed of the whole plant. Every block and sensor has a stream of random numbers of its
            own, so that one more of them changes nothing in the others.
    """

    def __init__(self, machine: Machine, seed: int) -> None:
        self.machine = machine
        self.operation = Operation(PackMLState.STOPPED)
        self.load: Callable[[], float] = self._load_of_production
        self._seed = seed
        self._tags = {tag.id: tag for tag in machine.tags}
        self._steps: list[Callable[[Operation], None]] = []
        self._shown: dict[str, tuple[Quantity, Sensor]] = {}

    def _load_of_production(self) -> float:
        return 1.0 if self.operation.producing else 0.25 if self.operation.prepared else 0.0

    def random(self, label: str) -> Random:
        """Return a stream of random numbers of its own."""
        return Random(f"{self._seed}/{self.machine.id}/{label}")  # noqa: S311 - no secret

    def has(self, tag_id: str) -> bool:
        """Return whether the machine has this tag."""
        return tag_id in self._tags

    def unshown(self) -> list[Tag]:
        """Return the tags of no special role that nothing shows yet."""
        tags = self.machine.tags
        return [tag for tag in tags if tag.role == "value" and tag.id not in self._shown]

    def normal(self, tag_id: str, usual: float) -> float:
        """Return a value of a tag, moved well inside its alarm limits.

        Values at rest stay inside too: a plant suppresses the alarms of a machine that is off.
        """
        tag = self._tags.get(tag_id)
        limits = tag.limits if tag is not None else None
        if limits is None:
            return usual
        low = limits.low if limits.low is not None else limits.low_low
        high = limits.high if limits.high is not None else limits.high_high
        if low is not None and high is not None:
            margin = min(max(_MARGIN * (high - low), 2 * limits.hysteresis), 0.4 * (high - low))
        else:
            margin = max(_MARGIN * abs(low or high or 1.0), 2 * limits.hysteresis)
        least = -math.inf if low is None else low + margin
        most = math.inf if high is None else high - margin
        return min(max(usual, least), most)

    def add(self, block: BlockT) -> BlockT:
        """Add a block; blocks step in the order they are added."""
        self._steps.append(block.step)
        return block

    def each_step(self, action: Callable[[Operation], None]) -> None:
        """Add what happens in each step, after the blocks added so far."""
        self._steps.append(action)

    def wander(self, spread: float, time_constant_s: float = 60.0) -> Wander:
        """Add a slow random deviation."""
        return self.add(Wander(spread, time_constant_s, self._next_stream()))

    def wear(self, life_h: float) -> Wear:
        """Add a part that wears."""
        return self.add(Wear(life_s=3600 * life_h, random=self._next_stream()))

    def drive(
        self,
        speed: float,
        *,
        ramp_s: float,
        idle_speed: float = 0.0,
        unit: Profile = STEADY,
        swing: float = 0.04,
        unevenness: float = 0.05,
    ) -> Drive:
        """Add a drive; see `Drive`."""
        return self.add(
            Drive(
                speed=speed,
                ramp_s=ramp_s,
                random=self._next_stream(),
                idle_speed=idle_speed,
                unit=unit,
                swing=swing,
                unevenness=unevenness,
            )
        )

    def worn(self, drive: Drive, life_h: float) -> Wear:
        """Add a part that wears and makes a drive run harder and shake."""
        part = self.wear(life_h)

        def wear_down(operation: Operation) -> None:
            del operation
            drive.wear = part.value

        self.each_step(wear_down)
        return part

    def heated(
        self,
        tag_id: str,
        target: float,
        *,
        time_constant_s: float,
        ambient: float = AMBIENT_C,
        standby: float | None = None,
        batch: Profile = STEADY,
        swing: float = 0.0,
        power_kw: float = 0.0,
    ) -> HeatedBody:
        """Add a heated or cooled body and show its temperature by a tag."""
        body = self.add(
            HeatedBody(
                ambient=self.normal(tag_id, ambient),
                target=self.normal(tag_id, target),
                standby=None if standby is None else self.normal(tag_id, standby),
                time_constant_s=time_constant_s,
                batch=batch,
                swing=swing,
                power_kw=power_kw,
            )
        )
        self.show(tag_id, lambda: body.temperature)
        return body

    def lagged(
        self,
        tag_id: str,
        work: float,
        *,
        rest: float = 0.0,
        standby: float | None = None,
        time_constant_s: float = 5.0,
        swing: float = 0.0,
        spread: float = 0.0,
        most: float = math.inf,
    ) -> Lag:
        """Add a quantity that follows production with a lag, and show it by a tag.

        Args:
            tag_id: the tag.
            work: value while producing.
            rest: value while not prepared.
            standby: value while prepared but not producing; `work` where None.
            time_constant_s: of the lag.
            swing: how much of the way from rest to work the job's recipe moves it.
            spread: standard deviation of its wandering while producing.
            most: what it never exceeds, such as a share of all parts.
        """
        wander = Wander(spread, 20.0, self._next_stream()) if spread else None
        lag = self.add(
            Lag(
                rest=self.normal(tag_id, rest),
                work=self.normal(tag_id, work),
                standby=None if standby is None else self.normal(tag_id, standby),
                time_constant_s=time_constant_s,
                swing=swing,
                wander=wander,
            )
        )
        self.show(tag_id, lambda: min(lag.value, most))
        return lag

    def fills(
        self, tag_id: str, *, full: float, empty: float, drain_s: float, fill_s: float
    ) -> Vessel:
        """Add a vessel and show its level by a tag; see `Vessel`."""
        vessel = self.add(
            Vessel(
                full=self.normal(tag_id, full),
                empty=self.normal(tag_id, empty),
                drain_s=drain_s,
                fill_s=fill_s,
            )
        )
        self.show(tag_id, lambda: vessel.level)
        return vessel

    def show(self, tag_id: str, quantity: Quantity, *, noise: float | None = None) -> None:
        """Show a quantity by a tag, if the machine has it.

        Args:
            tag_id: the tag.
            quantity: reads the quantity.
            noise: standard deviation of the measurement; where None half the tag's deadband, or
                about one step of the sensor where it has none.
        """
        tag = self._tags.get(tag_id)
        if tag is None:
            return
        resolution = _resolution(tag)
        sensor = Sensor(
            tag,
            noise=_noise(tag, resolution) if noise is None else noise,
            resolution=resolution,
            random=self.random(f"sensor/{tag_id}"),
        )
        self._shown[tag_id] = (quantity, sensor)

    def step(self) -> None:
        """Let every block move on by the operation's time."""
        for step in self._steps:
            step(self.operation)

    def read(self, tag_id: str, disturb: Callable[[str, float], float]) -> Value:
        """Return what a tag's sensor reads now.

        Args:
            tag_id: a tag that is shown.
            disturb: turns a tag's quantity into its disturbed one.
        """
        quantity, sensor = self._shown[tag_id]
        true = quantity()
        if not isinstance(true, bool | str):
            true = disturb(tag_id, true)
        return sensor.read(true)

    def _next_stream(self) -> Random:
        return self.random(f"block/{len(self._steps)}")


def _resolution(tag: Tag) -> float:
    if tag.deadband > 0:
        return float(10.0 ** math.floor(math.log10(tag.deadband / 2)))
    if tag.data_type in _NUMBERS - {DataType.DOUBLE, DataType.FLOAT}:
        return 1.0
    return RESOLUTION.get(tag.unit.ucum, 0.01)


def _noise(tag: Tag, resolution: float) -> float:
    return 0.5 * tag.deadband or 0.6 * resolution
