"""What holds for every test of the agent."""

from tests.edge.brisk import brisk

__all__ = ["brisk"]
