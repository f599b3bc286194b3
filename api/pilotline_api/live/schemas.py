"""Shapes of what edge agents are answered."""

from collections.abc import Sequence
from typing import Final, Self

from pilotline_api.kit.schema import View
from pilotline_api.live.push import RefusedItem

MOST_NAMED: Final = 20
"""Refused items that an answer names; it counts the others."""


class RefusedView(View):
    """One item of a push that was not taken."""

    pointer: str
    code: str
    message: str


class PartlyTaken(View):
    """A push whose other items were taken.

    Attributes:
        refused: how many items were not.
        errors: the first `MOST_NAMED` of them.
    """

    refused: int
    errors: list[RefusedView]

    @classmethod
    def of(cls, refused: Sequence[RefusedItem]) -> Self:
        """Return the view of what was refused."""
        named = [
            RefusedView(pointer=each.pointer, code="item", message=f"{each.about}: {each.reason}")
            for each in refused[:MOST_NAMED]
        ]
        return cls(refused=len(refused), errors=named)
