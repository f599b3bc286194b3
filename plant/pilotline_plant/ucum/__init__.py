"""UCUM unit codes: which are valid, and how a person reads them."""

from pilotline_plant.ucum.parser import UnknownUnit, symbol_of

__all__ = ["UnknownUnit", "symbol_of"]
