"""What the historian's commands print is read whole by a person, also in eighty columns."""

from collections.abc import Sequence
from io import StringIO

import pytest
from rich.console import Console

from pilotline.commands.historian_table import readable

GAP = ("site", "machine", "tag", "start", "end", "seconds", "cause")
NIGHT = "2026-11-22T23:59:58.123456789Z"
MORNING = "2026-11-23T06:00:00Z"
EVENT = ("time", "site", "machine", "severity", "source", "message", "type", "condition", "state")


def _printed(
    columns: Sequence[str], *rows: Sequence[str], width: int = 80, title: str = "Gaps"
) -> str:
    out = StringIO()
    console = Console(file=out, width=width)
    for part in readable(title, columns, rows, console):
        console.print(part)
    assert max(map(len, out.getvalue().splitlines())) <= width
    assert "…" not in out.getvalue(), "nothing is cut"
    return out.getvalue()


def test_a_gap_is_one_line_of_eighty_columns() -> None:
    lost = ("aarhus", "mill-1", "", NIGHT, MORNING, "21601.877", "connection-lost")
    text = _printed(GAP, lost)
    (line,) = (line for line in text.splitlines() if "connection-lost" in line)
    assert line.split() == [
        "mill-1", "2026-11-22", "23:59:58", "2026-11-23", "06:00:00", "6", "h", "0", "min",
        "connection-lost",
    ]  # fmt: skip
    assert "times are UTC" in text


def test_a_date_is_not_said_twice_in_a_line() -> None:
    text = _printed(GAP, ("a", "mill-1", "x", MORNING, "2026-11-23T06:00:01Z", "1", "disk-full"))
    assert " 06:00:01 " in text
    assert text.count("2026-11-23") == 1


def test_the_site_is_told_where_there_are_several() -> None:
    rows = [(site, "mill-1", "", NIGHT, MORNING, "1", "disk-full") for site in ("aarhus", "lyon")]
    assert "lyon" in _printed(GAP, *rows)
    assert "aarhus" not in _printed(GAP, rows[0])


def test_nothing_found_is_said_in_words() -> None:
    told = _printed(GAP, title=f"Gaps from {NIGHT} to {MORNING}")
    assert told == "Gaps from 2026-11-22 23:59:58.123 to 2026-11-23 06:00:00: none\n"


def test_what_fits_no_table_gets_a_line_for_each_field() -> None:
    alarm = (
        NIGHT, "aarhus", "moulding-machine-17", "700", "Zone 3 heater", "Overtemperature in zone 3",
        "ExclusiveLimitAlarmType", "Overtemperature", "active, unacknowledged",
    )  # fmt: skip
    told = _printed(EVENT, alarm, width=60)
    assert "Message    Overtemperature in zone 3" in told
    assert "Time       2026-11-22 23:59:58.123" in told


@pytest.mark.parametrize(("status", "word"), [("0x00000000", ""), ("2147483648", "Bad 0x80000000")])
def test_a_status_code_is_a_word_unless_all_is_well(status: str, word: str) -> None:
    text = _printed(("source_time", "value", "status"), (MORNING, "1.5", status))
    assert word in text
    assert ("Status" in text) == bool(word)
