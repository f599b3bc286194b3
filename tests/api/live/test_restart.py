"""A restarted API: what was known is shown, what was open stays open, nothing is doubled."""

import time
from pathlib import Path
from typing import Any

from pilotline_api.accounts.models import Role
from pilotline_historian import Sample, Series
from tests.api.live.floor import GOOD, body
from tests.api.live.running import RunningApi, running, stream, value_of


def say(api: RunningApi, value: float) -> None:
    values = [("mixer-1", "speed", time.time_ns(), value, GOOD)]
    assert api.push(body(values, {"mixer-1": True})).status_code == 204


def speed_alarms(api: RunningApi) -> list[dict[str, Any]]:
    items = api.browser(Role.OPERATOR).get("/alarms", params={"limit": 200}).json()["items"]
    return [each for each in items if each["tag"] == "speed"]


def test_the_newest_stored_values_show_before_the_edge_has_spoken(tmp_path: Path) -> None:
    stored_ns = time.time_ns() - 60 * 10**9
    with running(tmp_path) as api:
        api.services.historian.write(
            [
                Sample(Series("bench", "mixer-1", "speed"), stored_ns, 12.5, GOOD, None),
                Sample(Series("bench", "mixer-1", "state"), stored_ns, 6, GOOD, None),
            ]
        )
    with running(tmp_path) as api, stream(api.browser(Role.OPERATOR)) as reader:
        frame = reader.next("snapshot")
        while value_of(frame, "mixer-1", "speed") is None:
            frame = reader.next("live")
        mixer = frame["machines"]["mixer-1"]

    assert mixer["values"]["speed"] == [12.5, stored_ns // 10**6, "good"]
    assert mixer["state"] == "Execute"
    assert not mixer.get("connected")


def test_an_alarm_stays_open_over_a_restart_and_clears_when_its_condition_ends(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as api:
        say(api, 400.0)
    with running(tmp_path) as api:
        [before] = speed_alarms(api)
        assert before["cleared_at"] is None

        with stream(api.browser(Role.OPERATOR)) as reader:
            reader.next("snapshot")
            say(api, 401.0)
            say(api, 0.0)
            while reader.next("alarm")["id"] != before["id"]:
                pass

        [after] = speed_alarms(api)
    assert after["id"] == before["id"]
    assert after["cleared_at"] is not None


def test_an_alarm_that_began_while_the_api_was_down_rises_when_the_edge_is_back(
    tmp_path: Path,
) -> None:
    over = ("mixer-1", "speed", time.time_ns(), 400.0, GOOD)
    with running(tmp_path) as api:
        api.services.historian.write(
            [Sample(Series("bench", "mixer-1", "speed"), over[2], 400.0, GOOD, None)]
        )
    with running(tmp_path) as api, stream(api.browser(Role.OPERATOR)) as reader:
        frame = reader.next("snapshot")
        while value_of(frame, "mixer-1", "speed") is None:
            frame = reader.next("live")
        assert speed_alarms(api) == []

        api.push(body([over], {"mixer-1": True}))

        while reader.next("alarm")["tag"] != "speed":
            pass
        assert len(speed_alarms(api)) == 1


def test_what_rose_just_before_the_end_is_kept(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        say(api, 400.0)
        api.server.should_exit = True
    with running(tmp_path) as api:
        assert len(speed_alarms(api)) == 1
