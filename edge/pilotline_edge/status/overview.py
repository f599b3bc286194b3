"""Overview: everything an agent can tell of itself, for status, metrics and health."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pilotline_edge.connection.identity import own_expiry
from pilotline_edge.forwarding import ForwarderState
from pilotline_edge.journal import Journal
from pilotline_edge.journal.aging import Aging
from pilotline_edge.link.link import MachineLink
from pilotline_edge.live.feed import LiveOutlet

_ROOM_SHARE = 0.9
HUNG_AFTER_S = 15.0
"""An agent whose loop has not turned for so long hangs."""


@dataclass(slots=True)
class Reloads:
    """How reading the plant file again went.

    Attributes:
        done: times it was taken.
        refused: times it was refused.
        loaded_ns: when the present one was taken, ns UTC.
        problem: why the newest one was refused, or None when it was taken.
    """

    done: int = 0
    refused: int = 0
    loaded_ns: int = field(default_factory=time.time_ns)
    problem: str | None = None

    def taken(self) -> None:
        """Note that a plant file was taken."""
        self.done += 1
        self.loaded_ns = time.time_ns()
        self.problem = None


@dataclass(slots=True)
class Overview:
    """What an agent is made of while it runs; reading it is safe from any thread.

    Attributes:
        agent: the agent's name.
        plant: the plant's name.
        started_ns: when the agent started, ns UTC.
        links: the machines that are read, by id; changes when the plant file does.
        journal: its journal.
        journal_limit_bytes: most bytes the journal takes.
        forwarder: how forwarding goes.
        live: where live values go, or None.
        reloads: how reading the plant file again went.
        aging: what the journal gave up for its age.
        own_pki: folder of our own certificate, or None.
        turned_at: monotonic second at which the agent's loop last turned.
    """

    agent: str
    plant: str
    started_ns: int
    links: Mapping[str, MachineLink]
    journal: Journal
    journal_limit_bytes: int
    forwarder: ForwarderState
    live: LiveOutlet | None
    reloads: Reloads
    aging: Aging
    own_pki: Path | None = None
    turned_at: float = field(default_factory=time.monotonic)

    def oldest_s(self) -> float | None:
        """Return the age of the oldest record that waits for the historian, or None.

        A record knows its publish time by the machine's clock, so that clock's skew is taken off.
        """
        if self.forwarder.oldest is None:
            return None
        machine, published_ns = self.forwarder.oldest
        link = self.links.get(machine)
        skew_s = (link.state.skew.seconds if link is not None else None) or 0.0
        return max((time.time_ns() - published_ns) / 1e9 + skew_s, 0.0)

    def own_certificate_expires_s(self) -> float | None:
        """Return when our own certificate ends, seconds since 1970, or None without one.

        Its file is read each time: a person may have renewed it.
        """
        expires = None if self.own_pki is None else own_expiry(self.own_pki)
        return None if expires is None else expires.timestamp()

    def hangs(self) -> str | None:
        """Return why the agent should be started anew, or None."""
        silent_s = time.monotonic() - self.turned_at
        if silent_s < HUNG_AFTER_S:
            return None
        return f"the agent's loop has not turned for {silent_s:.0f} s"

    def not_ready(self) -> str | None:
        """Return why values cannot be taken and kept now, or None.

        The lease needs no look: an agent without it has ended.
        """
        if hanging := self.hangs():
            return hanging
        size = self.journal.size
        if size.blocked is not None:
            return f"the journal takes nothing ({size.blocked})"
        problem = self.forwarder.problem
        if problem is not None and size.bytes >= _ROOM_SHARE * self.journal_limit_bytes:
            return f"the journal is nearly full and the historian away ({problem})"
        return None
