"""Site and hall: where machines stand, in which time zone, and who owns them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hall:
    """A room of a site; walls between clients are kept per hall."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Site:
    """A facility with its own local time.

    Attributes:
        id: unique within the plant.
        name: what a person reads.
        time_zone: IANA zone, such as ``Europe/Copenhagen``.
        country: ISO 3166-1 alpha-2 code, for public holidays.
        subdivision: ISO 3166-2 part within the country (``NC``), or None.
        owner: name of the institute or the partner firm that owns the facility.
        partner: True where the owner is not the institute itself.
        halls: rooms of the site.
    """

    id: str
    name: str
    time_zone: str
    country: str
    subdivision: str | None
    owner: str
    partner: bool
    halls: tuple[Hall, ...]
