"""A tag that is read no more is closed by a gap from what is known of it."""

from pilotline_edge.cause import Cause
from pilotline_edge.link.coverage import Coverage
from pilotline_historian import Gap

MS = 1_000_000
START = 1_700_000_000_000 * MS
GROUPS = {"speed": 100, "state": 100, "power": 500}
NOW = START + 60_000 * MS


def settled() -> Coverage:
    """Return a coverage of three tags that have all been heard."""
    coverage = Coverage("aarhus", "mill-1", GROUPS, {100: 50, 500: 100})
    coverage.begin(START)
    for group in (100, 500):
        tags = [tag for tag, of in GROUPS.items() if of == group]
        coverage.received(group, START + MS, True, [(tag, START + MS, 0) for tag in tags])
    return coverage


def gap(tag: str | None, start_ms: int, end_ns: int, cause: str) -> Gap:
    return Gap("aarhus", "mill-1", tag, START + start_ms * MS, end_ns, cause)


def test_one_tag_ends_where_it_was_last_known_and_the_others_go_on() -> None:
    coverage = settled()
    coverage.received(100, None, True, [("state", START + 5000 * MS, 0)])
    assert coverage.retire(["state"], NOW, Cause.PLANT_CHANGED) == [
        gap("state", 5000, NOW, "plant-changed")
    ]
    assert set(coverage.to_json()["last"]) == {"speed", "power"}
    assert coverage.received(100, NOW, True, [("speed", NOW, 0)]) == []


def test_a_whole_machine_ends_with_one_gap() -> None:
    coverage = settled()
    assert coverage.retire(list(GROUPS), NOW, Cause.PLANT_CHANGED) == [
        gap(None, 1, NOW, "plant-changed")
    ]
    assert not coverage.unsettled


def test_a_tag_that_waited_after_a_loss_ends_with_that_loss() -> None:
    coverage = settled()
    coverage.lost(GROUPS, Cause.CONNECTION_LOST)
    assert coverage.retire(["state"], NOW, Cause.PLANT_CHANGED) == [
        gap("state", 1, NOW, "connection-lost")
    ]
    first = coverage.received(100, NOW, True, [("speed", START + 900 * MS, 0)])
    assert first == []
    shared = coverage.received(500, NOW, True, [("power", START + 950 * MS, 0)])
    assert shared == [gap(None, 1, START + 950 * MS, "connection-lost")]


def test_a_tag_already_heard_after_a_loss_keeps_its_part_of_it() -> None:
    coverage = settled()
    coverage.lost(GROUPS, Cause.CONNECTION_LOST)
    coverage.received(100, None, True, [("state", START + 900 * MS, 0)])
    assert coverage.retire(["state"], NOW, Cause.PLANT_CHANGED) == [
        gap("state", 1, START + 900 * MS, "connection-lost"),
        gap("state", 900, NOW, "plant-changed"),
    ]


def test_the_last_tag_that_is_waited_for_settles_the_loss_of_the_others() -> None:
    coverage = settled()
    coverage.lost(GROUPS, Cause.CONNECTION_LOST)
    coverage.received(100, NOW, True, [("state", START + 900 * MS, 0)])
    coverage.received(100, NOW, True, [("speed", START + 800 * MS, 0)])
    assert coverage.retire(["power"], NOW, Cause.PLANT_CHANGED) == [
        gap("power", 1, NOW, "connection-lost"),
        gap(None, 1, START + 900 * MS, "connection-lost"),
    ]
    assert not coverage.unsettled


def test_a_tag_that_was_silent_since_long_ends_with_its_own_loss() -> None:
    coverage = settled()
    coverage.lost(GROUPS, Cause.SERVER_RESTARTED)
    coverage.received(100, NOW, True, [("speed", START + 900 * MS, 0)])
    coverage.settle()
    gaps = coverage.retire(["power"], NOW, Cause.PLANT_CHANGED)
    began = START + MS - 1  # not at the instant at which the loss of the others is said to begin
    assert gaps == [Gap("aarhus", "mill-1", "power", began, NOW, "server-restarted")]
