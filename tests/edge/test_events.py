"""What machines report besides values is journaled, delivered and accounted for like values."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from pilotline_edge.backoff import Backoff
from pilotline_edge.cause import Cause
from pilotline_edge.events.conditions import MOST_CONDITIONS, VANISHED, Conditions
from pilotline_edge.events.coverage import EventCoverage
from pilotline_edge.events.fields import CLAUSES, Control, control_of, event_of
from pilotline_edge.events.intake import EventIntake, KnownEvents
from pilotline_edge.forwarding import DeadLetters, Forwarder
from pilotline_edge.journal import Entry, Journal, Samples
from pilotline_edge.journal.decoding import decode
from pilotline_edge.journal.record import encode
from pilotline_edge.link.state import begun
from pilotline_edge.subscription.publication import Publication
from pilotline_historian import EVENTS, ConditionState, Event, Gap, Sample, Series
from pilotline_historian.limits import event_fault
from pilotline_plant import EventSource
from pilotline_plant.reading import read_plant
from tests.edge.agent_process import plant_text
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.plants import machine
from tests.edge.reporting_machine import ReportingMachine, watched
from tests.edge.running import agent, lost, status_of, until

EVER = 2**63 - 1
SECOND_NS = 10**9
MILL = machine("opc.tcp://127.0.0.1:1/machine", [])
HOT = ConditionState("ns=2;i=7", "Hot", True, False, None, True)
EVENT = Event(
    "aarhus", "mill-1", "0a0b", 5 * SECOND_NS, None, "AlarmType", "Spindle", 700, "hot", HOT
)

RECORD_BEFORE_EVENTS = bytes.fromhex(
    "beed8d220001030000000100000035000000010000000200000003000000000064a7b3b6e00d010064a7b3b6e00d"
    "020064a7b3b6e00d0500000000000000000000000000008000000000000000000000000000003180000000000100"
    "06000000000000f83f04000000486f6c645b5b22616172687573222c20226d696c6c2d31222c206e756c6c2c2031"
    "2c20322c2022636f6e6e656374696f6e2d6c6f7374225d5d"
)


def _messages(historian: MemoryHistorian) -> list[str]:
    return [event.message for event in historian.events("mill-1", 0, EVER)]


def _event_gaps(historian: MemoryHistorian) -> list[Gap]:
    return [gap for gap in historian.gaps("mill-1", 0, EVER) if gap.tag == EVENTS]


def _with_a_machine(
    work: Callable[[ReportingMachine, MemoryHistorian], Awaitable[None]],
) -> MemoryHistorian:
    async def run() -> MemoryHistorian:
        historian = MemoryHistorian()
        async with ReportingMachine(("a",)) as mill:
            await work(mill, historian)
        return historian

    return asyncio.run(run())


async def _reads(historian: MemoryHistorian, gaps: int = 1) -> None:
    await until(lambda: len(_event_gaps(historian)) >= gaps)


def test_an_alarm_reaches_the_historian_with_its_state(tmp_path: Path) -> None:
    async def work(mill: ReportingMachine, historian: MemoryHistorian) -> None:
        async with agent(watched(mill.url), historian, tmp_path):
            await _reads(historian)
            await mill.report(100, "door opened\n<script>")
            await mill.alarm("too hot", active=True)
            await until(lambda: len(historian.happened) == 2)
            await until(lambda: status_of(tmp_path)["conditions"] == 1)
            await mill.alarm("cool again", active=False)
            await until(lambda: len(historian.happened) == 3)
            await until(lambda: status_of(tmp_path)["conditions"] == 0)

    historian = _with_a_machine(work)
    door, hot, cool = historian.events("mill-1", 0, EVER)
    assert (door.message, door.severity, door.condition) == ("door opened\n<script>", 100, None)
    assert (hot.type_name, hot.source_name, hot.severity) == ("AlarmConditionType", "Spindle", 700)
    told = ConditionState("nsu=urn:pilotline:test;i=7", "Overtemperature", True, False, None, True)
    assert hot.condition == told
    assert cool.condition == replace(told, active=False, retain=False)
    (gap,) = _event_gaps(historian)
    assert gap.cause == "agent-started"


def test_what_is_reported_while_the_agent_is_away_is_not_lost(tmp_path: Path) -> None:
    async def work(mill: ReportingMachine, historian: MemoryHistorian) -> None:
        async with agent(watched(mill.url), historian, tmp_path):
            await _reads(historian)
            await until(lambda: status_of(tmp_path).get("connected") is True)
            await mill.report(500, "before")
            await until(lambda: len(historian.happened) == 1)
        await mill.report(500, "meanwhile")
        async with agent(watched(mill.url), historian, tmp_path):
            await until(lambda: len(historian.happened) == 2)
            await mill.report(500, "after")
            await until(lambda: len(historian.happened) == 3)

    historian = _with_a_machine(work)
    assert _messages(historian) == ["before", "meanwhile", "after"]
    assert [gap.cause for gap in _event_gaps(historian)] == ["agent-started"]


def test_a_restarted_server_leaves_a_declared_gap_in_the_events(tmp_path: Path) -> None:
    async def work(mill: ReportingMachine, historian: MemoryHistorian) -> None:
        async with agent(watched(mill.url), historian, tmp_path):
            await _reads(historian)
            await mill.report(500, "before")
            await until(lambda: len(historian.happened) == 1)
            await mill.stop()
            await mill.start()
            await mill.report(500, "unheard")
            await _reads(historian, 2)
            await mill.report(500, "after")
            await until(lambda: len(historian.happened) == 2)

    historian = _with_a_machine(work)
    assert _messages(historian) == ["before", "after"]
    before, after = historian.events("mill-1", 0, EVER)
    _, restart = _event_gaps(historian)
    assert restart.cause == "server-restarted"
    assert before.time_ns <= restart.end_ns < after.time_ns


def test_a_plant_file_without_events_ends_them_with_a_gap(tmp_path: Path) -> None:
    async def work(mill: ReportingMachine, historian: MemoryHistorian) -> None:
        file = tmp_path / "plant.toml"
        _write_plant(file, mill.url, "events = true")
        async with agent(read_plant(file), historian, tmp_path / "data", plant_file=file):
            await _reads(historian)
            _write_plant(file, mill.url, "events = false")
            await _reads(historian, 2)
            _write_plant(file, mill.url, "events = { min_severity = 600 }")
            await until(lambda: len(_event_gaps(historian)) == 3)
            await mill.report(500, "mild")
            await mill.report(600, "severe")
            await until(lambda: len(historian.happened) == 1)

    historian = _with_a_machine(work)
    assert _messages(historian) == ["severe"]
    causes = [gap.cause for gap in _event_gaps(historian)]
    assert causes == ["agent-started", "plant-changed", "plant-changed"]


def _write_plant(file: Path, url: str, events: str) -> None:
    file.write_text(plant_text({"mill-1": url}, ("a",)) + f"{events}\n")


# -- what a hostile machine sends ---------------------------------------------------------------

_anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(alphabet='\ud800\udcff\n,= "\\'),
    st.binary(max_size=200),
    st.datetimes(),
    st.builds(ua.LocalizedText, st.text()),
    st.builds(lambda text: ua.NodeId(text, ua.Int16(1)), st.text(min_size=1)),
    st.builds(lambda number: ua.NodeId(ua.Int32(number)), st.integers(0, 2**31)),
    st.just("x" * 100_000),
    st.lists(st.integers(), max_size=3),
)


@given(st.lists(_anything, max_size=len(CLAUSES) + 3))
def test_whatever_a_machine_sends_becomes_an_event_that_every_store_takes(
    fields: list[object],
) -> None:
    event = event_of(tuple(fields), MILL, ("http://opcfoundation.org/UA/", "urn:x;%\n"), 77)
    assert event_fault(event) is None
    assert len(event.message) <= 4_000


def _fields(**known: object) -> tuple[object, ...]:
    return tuple(known.get("/".join(clause.path) or "Node") for clause in CLAUSES)


def test_events_without_an_id_are_told_apart_and_each_is_one() -> None:
    one, other = _fields(Message=ua.LocalizedText("a")), _fields(Message=ua.LocalizedText("b"))
    ids = [event_of(fields, MILL, (), 77).event_id for fields in (one, other, one)]
    assert ids[0] == ids[2] != ids[1]


def test_a_condition_without_a_node_id_is_known_by_source_and_name() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    event = event_of(
        _fields(Retain=True, SourceName="Spindle", ConditionName="Hot", Severity=0, Time=at),
        MILL,
        (),
        77,
    )
    assert event.condition == ConditionState("Spindle/Hot", "Hot", None, None, None, True)
    assert (event.severity, event.time_ns) == (1, int(at.timestamp()) * SECOND_NS)


@pytest.mark.parametrize("control", list(Control))
def test_events_about_the_stream_are_none_of_the_machine(control: Control) -> None:
    kind = ua.NodeId(ua.Int32(int(control)))
    assert control_of(_fields(EventType=kind)) is control
    assert control_of(_fields(EventType=ua.NodeId(kind.Identifier, ua.Int16(2)))) is None
    assert control_of(()) is None


# -- conditions ---------------------------------------------------------------------------------


def test_what_a_refresh_does_not_tell_has_vanished_and_is_closed() -> None:
    other = replace(EVENT, condition=replace(HOT, id="ns=2;i=8"), event_id="0c")
    conditions = Conditions([EVENT, other])
    conditions.refresh_starts()
    assert not conditions.take(replace(EVENT, event_id="ff"))
    (closed,) = conditions.refresh_ends(9 * SECOND_NS)
    assert closed.condition == replace(HOT, id="ns=2;i=8", active=False, retain=False)
    assert (closed.type_name, closed.time_ns) == (VANISHED, 9 * SECOND_NS)
    assert conditions.standing == [EVENT]


def test_a_refresh_of_which_something_was_lost_closes_nothing() -> None:
    conditions = Conditions([EVENT])
    conditions.refresh_starts()
    conditions.refresh_broken()
    assert conditions.refresh_ends(9 * SECOND_NS) == []
    assert conditions.standing == [EVENT]


def test_a_refresh_tells_what_changed_meanwhile() -> None:
    conditions = Conditions([EVENT])
    conditions.refresh_starts()
    worse = replace(EVENT, time_ns=6 * SECOND_NS, severity=900, event_id="0c")
    assert conditions.take(worse)
    assert conditions.refresh_ends(9 * SECOND_NS) == []
    assert conditions.standing == [worse]


def test_an_older_state_sent_again_does_not_replace_the_newest() -> None:
    conditions = Conditions()
    ended = replace(EVENT, time_ns=6 * SECOND_NS, condition=replace(HOT, active=False))
    assert conditions.take(ended)
    assert conditions.take(EVENT)
    assert conditions.standing == [ended]


def test_conditions_beyond_measure_are_not_followed() -> None:
    conditions = Conditions()
    for number in range(MOST_CONDITIONS + 50):
        assert conditions.take(replace(EVENT, condition=replace(HOT, id=f"ns=2;i={number}")))
    assert len(conditions.standing) == MOST_CONDITIONS


def test_operators_are_told_what_holds_now_the_most_severe_first() -> None:
    over = replace(EVENT, condition=replace(HOT, id="over", active=False))
    branch = replace(EVENT, condition=replace(HOT, id="ns=2;i=7#1"))
    worse = replace(EVENT, condition=replace(HOT, id="worse"), severity=900)
    plain = replace(EVENT, condition=replace(HOT, id="plain", active=None), severity=100)
    conditions = Conditions([EVENT, over, branch, plain])
    assert [row[0] for row in conditions.holding()] == ["ns=2;i=7", "plain"]
    conditions.take(worse)
    assert [row[0] for row in conditions.holding()] == ["worse", "ns=2;i=7", "plain"]
    assert conditions.holding()[1] == ("ns=2;i=7", "Hot", "Spindle", 700, "hot", 5 * SECOND_NS)


# -- coverage -----------------------------------------------------------------------------------


def test_a_loss_reaches_from_what_was_known_to_the_new_beginning() -> None:
    coverage = EventCoverage("aarhus", "mill-1", 0)
    coverage.received(10 * SECOND_NS, True, [])
    coverage.received(20 * SECOND_NS, False, [])
    coverage.lost(Cause.CONNECTION_LOST)
    coverage.lost(Cause.SERVER_RESTARTED)
    coverage = EventCoverage.from_json(
        "aarhus", "mill-1", json.loads(json.dumps(coverage.to_json()))
    )
    (gap,) = coverage.began(30 * SECOND_NS)
    known_ns = 10 * SECOND_NS - 100_000_000
    assert gap == Gap("aarhus", "mill-1", EVENTS, known_ns, 30 * SECOND_NS, "connection-lost")
    assert coverage.began(31 * SECOND_NS) == []


def test_a_machine_that_reports_late_is_known_less_far() -> None:
    coverage = EventCoverage("aarhus", "mill-1", 0)
    coverage.received(10 * SECOND_NS, True, [])
    coverage.received(11 * SECOND_NS, True, [7 * SECOND_NS])
    (gap,) = coverage.missing(20 * SECOND_NS, Cause.MESSAGES_LOST)
    assert gap.start_ns == 10 * SECOND_NS - 100_000_000
    coverage.received(12 * SECOND_NS, True, [])
    assert coverage.known_ns == gap.start_ns
    coverage.received(20 * SECOND_NS, True, [])
    assert coverage.known_ns == 14 * SECOND_NS - 100_000_000


# -- messages -----------------------------------------------------------------------------------


class _Subscription:
    """Stands for the event subscription of a session that is connected."""

    key, made_ns, queue = -1, 5, 3

    class session:  # noqa: N801 - an attribute
        facts = None


def _intake(journal: Journal, source: EventSource | None = None) -> EventIntake:
    known = KnownEvents(EventCoverage("aarhus", "mill-1", 0), Conditions(), {})
    return EventIntake(MILL, source or EventSource(), known, journal, begun("mill-1"))


def _publication(*events: tuple[object, ...], at_s: int = 10, sequence: int = 1) -> Publication:
    return Publication(1, sequence, at_s * SECOND_NS, False, [], None, events)


def _taken_by(intake: EventIntake, publication: Publication) -> list[Gap]:
    """Let an intake take a message and return the gaps it declares."""
    before = intake.state.gaps
    intake.store(_Subscription(), publication, [], replayed=False)  # type: ignore[arg-type]
    last = intake.state.last_gap
    return [last] if intake.state.gaps > before and last is not None else []


def _control(control: Control) -> tuple[object, ...]:
    return _fields(EventType=ua.NodeId(ua.Int32(int(control))))


def test_an_overflow_is_a_declared_gap_and_a_reason_to_ask_again(journal: Journal) -> None:
    async def work() -> None:
        intake = _intake(journal)
        assert _taken_by(intake, _publication(at_s=10)) == []
        intake.refresh_wanted.clear()
        (gap,) = _taken_by(intake, _publication(_control(Control.QUEUE_OVERFLOW), at_s=20))
        assert (gap.tag, gap.cause) == (EVENTS, "queue-overflow")
        assert (gap.start_ns, gap.end_ns) == (10 * SECOND_NS - 100_000_000, 20 * SECOND_NS)
        assert intake.refresh_wanted.is_set()

    asyncio.run(work())


def test_as_many_events_as_the_queue_holds_count_as_an_overflow(journal: Journal) -> None:
    async def work() -> None:
        intake = _intake(journal)
        two = [_fields(EventId=bytes([number])) for number in (1, 2)]
        assert _taken_by(intake, _publication(*two, at_s=10)) == []
        three = [_fields(EventId=bytes([number])) for number in (3, 4, 5)]
        (gap,) = _taken_by(intake, _publication(*three, at_s=20, sequence=2))
        assert gap.cause == "queue-overflow"
        assert intake.state.events == 5
        assert intake.taken == {-1: (5, 3)}

    asyncio.run(work())


def test_a_server_that_wants_a_refresh_gets_it_and_its_answer_is_no_news(journal: Journal) -> None:
    async def work() -> None:
        intake = _intake(journal)
        hot = _fields(EventId=b"1", Retain=True, ConditionName="Hot", **{"ActiveState/Id": True})
        _taken_by(intake, _publication(hot, at_s=10))
        intake.refresh_wanted.clear()
        _taken_by(intake, _publication(_control(Control.REFRESH_REQUIRED), at_s=11))
        assert intake.refresh_wanted.is_set()
        frame = (_control(Control.REFRESH_STARTS), _control(Control.REFRESH_ENDS))
        told = (*hot[:3], datetime.fromtimestamp(10, UTC), *hot[4:])
        _taken_by(intake, _publication(frame[0], told, at_s=12))
        _taken_by(intake, _publication(frame[1], at_s=13))
        assert intake.state.events == 1
        assert len(intake.conditions.holding()) == 1
        _taken_by(intake, _publication(frame[0], frame[1], at_s=14))
        assert intake.state.events == 2
        assert intake.conditions.holding() == []

    asyncio.run(work())


def test_messages_lost_in_a_refresh_close_nothing(journal: Journal) -> None:
    async def work() -> None:
        intake = _intake(journal)
        hot = _fields(EventId=b"1", Retain=True, ConditionName="Hot", **{"ActiveState/Id": True})
        _taken_by(intake, _publication(hot, _control(Control.REFRESH_STARTS), at_s=10))
        (gap,) = intake.missing(12 * SECOND_NS, Cause.MESSAGES_LOST)
        assert gap.cause == "messages-lost"
        _taken_by(intake, _publication(_control(Control.REFRESH_ENDS), at_s=13))
        assert len(intake.conditions.holding()) == 1

    asyncio.run(work())


def test_a_server_without_room_for_events_is_still_read(tmp_path: Path) -> None:
    async def work(mill: ReportingMachine, historian: MemoryHistorian) -> None:
        mill.refuse_subscriptions_from(2)
        async with agent(watched(mill.url), historian, tmp_path):
            await until(lambda: EVENTS in status_of(tmp_path).get("bad_tags", {}))
            sent = await mill.write("a", 7.0)
            await until(lambda: lost([sent], historian) == [])
            assert status_of(tmp_path)["connected"] is True
            await asyncio.sleep(3.0)
            assert status_of(tmp_path)["reconnects"] == 0

    historian = _with_a_machine(work)
    assert _event_gaps(historian) == []


# -- journal and delivery -----------------------------------------------------------------------


def test_records_of_releases_without_events_are_still_read() -> None:
    series = {number: Series("aarhus", "mill-1", f"tag-{number}") for number in (1, 2, 3)}
    content = decode(RECORD_BEFORE_EVENTS, series)
    assert content.samples == [
        Sample(series[1], 10**18, 1.5, 0, 10**18 + 5),
        Sample(series[2], 10**18 + 1, None, 0x80310000, None),
        Sample(series[3], 10**18 + 2, "Hold", 0, 10**18 + 2),
    ]
    assert content.gaps == [Gap("aarhus", "mill-1", None, 1, 2, "connection-lost")]
    assert list(content.events) == []


@given(st.text(max_size=50), st.booleans(), st.sampled_from([None, True, False]))
def test_a_record_gives_its_events_back(
    message: str, conditional: bool, active: bool | None
) -> None:
    event = replace(EVENT, message=message, condition=replace(HOT, active=active))
    event = event if conditional else replace(event, condition=None, received_ns=3)
    gap = Gap("aarhus", "mill-1", EVENTS, 1, 2, "connection-lost")
    content = decode(encode(Samples(), [gap], [event, EVENT]), {})
    assert (content.samples, content.gaps, list(content.events)) == ([], [gap], [event, EVENT])


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "journal.sqlite", [])
    yield opened
    opened.close()


def test_an_event_that_the_historian_never_takes_becomes_a_dead_letter(
    journal: Journal, tmp_path: Path
) -> None:
    bad = replace(EVENT, message="planted", event_id="0c")

    async def keep() -> None:
        entry: dict[str, Any] = {"events": [EVENT, bad], "coverage_key": "mill-1/edge.events"}
        await journal.append(Entry("aarhus", "mill-1", 1, Samples(), (), "{}", **entry))

    asyncio.run(keep())
    historian = MemoryHistorian(reject_events=frozenset({"planted"}))
    letters = tmp_path / "dead-letters.jsonl"
    forwarding = Forwarder(journal, historian, DeadLetters(letters), Backoff(0.5, 60.0))
    forwarding.step()
    assert list(historian.happened.values()) == [EVENT]
    (letter,) = map(json.loads, letters.read_text().splitlines())
    assert (letter["event"]["event_id"], letter["reason"]) == ("0c", "planted")
    assert journal.size.records == 0
    assert (forwarding.state.events, forwarding.state.rejected) == (1, 1)
    assert forwarding.stop(1.0)


def test_events_waiting_for_the_historian_are_delivered_a_batch_at_a_time(
    journal: Journal, tmp_path: Path
) -> None:
    async def keep() -> None:
        for first in range(0, 12_000, 100):
            events = [replace(EVENT, event_id=f"{first + i:06x}") for i in range(100)]
            await journal.append(Entry("aarhus", "mill-1", 1, Samples(), (), "{}", events=events))

    asyncio.run(keep())
    historian = MemoryHistorian()
    forwarding = Forwarder(
        journal, historian, DeadLetters(tmp_path / "x.jsonl"), Backoff(0.5, 60.0)
    )
    for delivered in (5_000, 10_000, 12_000):
        forwarding.step()
        assert len(historian.happened) == delivered
    assert forwarding.stop(1.0)


def test_a_severity_too_low_is_no_reason_to_miss_the_end_of_an_alarm(tmp_path: Path) -> None:
    async def work(mill: ReportingMachine, historian: MemoryHistorian) -> None:
        source = EventSource(min_severity=500)
        async with agent(watched(mill.url, source), historian, tmp_path):
            await _reads(historian)
            await mill.alarm("mild", active=True, severity=499)
            await mill.alarm("severe", active=True, severity=500)
            await mill.alarm("over", active=False, severity=1)
            await until(lambda: len(historian.happened) == 2)

    assert _messages(_with_a_machine(work)) == ["severe", "over"]
