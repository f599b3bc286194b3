"""Lines of samples that come as columns, without an object for each."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pilotline_historian.columns import NO_TIME, Kind
from pilotline_historian.influxdb.line_protocol import double_lines
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from pilotline_historian.sample import Sample, Series
from pilotline_historian.sample_columns import SampleColumns


def column_lines(
    samples: Sequence[Sample], prefixes: Mapping[Series, bytes]
) -> Sequence[bytes | None]:
    """Return what `LineEncoder.usual_lines` does, None for each where they are no columns.

    Args:
        samples: the samples.
        prefixes: how the line of a double begins, of each series met before.
    """
    if not isinstance(samples, SampleColumns):
        return [None] * len(samples)
    begins = _prefixes(samples, prefixes)
    rows = np.flatnonzero(_usual(samples, begins))
    columns, places = samples.columns, samples.places
    if len(rows) < len(samples):
        columns, places = columns.take(rows), places[rows]
    usual = double_lines(
        map(begins.__getitem__, places.tolist()),
        columns.bits.view(np.float64).tolist(),
        columns.status.tolist(),
        columns.server.tolist(),
        columns.time.tolist(),
    )
    if len(usual) == len(samples):
        return usual
    lines: list[bytes | None] = [None] * len(samples)
    for row, line in zip(rows.tolist(), usual, strict=True):
        lines[row] = line
    return lines


def _prefixes(samples: SampleColumns, prefixes: Mapping[Series, bytes]) -> dict[int, bytes]:
    """Return the prefix of each place whose series has one."""
    met = {place: prefixes.get(samples.names[place]) for place in np.unique(samples.places)}
    return {int(place): prefix for place, prefix in met.items() if prefix is not None}


def _usual(samples: SampleColumns, begins: Mapping[int, bytes]) -> NDArray[np.bool_]:
    columns = samples.columns
    values = columns.bits.view(np.float64)
    met = np.zeros(len(samples.names), np.bool_)
    met[list(begins)] = True
    usual: NDArray[np.bool_] = (
        (columns.kind == Kind.FLOAT)
        & np.isfinite(values)
        & (values != 0)
        & (columns.server != NO_TIME)
        & met[samples.places]
    )
    for times in (columns.time, columns.server):
        usual &= (times >= FIRST_TIME_NS) & (times <= LAST_TIME_NS)
    return usual
