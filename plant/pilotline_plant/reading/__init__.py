"""Reads a plant file and names every mistake in it by line."""

from pilotline_plant.reading.plants import read_plant

__all__ = ["read_plant"]
