"""Structures: the fields of values whose types a server defines itself."""

from pilotline_edge.structures.structure_types import StructureTypes

__all__ = ["StructureTypes"]
