"""Forwarding: from the journal into the historian, at least once and in order."""

from pilotline_edge.forwarding.dead_letters import DeadLetters
from pilotline_edge.forwarding.forwarder import Forwarder, ForwarderState

__all__ = ["DeadLetters", "Forwarder", "ForwarderState"]
