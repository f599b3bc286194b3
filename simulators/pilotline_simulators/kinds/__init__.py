"""Machine models by kind, one module for each sector the institute serves."""

from collections.abc import Mapping

from pilotline_simulators.kinds import (
    building,
    components,
    electronics,
    energy,
    food,
    medical,
)
from pilotline_simulators.kinds.generic import GENERIC
from pilotline_simulators.kinds.kind import Kind

KINDS: Mapping[str, Kind] = {
    **components.KINDS,
    **food.KINDS,
    **building.KINDS,
    **energy.KINDS,
    **electronics.KINDS,
    **medical.KINDS,
}
"""Kind of a plant file → its model."""


def kind_of(name: str) -> Kind:
    """Return the model of a kind, a generic one for a kind that is not known."""
    return KINDS.get(name, GENERIC)
