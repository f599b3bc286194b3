"""How a construction chooses what to place next."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """A dispatching rule, as a price that is asked for each operation; the cheapest goes next.

    Attributes:
        name: what a trajectory shows, such as ``atcs``.
        keys: fixed part of the price of each operation.
        chronological: take only operations that can start first, as a dispatcher on the floor
            would; otherwise any whose predecessors are placed.
        local_due: latest start by which each operation keeps its run on time.
        slack_price: price of a tick of slack left; chronological recipes only.
        setup_price: price of a tick of setup; chronological recipes only.
        setup_bias: ticks of later end accepted for a tick of setup saved by another mode.
        modes: mode that each operation is given, or -1 for the one that ends first; empty for
            all -1.
        floors: earliest start that each operation is given; empty for none.
    """

    name: str
    keys: Sequence[float]
    chronological: bool = False
    local_due: Sequence[int] = ()
    slack_price: float = 0.0
    setup_price: float = 0.0
    setup_bias: int = 0
    modes: Sequence[int] = ()
    floors: Sequence[int] = ()
