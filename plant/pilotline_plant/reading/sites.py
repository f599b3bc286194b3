"""Reads sites and their halls."""

import re
from zoneinfo import ZoneInfo, available_timezones

from pilotline_plant.reading.naming import did_you_mean
from pilotline_plant.reading.table import Table
from pilotline_plant.site import Hall, Site

_COUNTRY = re.compile(r"[A-Z]{2}")
_OF_THIS_MACHINE = frozenset({"localtime", "posixrules", "Factory"})
"""Names in a zone database that mean another zone on every machine, or none."""


def read_sites(root: Table) -> tuple[Site, ...]:
    """Read ``[[sites]]``; hall ids are unique within the plant, so that walls can name them."""
    sites: dict[str, int] = {}
    halls: dict[str, int] = {}
    return tuple(_read_site(table, sites, halls) for table in root.each("sites", required=True))


def _read_site(table: Table, sites: dict[str, int], halls: dict[str, int]) -> Site:
    site = Site(
        id=table.new_id("site", sites),
        name=table.text("name"),
        time_zone=_read_time_zone(table),
        country=table.text("country"),
        subdivision=table.optional_text("subdivision"),
        owner=table.text("owner"),
        partner=table.flag("partner", default=False),
        halls=tuple(
            Hall(id=hall.new_id("hall", halls), name=hall.text("name"))
            for hall in table.each("halls", required=True)
        ),
    )
    if site.country:
        _check_country(table, site.country, site.subdivision)
    return site


def _read_time_zone(table: Table) -> str:
    zone = table.text("time_zone")
    if zone and not _is_time_zone(zone):
        hint = did_you_mean(zone, available_timezones() - _OF_THIS_MACHINE)
        example = hint or "write one such as 'Europe/Copenhagen'"
        table.mistake(f"is no IANA time zone; {example}", "time_zone")
    return zone


def _is_time_zone(zone: str) -> bool:
    if zone in _OF_THIS_MACHINE or zone.startswith(("posix/", "right/")):
        return False
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _check_country(table: Table, country: str, subdivision: str | None) -> None:
    # Loading the holiday rules costs more than the rest of this room; importing it must not.
    import holidays

    if not _COUNTRY.fullmatch(country) or not hasattr(holidays, country):
        reason = "is no country whose public holidays are known; write ISO 3166-1 such as 'DK'"
        table.mistake(reason, "country")
    elif subdivision:
        parts = getattr(holidays, country).subdivisions
        if subdivision not in parts:
            known = f"parts with holidays of their own: {', '.join(parts) or 'none'}"
            table.mistake(f"is no ISO 3166-2 part of {country}; {known}", "subdivision")
