"""Lines are compressed on their way to another machine, and only then."""

import gzip
from collections.abc import Callable

import pytest

from pilotline_historian import open_historian
from pilotline_historian.influxdb import server
from tests.historian.influx_write import write_endpoint
from tests.historian.samples import at


@pytest.mark.parametrize("far", [False, True])
def test_what_crosses_a_network_is_compressed(far: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[int] = []
    compress: Callable[..., bytes] = gzip.compress

    def counted(body: bytes, level: int) -> bytes:
        small = compress(body, level)
        packed.append(len(small))
        return small

    monkeypatch.setattr(gzip, "compress", counted)
    if far:
        monkeypatch.setattr(server, "_is_this_machine", lambda _: False)
    with write_endpoint() as endpoint:
        historian = open_historian(endpoint.url)
        historian.write([at(second, 1.5) for second in range(500)])
        historian.close()
    assert len(endpoint.points) == 500
    if far:
        assert packed[0] < endpoint.bodies[0] / 5
    else:
        assert not packed


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("192.168.1.20", False),
        ("historian.example", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_its_loopback(host: str, near: bool) -> None:
    assert server._is_this_machine(host) is near
