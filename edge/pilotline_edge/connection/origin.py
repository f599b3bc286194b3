"""Origin: where the session of a fresh connection comes from."""

from enum import StrEnum


class Origin(StrEnum):
    """Where the session of a fresh connection comes from; decides how subscriptions heal."""

    REACTIVATED = "reactivated"
    """The server still had our session: its subscriptions are ours."""

    CREATED = "created"
    """A new session on the same server run: subscriptions can be transferred."""

    RESTARTED = "restarted"
    """A new session on a server that was restarted: its subscriptions are gone."""

    ELSEWHERE = "elsewhere"
    """A session on another server of the machine: what we had is at the one we left."""
