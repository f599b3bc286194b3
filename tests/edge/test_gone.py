"""What a plant file dropped while no agent ran is declared, as it is while one runs."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from pilotline_edge.cause import Cause
from pilotline_edge.events.coverage import EventCoverage
from pilotline_edge.events.intake import coverage_key, recall_events
from pilotline_edge.fleet.fleet import recall
from pilotline_edge.fleet.gone import retire_gone
from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.journal.reader import BacklogReader
from pilotline_edge.link.coverage import Coverage
from pilotline_edge.link.intake import Intake
from pilotline_edge.link.series import groups_of, series_of
from pilotline_edge.link.state import begun
from pilotline_historian import EVENTS, Gap
from pilotline_plant import EventSource, Machine
from tests.edge.plants import machine, tag

MS = 1_000_000
START = 1_700_000_000_000 * MS
KNOWN = START + 5_000 * MS
MILL = replace(machine("opc.tcp://mill", [tag("a"), tag("b")]), events=EventSource())


def known(*, waiting: bool = False) -> Coverage:
    """Return what an agent knew of the mill when it was killed, a second after its last value."""
    coverage = Coverage(MILL.site, MILL.id, *groups_of(MILL))
    coverage.begin(START)
    coverage.received(100, KNOWN, True, [("a", KNOWN, 0), ("b", KNOWN, 0)])
    if waiting:
        coverage.lost(["a", "b"], Cause.SERVER_RESTARTED)
        coverage.received(100, KNOWN + 900 * MS, True, [("a", KNOWN + 800 * MS, 0)])
    return coverage


def gaps_after(
    folder: Path, kept: Coverage, begin: Callable[[Journal], None]
) -> list[tuple[str | None, int, str]]:
    """Begin an agent on a journal that another left; return its gaps: tag, start and cause."""

    async def work() -> list[Gap]:
        journal = Journal.open(folder / "journal.sqlite", series_of(MILL))
        state = json.dumps(kept.to_json())
        await journal.append(Entry(MILL.site, MILL.id, KNOWN, Samples(), [], state))
        events = EventCoverage(MILL.site, MILL.id, KNOWN)
        of_events = f'{{"coverage": {json.dumps(events.to_json())}}}'
        key = coverage_key(MILL.id)
        await journal.append(
            Entry(MILL.site, MILL.id, KNOWN, Samples(), [], of_events, coverage_key=key)
        )
        journal.close()
        journal = Journal.open(folder / "journal.sqlite", ())
        begin(journal)
        await asyncio.sleep(0.1)
        journal.close()
        reader = BacklogReader(folder / "journal.sqlite")
        gaps = list(reader.read(100).gaps)
        reader.close()
        return gaps

    return [(gap.tag, gap.start_ns, str(gap.cause)) for gap in asyncio.run(work())]


def _read_again(journal: Journal, read: Machine) -> None:
    intake = Intake(read, recall(read, journal), journal, begun(read.id), None)
    intake.recall()
    assert set(intake.coverage.known.groups) == {each.id for each in read.tags}


def test_a_tag_that_is_gone_ends_where_it_was_last_known(tmp_path: Path) -> None:
    without = replace(MILL, tags=MILL.tags[:1])
    found = gaps_after(tmp_path, known(), lambda journal: _read_again(journal, without))
    assert found == [("b", KNOWN, "plant-changed")]


def test_a_tag_that_waited_after_a_loss_keeps_its_cause(tmp_path: Path) -> None:
    without, lost = replace(MILL, tags=MILL.tags[:1]), known(waiting=True)
    found = gaps_after(tmp_path, lost, lambda journal: _read_again(journal, without))
    assert [(tag, cause) for tag, _, cause in found if tag == "b"] == [("b", "server-restarted")]


def test_a_machine_and_its_events_that_are_gone_end_too(tmp_path: Path) -> None:
    found = gaps_after(tmp_path, known(), lambda journal: _gone(journal, []))
    assert found == [(None, KNOWN, "plant-changed"), (EVENTS, KNOWN, "plant-changed")]


def test_events_that_are_no_longer_asked_for_end(tmp_path: Path) -> None:
    mute = replace(MILL, events=None)
    found = gaps_after(tmp_path, known(), lambda journal: _gone(journal, [mute]))
    assert found == [(EVENTS, KNOWN, "plant-changed")]


def test_what_is_still_read_is_left_alone(tmp_path: Path) -> None:
    assert gaps_after(tmp_path, known(), lambda journal: _gone(journal, [MILL])) == []


def _gone(journal: Journal, machines: list[Machine]) -> None:
    retire_gone(journal, machines)
    # Begun once more, it declares nothing twice.
    assert retire_gone(journal, machines) == []


def test_what_was_declared_once_ends_no_later_start(tmp_path: Path) -> None:
    """What is left of it looked like something, and the second start after it failed."""
    gone = partial(_gone, machines=[replace(MILL, events=None)])
    assert len(gaps_after(tmp_path, known(), gone)) == 1

    async def again() -> None:
        journal = Journal.open(tmp_path / "journal.sqlite", ())
        try:
            assert retire_gone(journal, [replace(MILL, events=None)]) == []
            assert recall_events(MILL, journal) is not None, "events are read once more"
            await asyncio.gather(*retire_gone(journal, []))
        finally:
            journal.close()
        journal = Journal.open(tmp_path / "journal.sqlite", ())
        try:
            assert retire_gone(journal, []) == []
        finally:
            journal.close()

    asyncio.run(again())
