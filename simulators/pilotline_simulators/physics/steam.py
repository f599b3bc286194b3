"""Saturated steam and what it does to germs."""

from pilotline_simulators.operation import Operation

_MMHG_PER_BAR = 750.062
_MINUTE_S = 60.0


def saturation_pressure_bar(temperature_c: float) -> float:
    """Return the absolute pressure of saturated steam by Antoine's equation, 1 to 374 °C."""
    a, b, c = (8.07131, 1730.63, 233.426) if temperature_c < 100 else (8.14019, 1810.94, 244.485)
    mmhg: float = 10.0 ** (a - b / (c + temperature_c))
    return mmhg / _MMHG_PER_BAR


class Lethality:
    """Accumulated lethality F0 in minutes at 121.1 °C (EN 285), beginning anew with each job."""

    def __init__(self) -> None:
        self.minutes = 0.0
        self._job = ""

    def step(self, operation: Operation, temperature_c: float) -> None:
        """Add what the temperature does in this step."""
        if operation.job and operation.job != self._job:
            self._job, self.minutes = operation.job, 0.0
        if operation.producing:
            rate: float = 10.0 ** ((temperature_c - 121.1) / 10.0)
            self.minutes += rate * operation.dt_s / _MINUTE_S
