"""Cause: why values are missing, one word per gap; the pages have a text for each."""

from enum import StrEnum


class Cause(StrEnum):
    """Why values could not be read.

    A new word needs a text in each language, ``cause.<word>`` in the pages' catalogues.
    """

    AGENT_STARTED = "agent-started"
    """Read for the first time: nothing was promised for the time before."""

    AGENT_STOPPED = "agent-stopped"
    """No agent ran."""

    CONNECTION_LOST = "connection-lost"
    """The machine could not be reached for longer than its server kept our subscriptions."""

    SERVER_RESTARTED = "server-restarted"
    """The machine's server was restarted and forgot our subscriptions."""

    SERVER_CHANGED = "server-changed"
    """Another server of the same machine was gone to."""

    SERVER_SILENT = "server-silent"
    """The machine's server answered but no longer published."""

    QUEUE_OVERFLOW = "queue-overflow"
    """A queue at the machine's server was full."""

    MESSAGES_LOST = "messages-lost"
    """The machine's server did not keep messages that never arrived."""

    POLLS_MISSED = "polls-missed"
    """The machine's server answered too late to be read at every interval, or lost the node."""

    JOURNAL_FULL = "journal-full"
    """The journal was as large as it may be."""

    DISK_FULL = "disk-full"
    """The journal had no room on its disk."""

    JOURNAL_EXPIRED = "journal-expired"
    """The historian was away for longer than the journal keeps anything."""

    JOURNAL_DAMAGED = "journal-damaged"
    """The journal, or a record of it, could not be read."""

    PLANT_CHANGED = "plant-changed"
    """A changed plant file reads the tag no more, anew, or from another place."""
