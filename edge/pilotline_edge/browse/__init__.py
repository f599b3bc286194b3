"""Browse: what variables a machine's server has, as tags for the plant file."""

from pilotline_edge.browse.discovery import discover
from pilotline_edge.browse.finding import BrowseWishes, Discovery
from pilotline_edge.browse.section import section

__all__ = ["BrowseWishes", "Discovery", "discover", "section"]
