"""Structures: the fields of values whose types a server defines itself."""

from pilotline_edge.structures.types import StructureTypes

__all__ = ["StructureTypes"]
