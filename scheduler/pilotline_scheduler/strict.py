"""How documents are read: unknown keys and converted types are mistakes."""

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", strict=True)
"""Decorates the words of problem and plan; it acts only when they are read from JSON."""
