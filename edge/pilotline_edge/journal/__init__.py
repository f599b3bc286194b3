"""Journal: what machines sent, on disk, until the historian has it."""

from pilotline_edge.journal.commands import JournalSize
from pilotline_edge.journal.journal import Journal
from pilotline_edge.journal.reader import Backlog
from pilotline_edge.journal.record import Entry, Samples

__all__ = ["Backlog", "Entry", "Journal", "JournalSize", "Samples"]
