"""History over HTTP: who may read it, and what it says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from pilotline_api.accounts.models import Role
from pilotline_historian import Gap, HistorianRefused, HistorianUnavailable, Sample, Series, Value
from tests.api.live.running import RunningApi
from tests.edge.memory_historian import MemoryHistorian

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
BAD = 0x8000_0000


def ns(instant: datetime) -> int:
    return int(instant.timestamp()) * 10**9


def sample(tag: str, at: datetime, value: Value | None, status: int = 0) -> Sample:
    return Sample(Series("bench", "mixer-1", tag), ns(at), value, status, None)


@pytest.fixture(scope="module", autouse=True)
def _stored(module_api: RunningApi) -> None:
    samples = [sample("speed", START + timedelta(seconds=s), float(s)) for s in range(7200)]
    samples += [
        sample("state", START - HOUR, 4),
        sample("state", START + HOUR, 6),
        sample("job", START, "<script>alert(1)</script>\n"),
        sample("torque", START + HOUR, 1.5),
        sample("torque", START + 2 * HOUR, None, BAD),
    ]
    module_api.services.historian.write(samples)
    module_api.services.historian.write_gaps(
        [
            Gap(
                "bench",
                "mixer-1",
                None,
                ns(START + HOUR / 4),
                ns(START + HOUR / 2),
                "agent-stopped",
            ),
            Gap("bench", "mixer-1", "torque", ns(START), ns(START + HOUR), "queue-overflow"),
        ]
    )


@pytest.fixture
def operator(api: RunningApi) -> httpx.Client:
    return api.browser(Role.OPERATOR)


def window(hours: float = 4) -> dict[str, Any]:
    return {"start": START.isoformat(), "end": (START + hours * HOUR).isoformat()}


OPERATIONS = ["/machines/{}/history?tag=speed", "/machines/{}/states", "/machines/{}/gaps"]


@pytest.mark.parametrize("path", OPERATIONS)
def test_only_staff_may_read_it(api: RunningApi, path: str) -> None:
    url = httpx.URL(path.format("mixer-1")).copy_merge_params(window())

    assert api.client().get(url).status_code == 401
    assert api.browser(Role.CUSTOMER, "acme").get(url).status_code == 403
    for role in set(Role) - {Role.CUSTOMER}:
        assert api.browser(role).get(url).status_code == 200


@pytest.mark.parametrize("path", OPERATIONS)
def test_a_machine_the_plant_does_not_have_is_not_found(operator: httpx.Client, path: str) -> None:
    for machine in ("ghost", "x" * 65, "%0a"):
        url = httpx.URL(path.format(machine)).copy_merge_params(window())
        assert operator.get(url).status_code == 404


@pytest.mark.parametrize("path", OPERATIONS)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-02T08:00:00Z", "2026-11-02T08:00:00Z"),
        ("2026-11-02T08:00:00Z", "2026-11-01T08:00:00Z"),
        ("2025-01-01T00:00:00Z", "2026-11-01T08:00:00Z"),
        ("2026-11-02T08:00:00", "2026-11-02T09:00:00"),
        ("yesterday", "2026-11-02T09:00:00Z"),
    ],
)
def test_a_senseless_interval_is_refused(
    operator: httpx.Client, path: str, start: str, end: str
) -> None:
    url = httpx.URL(path.format("mixer-1")).copy_merge_params({"start": start, "end": end})

    answer = operator.get(url)

    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_two_hours_of_samples_come_in_the_points_asked_for(operator: httpx.Client) -> None:
    answer = operator.get(
        "/machines/mixer-1/history", params={**window(2), "tag": ["speed", "torque"], "points": 100}
    ).json()

    assert (answer["start"], answer["end"]) == ("2026-11-02T08:00:00Z", "2026-11-02T10:00:00Z")
    speed, torque = answer["series"]
    assert len(speed["t"]) <= 100
    assert (min(speed["min"]), max(speed["max"])) == (0.0, 7199.0)
    assert speed["t"][0] == START.timestamp() * 1000
    assert [gap["cause"] for gap in speed["gaps"]] == ["agent-stopped"]
    assert torque["t"] == [(START + HOUR).timestamp() * 1000]
    assert sorted(gap["cause"] for gap in torque["gaps"]) == ["agent-stopped", "queue-overflow"]


def test_a_bad_sample_breaks_the_line(operator: httpx.Client) -> None:
    [torque] = operator.get(
        "/machines/mixer-1/history", params={**window(), "tag": "torque"}
    ).json()["series"]

    assert torque["last"] == [1.5, None]


def test_hostile_text_comes_back_as_the_same_text(operator: httpx.Client) -> None:
    answer = operator.get("/machines/mixer-1/history", params={**window(), "tag": "job"})

    [job] = answer.json()["series"]
    assert job["last"] == ["<script>alert(1)</script>\n"]
    assert job["min"] == [None]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tag": "colour"},
        {"tag": ["speed", "colour"]},
        {"tag": "speed", "points": 0},
        {"tag": "speed", "points": 4001},
        {"tag": ["speed"] * 51},
    ],
)
def test_a_senseless_query_is_refused(operator: httpx.Client, params: dict[str, Any]) -> None:
    answer = operator.get("/machines/mixer-1/history", params={**window(), **params})

    assert answer.status_code == 422


def test_states_adjoin_and_gaps_are_unknown(operator: httpx.Client) -> None:
    answer = operator.get("/machines/mixer-1/states", params=window(2)).json()

    assert answer == [
        {"state": "Idle", "start": "2026-11-02T08:00:00Z", "end": "2026-11-02T08:15:00Z"},
        {"state": "Unknown", "start": "2026-11-02T08:15:00Z", "end": "2026-11-02T08:30:00Z"},
        {"state": "Idle", "start": "2026-11-02T08:30:00Z", "end": "2026-11-02T09:00:00Z"},
        {"state": "Execute", "start": "2026-11-02T09:00:00Z", "end": "2026-11-02T10:00:00Z"},
    ]


def test_states_end_now_and_are_unknown_since_the_machine_was_lost(
    api: RunningApi, operator: httpx.Client
) -> None:
    now = datetime.now(UTC)
    answer = operator.get(
        "/machines/mixer-1/states",
        params={"start": (now - HOUR).isoformat(), "end": (now + HOUR).isoformat()},
    ).json()

    since = api.live.image.connection("mixer-1").since_ms / 1000
    assert [each["state"] for each in answer] == ["Execute", "Unknown"]
    assert abs(datetime.fromisoformat(answer[1]["start"]).timestamp() - since) < 0.01
    assert abs(datetime.fromisoformat(answer[1]["end"]) - datetime.now(UTC)) < timedelta(seconds=5)


def test_states_of_the_future_are_not_guessed(operator: httpx.Client) -> None:
    tomorrow = datetime.now(UTC) + 24 * HOUR

    answer = operator.get(
        "/machines/mixer-1/states",
        params={"start": tomorrow.isoformat(), "end": (tomorrow + HOUR).isoformat()},
    )

    assert answer.json() == []


def test_gaps_say_which_tag_and_why(operator: httpx.Client) -> None:
    answer = operator.get("/machines/mixer-1/gaps", params=window()).json()

    assert answer == [
        {
            "tag": "torque",
            "start": "2026-11-02T08:00:00Z",
            "end": "2026-11-02T09:00:00Z",
            "cause": "queue-overflow",
        },
        {
            "tag": None,
            "start": "2026-11-02T08:15:00Z",
            "end": "2026-11-02T08:30:00Z",
            "cause": "agent-stopped",
        },
    ]


@pytest.mark.parametrize("path", OPERATIONS)
@pytest.mark.parametrize(
    ("failure", "retry_after"),
    [
        (HistorianUnavailable("down", retry_after_s=7), "7"),
        (HistorianUnavailable("down"), "10"),
        (HistorianRefused("wrong token s3cret"), "60"),
    ],
)
def test_a_historian_that_is_away_is_said_so_and_tells_no_secret(
    api: RunningApi,
    operator: httpx.Client,
    path: str,
    failure: HistorianUnavailable | HistorianRefused,
    retry_after: str,
) -> None:
    url = httpx.URL(path.format("mixer-1")).copy_merge_params(window())
    services = api.services
    try:
        api.app.state.services = replace(services, historian=MemoryHistorian(unreadable=failure))
        answer = operator.get(url)
    finally:
        api.app.state.services = services

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == retry_after
    assert "s3cret" not in answer.text
