"""Whatever a historian answers: every good value arrives, the bad ones lie in the dead letters."""

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path
from random import Random

import pytest

from pilotline_edge.backoff import Backoff
from pilotline_edge.forwarding import DeadLetters, Forwarder, forwarder
from pilotline_edge.journal import Journal
from pilotline_historian import open_historian
from tests.edge.test_drain import SERIES, keep
from tests.historian.influx_write import Answer, Endpoint, write_endpoint

COUNT = 3_000
FROM_NS = 1_772_450_000_000_000_000


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "journal.sqlite", [SERIES])
    yield opened
    opened.close()


def deliver(journal: Journal, endpoint: Endpoint, folder: Path) -> list[float]:
    """Forward until the journal is empty, without waiting; return the waits asked for."""
    waits = []
    with closing(open_historian(endpoint.url)) as historian:
        letters = DeadLetters(folder / "letters.jsonl")
        forwarding = Forwarder(journal, historian, letters, Backoff(0.5, 60.0, chance=lambda: 1.0))
        for _ in range(100):
            waits.append(forwarding.step())
            if not journal.size.samples:
                break
        assert forwarding.stop(1.0)
    assert journal.size.samples == 0
    return waits


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("store_the_rest", [True, False])
def test_planted_lines_become_dead_letters_and_no_good_one_is_lost(
    journal: Journal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    store_the_rest: bool,
) -> None:
    monkeypatch.setattr(forwarder, "BATCH", 500)
    keep(journal, range(FROM_NS, FROM_NS + COUNT))
    planted = set(Random(7).sample(range(FROM_NS, FROM_NS + COUNT), 5))
    refusals = chain(
        (
            Answer(429, b"{}", {"Retry-After": "42"}),
            None,
            Answer(503, b"{}"),
            Answer(401, b'{"code":"unauthorized","message":"expired"}'),
            None,
            None,
            Answer(404, b'{"code":"not found","message":"bucket not found"}'),
        )
        * 3,
        repeat(None),
    )
    with write_endpoint() as endpoint:
        endpoint.bad_status, endpoint.store_the_rest = status, store_the_rest
        endpoint.largest_body = 20_000
        endpoint.is_bad = lambda point: point.time_ns in planted
        endpoint.answer = lambda lines: next(refusals)
        waits = deliver(journal, endpoint, tmp_path)
        stored = {time_ns for _, _, time_ns in endpoint.points}
    assert stored == set(range(FROM_NS, FROM_NS + COUNT)) - planted
    letters = (tmp_path / "letters.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["source_time_ns"] for line in letters} == planted
    assert max(waits) >= 42.0, "Retry-After is kept to"
