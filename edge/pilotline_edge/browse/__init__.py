"""Browse: what variables a machine's server has, as tags for the plant file."""

from pilotline_edge.browse.comparison import Comparison, compare
from pilotline_edge.browse.discovery import discover
from pilotline_edge.browse.finding import BrowseWishes, Discovery, Progress
from pilotline_edge.browse.section import section

__all__ = [
    "BrowseWishes",
    "Comparison",
    "Discovery",
    "Progress",
    "compare",
    "discover",
    "section",
]
