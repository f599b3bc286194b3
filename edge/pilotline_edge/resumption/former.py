"""Former: what must be remembered of a session so that another process can go on with it."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

from pilotline_edge.fleet.difference import as_read
from pilotline_plant import Machine


class FormerItem(NamedTuple):
    """A monitored item as the server has it.

    Attributes:
        handle: our number of it; the server sends it with each value.
        item_id: the server's number of it.
        queue: queue depth the server granted.
        filtered: whether the deadband was asked for.
    """

    handle: int
    item_id: int
    queue: int
    filtered: bool


@dataclass(frozen=True, slots=True)
class FormerSubscription:
    """A subscription as the server has it.

    Attributes:
        key: its `MachineSubscription.key`.
        subscription_id: the server's number of it.
        made_ns: when it was created, ns UTC.
        published_s: publishing interval the server granted, seconds.
        keep_alives: publishing intervals after which the server says it lives.
        items: its monitored items.
    """

    key: int
    subscription_id: int
    made_ns: int
    published_s: float
    keep_alives: int
    items: tuple[FormerItem, ...]


@dataclass(frozen=True, slots=True)
class FormerSession:
    """A session at a machine's server, with its subscriptions.

    Which messages were taken is not here but in the journal, in the transaction that keeps their
    values: see `pilotline_edge.link.intake.Intake.taken`.

    Attributes:
        fingerprint: how the machine was read, see `fingerprint`.
        started: when that run of the server began, ISO 8601; another run knows nothing of us.
        token: the session's authentication token as OPC UA writes node ids, hex; a secret.
        nonce: the server's last nonce, hex; activating the session signs it.
        url: endpoint of that server.
        subscriptions: its subscriptions.
    """

    fingerprint: str
    started: str
    token: str = field(repr=False)
    nonce: str = field(repr=False)
    url: str
    subscriptions: tuple[FormerSubscription, ...]

    def handles(self) -> dict[int, frozenset[int]]:
        """Return our numbers of the items of each subscription, by its key."""
        return {
            each.key: frozenset(item.handle for item in each.items) for each in self.subscriptions
        }

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: something else wrote it.
        """
        subscriptions = tuple(
            FormerSubscription(
                int(each["key"] if "key" in each else each["interval_ms"]),
                int(each["subscription_id"]),
                int(each["made_ns"]),
                float(each["published_s"]),
                int(each["keep_alives"]),
                tuple(FormerItem(*item) for item in each["items"]),
            )
            for each in state["subscriptions"]
        )
        return cls(
            str(state["fingerprint"]),
            str(state["started"]),
            str(state["token"]),
            str(state["nonce"]),
            str(state["url"]),
            subscriptions,
        )


def fingerprint(machine: Machine) -> str:
    """Return what changes when a machine is read in another way: endpoint, tags, their order."""
    return hashlib.sha256(repr(as_read(machine)).encode()).hexdigest()
