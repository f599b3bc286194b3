"""Blockage: that the journal took nothing, which explains what is missing after it."""

from dataclasses import dataclass

from pilotline_edge.cause import Cause


@dataclass(slots=True)
class Blockage:
    """Why the journal took nothing at some time since the connection was made.

    Attributes:
        cause: the reason, or None where it took everything.
    """

    cause: Cause | None = None

    def behind(self, cause: Cause) -> Cause:
        """Return why values are missing: the blockage if there was one, else the cause given."""
        return self.cause or cause
