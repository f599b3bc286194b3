"""An operator reads from the status what is wrong, since when, and why."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pilotline.commands.edge_status import duration, pages
from pilotline.main import app
from pilotline_edge.status.status import write_status
from tests.edge.told import NOW, ago, machine, status


def text_of(told: dict[str, Any], width: int = 120) -> str:
    out = StringIO()
    console = Console(width=width, file=out)
    for page in pages(told, NOW):
        console.print(page)
    return out.getvalue()


def test_each_machine_has_a_line_with_what_an_operator_asks_for() -> None:
    mill = machine(
        "mill-1",
        gaps=3,
        last_gap={
            "tag": "a",
            "start": ago(hours=2),
            "end": ago(hours=1),
            "cause": "queue-overflow",
        },
        last_healed={"by": "republished", "at": ago(hours=1)},
        clock_skew_s=-3601.2,
    )
    (line,) = (line for line in text_of(status(mill)).splitlines() if "mill-1" in line)
    for word in ("3 h 12 min", "412.5", "0.11 s", "-1 h", "3", "queue-overflow", "republished"):
        assert word in line


def test_twenty_four_machines_fit_a_terminal_without_a_cut() -> None:
    machines = [machine(f"mill-{number:02d}") for number in range(24)]
    text = text_of(status(*machines))
    assert "24 of 24 machines connected" in text
    assert "…" not in text
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize("width", range(80, 130, 7))
def test_a_narrow_terminal_cuts_words_but_no_figure(width: int) -> None:
    mill = machine(
        "pasteuriser-hall-b-1",
        gaps=4127,
        values_per_s=61_412.5,
        clock_skew_s=-48.2,
        bad_tags=dict.fromkeys(["a", "b"], "refused"),
        last_gap={"tag": None, "start": ago(days=1), "end": ago(), "cause": "server-restarted"},
        last_healed={"by": "republished", "at": ago()},
    )
    (line, *_) = (line for line in text_of(status(mill), width).splitlines() if "3 h 12" in line)
    for figure in ("3 h 12 min", "61,412.5", "0.11 s", "-48 s", "2/42", "4127"):
        assert f" {figure} " in line


def test_what_is_wrong_is_named_with_its_reason() -> None:
    away = machine("oven-1", connected=False, since=ago(minutes=5), cause="no route to host")
    refused = machine("mill-1", bad_tags={"speed": "the server refuses it: BadNodeIdUnknown"})
    text = text_of(status(away, refused))
    assert "away 5 min" in text
    assert "no route to host" in text
    assert "1/42" in text
    assert "BadNodeIdUnknown" in text
    assert "What needs a look" not in text_of(status(machine("mill-1")))


def test_what_is_polled_for_want_of_a_subscription_is_told_once_for_all_tags() -> None:
    reading = {
        "subscribed": 30,
        "polled": 12,
        "polled_instead": {"the server has no more than 30 monitored items": 12},
        "remarks": {"flow": "its deadband_percent is not applied"},
    }
    text = text_of(status(machine("mill-1", reading=reading)))
    assert "12 tags" in text
    assert "no more than 30 monitored items" in text
    assert "its deadband_percent is not applied" in text


def test_which_of_several_servers_is_read_and_what_ails_the_others_is_told() -> None:
    first, second = "opc.tcp://192.168.1.20:4840", "opc.tcp://192.168.1.21:4840"
    servers = [
        {"url": first, "in_use": False, "service_level": None, "problem": "does not answer"},
        {"url": second, "in_use": True, "service_level": 120, "problem": None},
    ]
    text = text_of(status(machine("mill-1", endpoint=second, servers=servers)))
    assert "mill-1 2/2" in text
    assert f"{first}: does not answer" in text
    assert f"{second} has service level 120 of 255" in text


def test_a_historian_that_is_away_tells_since_when_and_when_it_is_asked_again() -> None:
    told = status(machine("mill-1"))
    told["historian"] |= {
        "problem": "connection refused",
        "problem_since": ago(minutes=12),
        "next_attempt": (NOW + timedelta(seconds=31)).isoformat(),
        "rejected": 3,
    }
    told["journal"] |= {"samples": 7_200_311, "oldest_s": 721.0}
    text = " ".join(text_of(told).split())
    assert "away for 12 min, tried again in 31 s: connection refused" in text
    assert "3 rejected" in text
    assert "7,200,311 values wait" in text
    assert "the oldest for 12 min 1 s" in text


def test_priorities_that_a_journal_no_longer_takes_are_told() -> None:
    told = status(machine("mill-1"))
    told["journal"]["held"] = ["low", "normal"]
    text = " ".join(text_of(told).split())
    assert "takes nothing from machines of priority low and normal" in text


def test_conditions_that_hold_and_outages_that_wait_for_history_are_told() -> None:
    told = status(machine("mill-1", conditions=2), machine("mill-2", gaps_waiting=1))
    text = " ".join(text_of(told).split())
    assert "2 conditions hold; `pilotline historian events mill-1` tells which" in text
    assert "1 outage waits for what the machine itself recorded" in text


def test_a_write_that_hangs_is_told() -> None:
    told = status(machine("mill-1"))
    told["historian"]["writing_since"] = ago(seconds=44)
    assert "has not answered a write for 44 s" in text_of(told)


def test_a_refused_plant_file_and_an_agent_that_is_not_ready_are_told() -> None:
    told = status(machine("mill-1"), not_ready="the journal takes nothing (disk-full)")
    told["plant_file"]["problem"] = "plant.toml:7: unknown key\nplant.toml:9: another"
    text = text_of(told)
    assert "not ready: the journal takes nothing (disk-full)" in text
    assert "refused: plant.toml:7: unknown key" in text


@pytest.mark.parametrize(
    ("stopped", "words"),
    [(False, ("no agent runs", "4711", "not stopped properly")), (True, ("stopped", "ago"))],
)
def test_a_stale_status_is_not_taken_for_a_running_agent(
    tmp_path: Path, stopped: bool, words: tuple[str, ...]
) -> None:
    told = status(machine("mill-1"), stopped=stopped)
    for only_read in ("running", "age_s"):
        del told[only_read]
    write_status(tmp_path, told)
    asked = CliRunner().invoke(app, ["edge", "status", "--data", str(tmp_path)])
    assert asked.exit_code == 1
    text = " ".join(asked.output.split())
    for word in words:
        assert word in text
    assert "mill-1" in text


def test_a_status_of_an_older_agent_is_named_instead_of_failing(tmp_path: Path) -> None:
    told = status(machine("mill-1"))
    del told["plant_file"]
    write_status(tmp_path, told)
    asked = CliRunner().invoke(app, ["edge", "status", "--data", str(tmp_path)])
    assert asked.exit_code == 1
    assert "older agent" in asked.output


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.416, "0.42 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (605, "10 min 5 s"),
        (3 * 3600 + 12 * 60 + 5, "3 h 12 min"),
        (3600, "1 h"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text
