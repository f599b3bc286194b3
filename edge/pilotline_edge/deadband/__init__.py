"""Deadband: which changes are too small to keep, and who decides it."""

from pilotline_edge.deadband.filter import DeadbandFilter
from pilotline_edge.deadband.request import absolute_width, server_filter

__all__ = ["DeadbandFilter", "absolute_width", "server_filter"]
