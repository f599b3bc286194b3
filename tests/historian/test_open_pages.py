"""Whatever samples an open page of the embedded store holds come back as they were."""

import numpy as np
import pytest

from pilotline_historian.columns import NO_TIME, Columns, Kind
from pilotline_historian.embedded.page import OpenSamples, decode_pages, encode_page
from pilotline_historian.limits import FIRST_TIME_NS, LAST_TIME_NS
from tests.historian.samples import BAD, same


@pytest.mark.parametrize("ids", [[1, 2, 1], [1, 65_536, 3], [0, 65_535, 65_535]])
@pytest.mark.parametrize("status", [[0, 0, 0], [BAD, 0, BAD], [BAD, BAD, BAD]])
@pytest.mark.parametrize(
    "server",
    [
        [NO_TIME] * 3,
        [NO_TIME, 5, 6],
        [5, 6, 7],
        [5, 6 + 2**31, 7],
        [FIRST_TIME_NS, LAST_TIME_NS, 0],
    ],
)
def test_a_page_is_read_as_it_was_written(
    ids: list[int], status: list[int], server: list[int]
) -> None:
    columns = Columns(
        np.array([LAST_TIME_NS, FIRST_TIME_NS, 7], np.int64),
        np.array([Kind.FLOAT, Kind.TEXT, Kind.INT], np.uint8),
        np.array([-1, 1, 2**62], np.int64),
        np.array(status, np.uint32),
        np.array(server, np.int64),
        ["unused", "Execute"],
    )
    written = OpenSamples(np.array(ids, np.int64), columns)
    read = decode_pages([encode_page(written), encode_page(written)])
    assert read.series_ids.tolist() == ids * 2
    for name in ("time", "kind", "status", "server"):
        assert getattr(read.columns, name).tolist() == getattr(columns, name).tolist() * 2
    assert same(read.columns.values(), columns.values() * 2)
