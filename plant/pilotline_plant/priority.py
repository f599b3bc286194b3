"""Priority: whose values are kept when not all can be."""

from enum import StrEnum


class Priority(StrEnum):
    """How long a machine's values are still taken while the edge's journal fills up."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
