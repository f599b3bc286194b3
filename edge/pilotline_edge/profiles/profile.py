"""Profile: the peculiarities of one sort of OPC UA server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Build:
    """What a server says it is (OPC 10000-5, 12.4), empty where it says nothing.

    Attributes:
        manufacturer: ManufacturerName of its BuildInfo.
        product: ProductName.
        product_uri: ProductUri.
        software: SoftwareVersion.
        application_uri: its own entry in the ServerArray.
    """

    manufacturer: str = ""
    product: str = ""
    product_uri: str = ""
    software: str = ""
    application_uri: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """Limits and faults of one sort of server, measured or from its maker.

    Attributes:
        name: what a plant file calls it.
        product: what a person calls it.
        batch: operations in one call beyond which it slows down or fails, or None.
        most_items: monitored items it has in all, where it says none; or None.
        absolute: whether it applies an absolute deadband, and rightly.
        percent: whether it applies a percent deadband, and rightly.
        transfers: whether it moves subscriptions to another session.
        words: what its manufacturer and product, or one of its URIs, contain, in small letters;
            every word of one of the groups.
    """

    name: str
    product: str
    batch: int | None = None
    most_items: int | None = None
    absolute: bool = True
    percent: bool = True
    transfers: bool = True
    words: tuple[tuple[str, ...], ...] = ()
