"""Probes and counters: what they say, and to whom."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from fastapi import Request

from pilotline_api.accounts.models import Role
from pilotline_api.errors import NotSignedIn
from pilotline_api.health.endpoints import may_read_metrics
from pilotline_api.health.readiness import database_parts, edge_part, readiness_of
from pilotline_api.kit.database import Database
from pilotline_api.migrations import configuration, migrate
from tests.api.live.floor import body, moment
from tests.api.live.running import RunningApi


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path / 'test.sqlite'}")) as opened:
        yield opened


def test_a_process_that_runs_says_so_to_everyone(api: RunningApi) -> None:
    answer = api.client().get("/live")

    assert answer.status_code == 200
    assert answer.json() == {"status": "alive"}


def test_a_process_in_order_is_ready_even_before_an_edge_agent_has_spoken(api: RunningApi) -> None:
    before = api.client().get("/ready")
    api.push(body())
    after = api.client().get("/ready").json()

    assert before.status_code == 200
    assert before.json()["parts"]["edge"]["state"] == "silent"
    assert after["ready"] is True
    assert after["parts"]["edge"]["state"] == "ok"
    assert after["parts"]["edge"]["age_s"] < 5
    assert after["parts"]["database"]["state"] == "ok"


def test_readiness_names_nothing_a_stranger_should_know(api: RunningApi) -> None:
    text = api.client().get("/ready").text

    assert str(api.services.settings.data) not in text


def test_a_silent_edge_does_not_take_the_process_out_of_service() -> None:
    silent = edge_part(moment(0), moment(7))

    assert (silent.state, silent.age_s) == ("silent", 7.0)
    assert readiness_of({"edge": silent}).ready


def test_a_database_at_an_older_revision_is_not_ready(database: Database) -> None:
    migrate(database)
    assert readiness_of(database_parts(database)).ready

    config = configuration()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001_foundation")

    parts = database_parts(database)
    assert not readiness_of(parts).ready
    assert "0001_foundation" in parts["migrations"].detail


def test_a_database_without_tables_is_not_ready(database: Database) -> None:
    assert database_parts(database)["migrations"].state == "failed"


def test_a_database_that_does_not_answer_is_not_ready(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite'}")) as away:
        parts = database_parts(away)

    assert parts["database"].state == "failed"
    assert not readiness_of(parts).ready
    assert str(tmp_path) not in str(parts)


def test_this_machine_reads_the_counters(api: RunningApi) -> None:
    api.push(body())

    answer = api.client().get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'pilotline_edge_pushes_total{outcome="taken"}' in answer.text
    assert "pilotline_streams" in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_through_a_proxy_only_an_administrator_reads_the_counters(
    api: RunningApi, header: str
) -> None:
    forwarded = {header: "127.0.0.1"}

    assert api.client(**forwarded).get("/metrics").status_code == 401
    for role in set(Role) - {Role.ADMINISTRATOR}:
        token = api.sign_in(role, "institute" if role is not Role.CUSTOMER else "acme")
        assert api.client(token, **forwarded).get("/metrics").status_code == 403
    administrator = api.client(api.sign_in(Role.ADMINISTRATOR), **forwarded)
    assert administrator.get("/metrics").status_code == 200


def test_another_machine_does_not_read_the_counters(api: RunningApi) -> None:

    for client in (("10.0.0.7", 1), ("nonsense", 1), None):
        request = Request({"type": "http", "headers": [], "client": client, "method": "GET"})
        with pytest.raises(NotSignedIn):
            may_read_metrics(request, api.services)
    loopback = Request({"type": "http", "headers": [], "client": ("::1", 1), "method": "GET"})
    may_read_metrics(loopback, api.services)
