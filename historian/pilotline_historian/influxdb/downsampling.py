"""Downsampling by the server itself: reductions by minute and hour that outlive the samples.

A reduction holds of its good values ``min``, ``max``, ``mean``, ``sum`` and ``numbers`` (how many
are numbers), ``count`` (how many in all) and ``last``. Tools of others read them. Pilotline's own
buckets never do: a sample that came later than the server looks back for is not in them.
"""

from collections.abc import Iterator
from typing import Final

from pilotline_historian.errors import HistorianRefused
from pilotline_historian.grid import HOUR_NS, MINUTE_NS
from pilotline_historian.influxdb import continuous_queries, flux_tasks
from pilotline_historian.influxdb.server import Server

LATE_NS: Final = HOUR_NS
"""How late samples may come, unless told."""

_STEP_NS: Final = HOUR_NS
"""Samples reduced anew by one request: some million of a thousand tags each second."""


def downsample(server: Server, keep_ns: int | None, late_ns: int = LATE_NS) -> tuple[str, ...]:
    """Let the server reduce samples by minute and hour from now on; doing it again is harmless.

    Args:
        server: where.
        keep_ns: how long reductions are kept; None is for ever.
        late_ns: how late a sample may come and still be taken in, rounded up to minutes.

    Returns:
        Where the reductions by minute and by hour are.

    Raises:
        HistorianUnavailable: ask again later.
        HistorianRefused: the server does not let us, or cannot.
    """
    minutes = -(-late_ns // MINUTE_NS)
    if _by_tasks(server):
        return flux_tasks.arrange(server, keep_ns, minutes)
    return continuous_queries.arrange(server, keep_ns, minutes)


def reduce_anew(server: Server, start_ns: int, end_ns: int) -> Iterator[int]:
    """Reduce the samples of whole hours again, for those that came too late.

    Yields:
        Up to which instant it is done.

    Raises:
        HistorianUnavailable: ask again later; what is done is done.
        HistorianRefused: downsampling was not arranged, or the server cannot.
    """
    again = flux_tasks.reduce_anew if _by_tasks(server) else continuous_queries.reduce_anew
    from_ns = start_ns - start_ns % HOUR_NS
    end_ns += -end_ns % HOUR_NS
    while from_ns < end_ns:
        upto_ns = min(from_ns + _STEP_NS, end_ns)
        again(server, from_ns, upto_ns)
        yield upto_ns
        from_ns = upto_ns


def _by_tasks(server: Server) -> bool:
    major, _ = server.version()
    if major > 2:
        raise HistorianRefused(
            f"{server.address.url} is InfluxDB {major}, which has neither tasks nor continuous "
            f"queries; leave --downsample out"
        )
    return major == 2
