"""Kind: how a family of machines works and what its rig is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from pilotline_simulators.jobs import Pace
from pilotline_simulators.rig import Rig


@dataclass(frozen=True, slots=True)
class Kind:
    """A family of machines.

    Attributes:
        pace: how it works through a job.
        build: puts its rig together; tags it does not show get a generic signal.
        standby_share: share of the rated power it draws while it does not produce.
    """

    pace: Pace
    build: Callable[[Rig], None]
    standby_share: float = 0.1
