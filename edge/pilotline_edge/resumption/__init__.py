"""Resumption: takes up, after the agent was away, the session that it left at a machine."""

from pilotline_edge.resumption.resumption import Resumption
from pilotline_edge.resumption.session_file import SessionFile

__all__ = ["Resumption", "SessionFile"]
