"""Back-off: how long to wait before the next attempt."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Growing waits with jitter, so that many waiting agents do not knock at once.

    Characteristics
        first wait: at most `first_s`
        growth: `factor` per attempt up to `cap_s`
        jitter: each wait is between half of its step and the whole step
        bounded: the number of attempts is not, each wait is

    Attributes:
        first_s: longest first wait, seconds.
        cap_s: longest wait, seconds.
        factor: growth per attempt.
        chance: source of jitter in [0, 1); tests give their own.
    """

    first_s: float
    cap_s: float
    factor: float = 2.0
    chance: Callable[[], float] = random.random
    _step_s: float = field(init=False, default=0.0)

    def wait_s(self) -> float:
        """Return the next wait in seconds and grow."""
        self._step_s = min(self._step_s * self.factor, self.cap_s) if self._step_s else self.first_s
        return self._step_s * (0.5 + 0.5 * self.chance())

    def reset(self) -> None:
        """Start again from the first wait, after a success."""
        self._step_s = 0.0
