"""Prometheus and supervisors learn how an agent does."""

import json
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pilotline_edge.cause import Cause
from pilotline_edge.connection.channel_security import ChannelCertificates, ServerCertificate
from pilotline_edge.connection.identity import own_identity
from pilotline_edge.connection.session import SessionSettings
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import AddressTaken
from pilotline_edge.fleet.fleet import Wiring, recall
from pilotline_edge.forwarding import ForwarderState
from pilotline_edge.journal import Journal
from pilotline_edge.journal.aging import Aging
from pilotline_edge.journal.commands import JournalSize
from pilotline_edge.link.series import series_of
from pilotline_edge.link.state import begun
from pilotline_edge.metrics import MetricsAddress, observed
from pilotline_edge.metrics.collector import AgentCollector
from pilotline_edge.status.overview import HUNG_AFTER_S, Overview, Reloads
from tests.edge.issuing import DAY, NOW, issue
from tests.edge.opcua_machine import free_port
from tests.edge.plants import machine, tag

REFERENCE = Path(__file__).parents[2] / "docs/how-to/watch-the-edge.md"
ALERTS = Path(__file__).parents[2] / "deploy/prometheus/alerts.yml"


@pytest.fixture
def overview(tmp_path: Path) -> Iterator[Overview]:
    """An agent of two machines that never ran."""
    machines = [
        machine("opc.tcp://absent", [tag("a"), tag("b")], name=name) for name in ("m1", "m2")
    ]
    series = [series for each in machines for series in series_of(each)]
    journal = Journal.open(tmp_path / "journal.sqlite", series)
    pki = tmp_path / "pki"
    wiring = Wiring(journal, None, TrustStore(pki), pki, SessionSettings())
    with closing(journal):
        links = {
            each.id: wiring.link(each, recall(each, journal), begun(each.id)) for each in machines
        }
        yield Overview(
            agent="edge-1",
            plant="test plant",
            started_ns=time.time_ns(),
            links=links,
            journal=journal,
            journal_limit_bytes=1000,
            forwarder=ForwarderState(),
            live=None,
            reloads=Reloads(),
            aging=Aging(journal, None),
            own_pki=pki / "own",
        )


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def figures(text: str) -> dict[tuple[str, str | None], float]:
    return {
        (sample.name, sample.labels.get("machine")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_gets_the_figures_of_each_machine_and_of_the_agent(overview: Overview) -> None:
    overview.links["m1"].state.values = 41
    overview.links["m1"].state.connected()
    overview.links["m2"].state.bad_tags = {"a": "refused"}
    overview.forwarder.samples = 7
    port = free_port()
    with observed(overview, MetricsAddress(port)):
        status, text = ask(port, "/metrics")
    found = figures(text)
    assert status == 200
    assert found["pilotline_edge_machine_values_total", "m1"] == 41
    assert found["pilotline_edge_machine_connected", "m1"] == 1
    assert found["pilotline_edge_machine_connected", "m2"] == 0
    assert found["pilotline_edge_machine_bad_tags", "m2"] == 1
    assert found["pilotline_edge_historian_values_total", None] == 7
    assert ("pilotline_edge_machine_lag_seconds", "m1") not in found
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "it must end with the agent"


def test_an_alert_can_be_given_before_a_certificate_ends(
    overview: Overview, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = issue("m1", until=NOW + DAY)
    chain = shown.der + issue("its authority", authority=True).der
    server = ServerCertificate("m1", "m1.example", chain, None)
    assert overview.own_pki is not None
    trust = TrustStore(overview.own_pki.parent)
    certificates = ChannelCertificates(server, Path(), b"", trust)
    monkeypatch.setattr(overview.links["m1"]._session, "_certificates", certificates)
    name = "pilotline_edge_own_certificate_expires_timestamp_seconds"
    machines = "pilotline_edge_machine_certificate_expires_timestamp_seconds"
    assert (name, None) not in _collected(overview)
    own = own_identity(overview.own_pki)
    found = _collected(overview)
    assert found[name, None] == own.expires.timestamp()
    assert found[machines, "m1"] == shown.certificate.not_valid_after_utc.timestamp()
    assert (machines, "m2") not in found


def _collected(overview: Overview) -> dict[tuple[str, str | None], float]:
    return {
        (sample.name, sample.labels.get("machine")): sample.value
        for family in AgentCollector(overview).collect()
        for sample in family.samples
    }


def test_the_number_of_series_grows_with_machines_only(overview: Overview) -> None:
    for family in AgentCollector(overview).collect():
        for sample in family.samples:
            assert sample.labels.keys() <= {"machine"}
            assert sample.labels.get("machine") in (None, "m1", "m2")


def test_health_names_the_reason(overview: Overview, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with observed(overview, MetricsAddress(port)):
        assert ask(port, "/live")[0] == ask(port, "/ready")[0] == 200
        overview.forwarder.problem = "connection refused"
        assert ask(port, "/ready")[0] == 200, "the journal has room"
        monkeypatch.setattr(overview.journal._writer.room, "size", JournalSize(1, 1, 950))
        status, text = ask(port, "/ready")
        assert (status, ask(port, "/live")[0]) == (503, 200)
        assert "connection refused" in json.loads(text)["reason"]
        overview.forwarder.problem = None
        assert ask(port, "/ready")[0] == 200
        monkeypatch.setattr(
            overview.journal._writer.room, "size", JournalSize(1, 1, 5, Cause.DISK_FULL)
        )
        assert "disk-full" in ask(port, "/ready")[1]
        overview.turned_at -= HUNG_AFTER_S + 1
        status, text = ask(port, "/live")
        assert status == 503
        assert "not turned" in text
        assert ask(port, "/other")[0] == 404


def test_an_address_that_is_taken_is_named(overview: Overview) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(AddressTaken, match=f"127.0.0.1:{port}"),
            observed(overview, MetricsAddress(port)),
        ):
            pass


def names(overview: Overview) -> set[str]:
    live: Any = type("Live", (), {"problem": None, "pushed": 0})()
    overview.live = live
    overview.forwarder.delivered_at = overview.forwarder.writing_since = 1.0
    assert overview.own_pki is not None
    own_identity(overview.own_pki)
    found = set()
    for family in AgentCollector(overview).collect():
        found.add(family.name + ("_total" if family.type == "counter" else ""))
    return found


def test_every_metric_is_documented_and_alerts_ask_for_none_that_is_not(
    overview: Overview,
) -> None:
    known = names(overview)
    told = set(re.findall(r"pilotline_edge_\w+", REFERENCE.read_text("utf-8")))
    assert known == told
    asked = set(re.findall(r"pilotline_edge_\w+", ALERTS.read_text("utf-8")))
    assert asked
    assert asked <= known
