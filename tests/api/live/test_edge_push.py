"""Where edge agents push to: who may, what is taken, what is refused."""

import time

import httpx
import pytest
from pydantic import SecretStr

from pilotline_api.accounts.models import Role
from tests.api.live.floor import GOOD, body
from tests.api.live.running import EDGE_TOKEN, RunningApi, running, stream, value_of


def post(api: RunningApi, content: bytes, **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as edge:
        return edge.post(f"{api.address}/api/v1/edge/live", content=content, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {EDGE_TOKEN}"},
        {"Authorization": f"Bearer {EDGE_TOKEN}x"},
        {"Authorization": f"Bearer {EDGE_TOKEN[:-1]}"},
    ],
)
def test_without_the_edge_token_nothing_is_taken(api: RunningApi, headers: dict[str, str]) -> None:
    answer = post(
        api, body([("mixer-1", "speed", time.time_ns(), 1.0, GOOD)]), Origin=api.address, **headers
    )

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "wrong_edge_token"


def test_a_session_is_no_edge_token(api: RunningApi) -> None:
    answer = api.browser(Role.ADMINISTRATOR).post("/edge/live", content=body())

    assert answer.status_code == 401


def test_an_api_without_an_edge_token_refuses_every_agent(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    for token in (None, SecretStr("")):
        with running(tmp_path_factory.mktemp("closed"), edge_token=token) as closed:
            assert post(closed, body(), Authorization="Bearer").status_code == 401
            assert post(closed, body(), Authorization="Bearer None").status_code == 401


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b"\xff"])
def test_what_is_no_push_is_refused_and_says_why(api: RunningApi, content: bytes) -> None:
    answer = api.push(content)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "push" in answer.json()["detail"]


def test_a_wrong_item_is_named_and_counted_and_the_others_are_shown(api: RunningApi) -> None:
    values = [
        ("oven-1", "setpoint", -1, 1.0, GOOD),
        ("oven-1", "temperature", time.time_ns(), 44.5, GOOD),
        *(("press-1", f"t{number}", -1, 1.0, GOOD) for number in range(30)),
    ]

    answer = api.push(body(values))

    assert answer.status_code == 200
    said = answer.json()
    assert said["refused"] == 31
    assert len(said["errors"]) == 20
    assert said["errors"][0]["pointer"] == "/values/0"
    assert said["errors"][0]["message"].startswith("oven-1.setpoint: ")
    with stream(api.browser(Role.OPERATOR)) as reader:
        assert value_of(reader.next("snapshot"), "oven-1", "temperature") == 44.5
    counted = [
        line
        for line in api.client().get("/metrics").text.splitlines()
        if 'outcome="refused"' in line
    ]
    assert any(line.startswith("pilotline_edge_values_total") for line in counted)


def test_a_body_beyond_the_limit_is_refused(api: RunningApi) -> None:
    assert api.push(b" " * 1_000_001).status_code == 413


def test_a_thousand_values_are_taken_at_once(api: RunningApi) -> None:
    values = [
        ("mixer-1", "speed", time.time_ns() + each, float(each), GOOD) for each in range(1000)
    ]
    with stream(api.browser(Role.OPERATOR)) as reader:
        reader.next("snapshot")
        assert api.push(body(values)).status_code == 204
        while value_of(reader.next("live"), "mixer-1", "speed") != 999.0:
            pass


def test_unknown_machines_and_tags_do_not_spoil_the_rest(api: RunningApi) -> None:
    now_ns = time.time_ns()
    values = [
        ("ghost", "speed", now_ns, 1.0, GOOD),
        ("oven-1", "colour", now_ns, 1.0, GOOD),
        ("oven-1", "setpoint", now_ns, 55.5, GOOD),
    ]

    assert api.push(body(values, {"ghost": True})).status_code == 204

    with stream(api.browser(Role.OPERATOR)) as reader:
        snapshot = reader.next("snapshot")
    assert value_of(snapshot, "oven-1", "setpoint") == 55.5
    assert "ghost" not in snapshot["machines"]
    assert "colour" not in snapshot["machines"]["oven-1"]["values"]


def test_a_machine_is_lost_when_its_edge_falls_silent(api: RunningApi) -> None:
    with stream(api.browser(Role.OPERATOR)) as reader:
        reader.next("snapshot")
        api.push(body(connections={"mill-1": True}))
        spoke_ms = time.time_ns() // 10**6
        while "connected" not in (mill := reader.next("live")["machines"].get("mill-1", {})):
            pass
        assert mill["connected"] is True
        while mill.get("connected") is not False:
            mill = reader.next("live")["machines"].get("mill-1", {})

    assert 6000 <= time.time_ns() // 10**6 - spoke_ms <= 8500
    assert abs(mill["since_ms"] - spoke_ms) < 500
