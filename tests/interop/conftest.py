"""What holds for every test of the agent with other makers' servers."""

from tests.edge.brisk import brisk

__all__ = ["brisk"]
