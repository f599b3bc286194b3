"""The embedded historian: one SQLite file, no server."""

from pilotline_historian.embedded.store import EmbeddedHistorian

__all__ = ["EmbeddedHistorian"]
