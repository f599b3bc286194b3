"""Heat: a body that loses heat to its surroundings, heated under PI control."""

from pilotline_simulators.operation import Operation
from pilotline_simulators.physics.block import approach
from pilotline_simulators.physics.profile import STEADY, Profile

_CLOSED_LOOP_SHARE = 0.25
"""Time constant of the closed loop relative to the body's own."""


class HeatedBody:
    """A lumped heat capacity with a heater or a cooler and a PI controller.

    The controller cancels the body's pole (Ti equals the body's time constant), which leaves a
    first-order loop without overshoot. Its integral part is the limited output behind a lag of Ti
    (automatic reset), so it cannot wind up while the heater is at a limit.

    Args:
        ambient: temperature it falls to when switched off.
        target: set point while prepared; below `ambient` for a cooled body.
        standby: set point while energised but not prepared; `ambient` where None.
        time_constant_s: how fast it would cool by itself.
        authority: what full power changes in steady state relative to ``target - ambient``.
        batch: how the set point moves over the job, as a share of ``target - standby``.
        swing: what the job's recipe adds to the set point at most.
        power_kw: electric power of the heater or cooler at full output.
    """

    def __init__(
        self,
        *,
        ambient: float,
        target: float,
        time_constant_s: float,
        standby: float | None = None,
        authority: float = 1.6,
        batch: Profile = STEADY,
        swing: float = 0.0,
        power_kw: float = 0.0,
    ) -> None:
        self.temperature = ambient
        self.set_point = ambient
        self.output = 0.0
        self._ambient = ambient
        self._target = target
        self._standby = ambient if standby is None else standby
        self._time_constant_s = time_constant_s
        self._reach = authority * (target - ambient)
        self._batch = batch
        self._swing = swing
        self._power_kw = power_kw
        self._reset = 0.0

    @property
    def power_kw(self) -> float:
        """Electric power it takes now."""
        return self._power_kw * self.output

    @property
    def deviation(self) -> float:
        """Temperature above its set point."""
        return self.temperature - self.set_point

    def step(self, operation: Operation) -> None:
        """Heat, cool and control."""
        self.set_point = self._wanted(operation)
        self.output = self._control() if operation.energised else 0.0
        self._reset = approach(self._reset, self.output, operation.dt_s, self._time_constant_s)
        settled = self._ambient + self._reach * self.output
        self.temperature = approach(
            self.temperature, settled, operation.dt_s, self._time_constant_s
        )

    def _wanted(self, operation: Operation) -> float:
        if not operation.energised:
            return self._ambient
        if not operation.prepared:
            return self._standby
        share = self._batch(operation.batch)
        target = self._target + self._swing * operation.recipe
        return self._standby + share * (target - self._standby)

    def _control(self) -> float:
        gain = 1 / (_CLOSED_LOOP_SHARE * self._reach)
        wanted = gain * (self.set_point - self.temperature) + self._reset
        return min(max(wanted, 0.0), 1.0)
