"""What can go wrong in an edge agent.

::

    EdgeError
    ├── MachineUnreachable       no answer from the machine's server; tried again by itself
    │   └── ServerLeft           another server of the machine is better; it is gone to
    ├── EndpointRefused          a person must act before this machine can be read
    │   ├── CertificateUntrusted the server's certificate waits in rejected/
    │   └── CredentialsRefused   user name, password or policy do not fit
    ├── CertificateUnknown       no certificate, or several, fit what a person wrote
    ├── NodeNotFound             the server has no node at the address a person gave
    ├── PatternError             what a person wrote is no path with wildcards
    ├── SubscriptionLost         the server forgot or ended a subscription; it is made anew
    ├── SubscriptionsRefused     the server has no subscription for us; its tags are polled
    ├── UndecodableMessage       a server sent bytes that are no OPC UA message we know
    ├── StructureUnreadable      a structured value, or its type's description, cannot be used
    │   └── StructureTypeUnknown the type was not learnt from the server
    ├── JournalError
    │   ├── JournalFailed        the disk does not keep what it took; the agent must stop
    │   └── RecordCorrupt        one record fails its checksum
    ├── LeaseHeld                another agent owns the data directory
    ├── DataDirectoryUnusable    the data directory cannot be made, read or written
    ├── StatusUnreadable         what an agent said last cannot be read
    ├── AddressTaken             metrics cannot be served where they should be
    └── LiveUrlError             where live values should go cannot be used
        └── BrokerUrlError       the same, of a broker
"""

from asyncua import ua


class EdgeError(Exception):
    """Base of every error of this room; catch it to catch them all."""


class MachineUnreachable(EdgeError):  # noqa: N818 - a state, not a mistake
    """The machine's server does not answer; the agent tries again by itself."""


class ServerLeft(MachineUnreachable):
    """Another server of the machine is better than the one in use; the next connection is there."""


class EndpointRefused(EdgeError):  # noqa: N818 - a state, not a mistake
    """The machine cannot be read until a person acts; the message says on what."""


class CertificateUntrusted(EndpointRefused):
    """The server's certificate is not trusted; a copy waits in ``rejected/``."""


class CredentialsRefused(EndpointRefused):
    """User name, password and security policy of the machine do not fit together."""


class CertificateUnknown(EdgeError):  # noqa: N818 - a state, not a mistake
    """No certificate, or several, fit what a person wrote."""


class NodeNotFound(EdgeError):  # noqa: N818 - a state, not a mistake
    """The server has no node at the address a person gave."""


class PatternError(EdgeError):
    """What a person wrote is no path with wildcards."""


class SubscriptionLost(EdgeError):  # noqa: N818 - a state, not a mistake
    """The server forgot or ended a subscription.

    Attributes:
        subscription_id: the server's number of it.
    """

    def __init__(self, subscription_id: int, reason: str) -> None:
        super().__init__(f"subscription {subscription_id} is lost: {reason}")
        self.subscription_id = subscription_id


class SubscriptionsRefused(EdgeError):  # noqa: N818 - a state, not a mistake
    """The server has no subscription, or not one more; the message says what it answered."""


class UndecodableMessage(EdgeError):  # noqa: N818 - a state, not a mistake
    """A server sent bytes that are no OPC UA message we know."""


class StructureUnreadable(EdgeError):  # noqa: N818 - a state, not a mistake
    """A structured value, or its type's description, cannot be used; other tags go on."""


class StructureTypeUnknown(StructureUnreadable):
    """A structure's type was not learnt from the server.

    Attributes:
        encoding: node of the structure's encoding.
    """

    def __init__(self, message: str, encoding: ua.NodeId) -> None:
        super().__init__(message)
        self.encoding = encoding


class JournalError(EdgeError):
    """Base of what can go wrong with the journal."""


class JournalFailed(JournalError):  # noqa: N818 - a state, not a mistake
    """The disk does not keep what it took; nothing more is acknowledged, the agent must stop."""


class RecordCorrupt(JournalError):  # noqa: N818 - a state, not a mistake
    """A journal record fails its checksum or cannot be read."""


class LeaseHeld(EdgeError):  # noqa: N818 - a state, not a mistake
    """Another agent owns the data directory.

    Attributes:
        pid: its process id, or None when unknown.
    """

    def __init__(self, message: str, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class DataDirectoryUnusable(EdgeError):  # noqa: N818 - a state, not a mistake
    """The data directory cannot be made, read or written; the message says why."""


class StatusUnreadable(EdgeError):  # noqa: N818 - a state, not a mistake
    """What an agent said last is not for us to read, or no status."""


class AddressTaken(EdgeError):  # noqa: N818 - a state, not a mistake
    """Metrics and health cannot be served on the address asked for."""


class LiveUrlError(EdgeError):
    """Where live values should go is no address of an API or a broker."""


class BrokerUrlError(LiveUrlError):
    """A broker's address cannot be understood or must not be used so."""
