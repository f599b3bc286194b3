"""Metrics: what Prometheus and a supervisor ask of an agent."""

from pilotline_edge.metrics.server import MetricsAddress, observed

__all__ = ["MetricsAddress", "observed"]
