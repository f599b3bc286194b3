"""OPC UA → journal on disk → historian, and a live feed outward."""

from pilotline_edge.agent import AgentSettings, EdgeAgent, run_agent
from pilotline_edge.errors import EdgeError, JournalFailed, LeaseHeld
from pilotline_edge.metrics import MetricsAddress
from pilotline_edge.status.status import read_status

__all__ = [
    "AgentSettings",
    "EdgeAgent",
    "EdgeError",
    "JournalFailed",
    "LeaseHeld",
    "MetricsAddress",
    "read_status",
    "run_agent",
]
