"""Request: a tag's deadband as a server is asked to apply it."""

from asyncua import ua

from pilotline_plant import Range, Tag

_ALL = 100.0


def absolute_width(tag: Tag, eu_range: Range | None = None) -> float | None:
    """Return a tag's deadband in its unit, 0 for none, None where its range is not known.

    Args:
        tag: the tag; a range of its own goes before the server's.
        eu_range: the range its server names, or None.
    """
    if not tag.deadband_percent:
        return tag.deadband
    known = tag.eu_range or eu_range
    return None if known is None else tag.deadband_percent / _ALL * (known.high - known.low)


def server_filter(tag: Tag) -> ua.DataChangeFilter | None:
    """Return the filter to ask a server for, or None where the tag has no deadband."""
    width = absolute_width(tag)
    if width == 0:
        return None
    kind = ua.DeadbandType.Percent if width is None else ua.DeadbandType.Absolute
    return ua.DataChangeFilter(
        Trigger=ua.DataChangeTrigger.StatusValue,
        DeadbandType=ua.UInt32(kind),
        DeadbandValue=ua.Double(tag.deadband_percent if width is None else width),
    )
