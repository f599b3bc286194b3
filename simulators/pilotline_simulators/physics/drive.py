"""Drives: speed with limited acceleration, and what load, torque and vibration it brings."""

from random import Random

from pilotline_simulators.operation import Operation
from pilotline_simulators.physics.block import Wander, approach, ramp
from pilotline_simulators.physics.profile import STEADY, Profile

_LOAD_LAG_S = 1.5
_NO_LOAD = 0.12
"""Load of a drive that turns without working, relative to its usual load."""
_ACCELERATION_LOAD = 0.35
"""Load that full acceleration adds, relative to the usual load."""


class Drive:
    """A speed-controlled drive.

    Args:
        speed: usual speed while producing.
        ramp_s: time from standstill to `speed`.
        random: source of randomness.
        idle_speed: speed while prepared but not producing.
        unit: how the load moves over one unit, as a share of the usual load.
        swing: how much of `speed` the job's recipe moves it, 0 to 1.
        unevenness: standard deviation of the load relative to the usual load.

    Attributes:
        speed: now, in the unit of `speed`.
        load: now, 1 being usual.
        vibration: now, 1 being usual.
        wear: multiplies load slightly and vibration strongly; 0 after maintenance.
    """

    def __init__(
        self,
        *,
        speed: float,
        ramp_s: float,
        random: Random,
        idle_speed: float = 0.0,
        unit: Profile = STEADY,
        swing: float = 0.0,
        unevenness: float = 0.05,
    ) -> None:
        self.speed = 0.0
        self.load = 0.0
        self.vibration = 0.0
        self.wear = 0.0
        self._usual = speed
        self._idle = idle_speed
        self._ramp_s = ramp_s
        self._unit = unit
        self._swing = swing
        self._unevenness = Wander(unevenness, 4.0, random)

    def step(self, operation: Operation) -> None:
        """Accelerate or brake towards the demand, and carry the load."""
        before = self.speed
        most = abs(self._usual) * operation.dt_s / self._ramp_s
        self.speed = ramp(self.speed, self._wanted(operation), most)
        acceleration = abs(self.speed - before) / most if most else 0.0
        share = abs(self.speed / self._usual)
        self._unevenness.step(operation)
        working = self._unit(operation.phase) if operation.producing else 0.0
        load = share * (_NO_LOAD + (1 - _NO_LOAD) * working * (1 + self._unevenness.value))
        load = load * (1 + 0.1 * self.wear) + _ACCELERATION_LOAD * acceleration
        self.load = approach(self.load, max(load, 0.0), operation.dt_s, _LOAD_LAG_S)
        shaking = share * (0.35 + 0.65 * self.load) * (1 + 0.8 * self.wear)
        self.vibration = approach(self.vibration, shaking, operation.dt_s, _LOAD_LAG_S)

    def _wanted(self, operation: Operation) -> float:
        if operation.producing:
            return self._usual * (1 + self._swing * operation.recipe)
        return self._idle if operation.moving else 0.0


class Axis:
    """A position that follows a path over each unit, with its velocity and acceleration.

    Args:
        travel: from one end to the other.
        path: position over one unit, as a share of `travel`.
        home: position at rest.
        slew: greatest velocity, in the unit of `travel` a second.
    """

    def __init__(self, *, travel: float, path: Profile, home: float, slew: float) -> None:
        self.position = home
        self.velocity = 0.0
        self.acceleration = 0.0
        self._travel = travel
        self._path = path
        self._home = home
        self._slew = slew

    def step(self, operation: Operation) -> None:
        """Move along the path, or hold still where movement is not allowed."""
        before = self.position
        if operation.moving:
            target = self._home
            if operation.producing:
                target = self._home + self._travel * self._path(operation.phase)
            self.position = ramp(self.position, target, self._slew * operation.dt_s)
        if operation.dt_s > 0:
            velocity = (self.position - before) / operation.dt_s
            self.acceleration = (velocity - self.velocity) / operation.dt_s
            self.velocity = velocity
