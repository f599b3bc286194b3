"""Electric power and energy."""

from pilotline_simulators.operation import Operation

_SECONDS_PER_HOUR = 3600.0


class PowerMeter:
    """Power a machine draws, and the energy counter that integrates it.

    Args:
        rated_kw: power while producing.
        standby_share: share of it drawn while energised.
        energy_kwh: counter reading at the beginning.
    """

    def __init__(self, *, rated_kw: float, standby_share: float, energy_kwh: float) -> None:
        self.power_kw = 0.0
        self.energy_kwh = energy_kwh
        self._rated_kw = rated_kw
        self._standby_kw = rated_kw * standby_share

    def step(self, operation: Operation, load: float) -> None:
        """Draw power for a load, 1 being usual, and count it.

        Args:
            operation: what the machine does.
            load: mechanical and thermal load relative to the usual.
        """
        if not operation.energised:
            self.power_kw = 0.1 * self._standby_kw
        else:
            self.power_kw = self._standby_kw + (self._rated_kw - self._standby_kw) * max(load, 0.0)
        self.energy_kwh += self.power_kw * operation.dt_s / _SECONDS_PER_HOUR
