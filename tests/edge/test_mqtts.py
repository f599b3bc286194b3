"""Live values travel encrypted to the broker that is meant, and to no other."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotline_edge.errors import BrokerUrlError
from pilotline_edge.live.feed import LinkState
from pilotline_edge.mqtt import BrokerAddress, MqttFeed, tls_context
from tests.edge.broker import Broker
from tests.edge.encrypted_broker import PASSWORD, encrypted, environment
from tests.edge.running import until
from tests.edge.test_mqtt import running

MACHINES = {"mill-1": ("aarhus", LinkState(True, 5, None))}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with encrypted(tmp_path) as started:
        yield started


def test_values_are_published_to_a_broker_that_proves_itself(
    broker: Broker, tmp_path: Path
) -> None:
    async def work() -> None:
        url = f"mqtts://127.0.0.1:{broker.port}"
        live = MqttFeed(url, "edge-1", lambda: MACHINES, environment(tmp_path, "authority"))
        live.put("mill-1", "speed", 1, 1.0, 0)
        async with running(live):
            await until(lambda: live.pushed == 2)
            assert live.problem is None

    asyncio.run(work())


@pytest.mark.parametrize(
    ("host", "authority", "password", "reason"),
    [
        ("127.0.0.1", "other", PASSWORD, "certificate verify failed"),
        ("localhost", "authority", PASSWORD, "Hostname mismatch"),
        ("127.0.0.1", "authority", "wrong", "Not authorized"),
    ],
)
def test_a_broker_that_is_not_the_one_meant_gets_nothing_and_the_status_says_why(
    broker: Broker, tmp_path: Path, host: str, authority: str, password: str, reason: str
) -> None:
    async def work() -> None:
        url = f"mqtts://{host}:{broker.port}"
        own = environment(tmp_path, authority, password)
        live = MqttFeed(url, "edge-1", lambda: MACHINES, own)
        live.put("mill-1", "speed", 1, 1.0, 0)
        async with running(live):
            await until(lambda: reason in (live.problem or ""))
            assert live.pushed == 0

    asyncio.run(work())


def test_an_unencrypted_knock_at_an_encrypted_port_is_no_connection(broker: Broker) -> None:
    async def work() -> None:
        live = MqttFeed(f"mqtt://127.0.0.1:{broker.port}", "edge-1", lambda: MACHINES, {})
        live.put("mill-1", "speed", 1, 1.0, 0)
        async with running(live):
            await until(lambda: "not reached yet" not in (live.problem or "not reached yet"))
            assert live.pushed == 0

    asyncio.run(work())


def test_a_file_of_authorities_that_holds_none_is_refused_at_once(tmp_path: Path) -> None:
    empty, url = tmp_path / "empty.pem", BrokerAddress.parse("mqtts://broker")
    empty.write_text("no certificate\n", encoding="utf-8")
    for file in (empty, tmp_path / "nowhere.pem", tmp_path):
        with pytest.raises(BrokerUrlError, match="PILOTLINE_MQTT_CA_FILE names") as refused:
            tls_context(url, {"PILOTLINE_MQTT_CA_FILE": str(file)})
        assert str(file) in str(refused.value)
    assert tls_context(BrokerAddress.parse("mqtt://broker"), {}) is None
