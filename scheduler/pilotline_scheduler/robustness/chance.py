"""How often something happened, and how sure that is."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Chance:
    """A share of samples.

    Attributes:
        share: of 1.
        low, high: confidence interval.
    """

    share: float
    low: float
    high: float


def wilson(count: int, samples: int, confidence: float = 0.95) -> Chance:
    """Return a share with its score interval (E. B. Wilson, JASA 22, 1927).

    It keeps what it says for shares near 0 and 1 too, where the usual interval has no width.

    Args:
        count: samples in which it happened.
        samples: samples in all, at least 1.
        confidence: how often the interval holds the true share.
    """
    share = count / samples
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    shrink = 1 + z * z / samples
    centre = (share + z * z / (2 * samples)) / shrink
    half = z / shrink * sqrt(share * (1 - share) / samples + z * z / (4 * samples * samples))
    low = 0.0 if count == 0 else centre - half
    return Chance(share, low, 1.0 if count == samples else centre + half)
