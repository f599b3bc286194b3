"""A historian over TLS is believed only when its authority is known; tokens may be renewed."""

import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from pilotline_historian import (
    HistorianRefused,
    HistorianUrlError,
    open_historian,
)
from tests.edge.issuing import Issued, issue
from tests.historian.influx_write import Endpoint, write_endpoint
from tests.historian.samples import at

TOKEN = "PILOTLINE_INFLUXDB_TOKEN"


@dataclass(frozen=True, slots=True)
class Secure:
    """An endpoint over TLS."""

    endpoint: Endpoint
    ca_file: Path

    def url(self, ca_file: Path | None) -> str:
        authority = "" if ca_file is None else f"&ca_file={ca_file}"
        return f"influxdbs://127.0.0.1:{self.endpoint.port}/pilot?org=institute{authority}"


def _pem(file: Path, issued: Issued, *, key: bool = False) -> Path:
    content = issued.certificate.public_bytes(serialization.Encoding.PEM)
    if key:
        content += issued.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    file.write_bytes(content)
    return file


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    authority = issue("historian authority", authority=True)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    server = issue("historian", authority, names=names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_pem(tmp_path / "server.pem", server, key=True))
    with write_endpoint(context) as endpoint:
        yield Secure(endpoint, _pem(tmp_path / "authority.pem", authority))


def test_a_server_of_a_known_authority_is_written_to(
    secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "right")
    secure.endpoint.token = "right"
    historian = open_historian(secure.url(secure.ca_file))
    assert historian.write([at(0, 1.5)]).stored == 1
    historian.close()
    assert len(secure.endpoint.points) == 1


def test_a_server_of_an_unknown_authority_gets_neither_token_nor_values(
    secure: Secure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "right")
    other = _pem(tmp_path / "other.pem", issue("other authority", authority=True))
    for ca_file in (None, other):
        historian = open_historian(secure.url(ca_file))
        with pytest.raises(HistorianRefused, match=r"(?s)CERTIFICATE_VERIFY_FAILED.*ca_file"):
            historian.write([at(0, 1.5)])
        historian.close()
    assert secure.endpoint.queries == []


def test_a_server_that_speaks_no_tls_is_not_written_to_in_clear() -> None:
    with write_endpoint() as endpoint:
        historian = open_historian(f"influxdbs://127.0.0.1:{endpoint.port}/pilot")
        with pytest.raises(HistorianRefused, match="without TLS"):
            historian.write([at(0, 1.5)])
        historian.close()
        assert endpoint.queries == []


def test_an_authority_that_is_no_certificate_is_explained(secure: Secure, tmp_path: Path) -> None:
    with pytest.raises(HistorianUrlError, match=r"nothing.pem cannot be used"):
        open_historian(secure.url(tmp_path / "nothing.pem"))
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate", encoding="utf-8")
    with pytest.raises(HistorianUrlError, match=r"broken.pem"):
        open_historian(secure.url(broken))


class TestTokens:
    """Tokens come from files and the environment, and a file may be written anew."""

    def test_a_file_that_is_written_anew_is_read_when_the_old_token_is_refused(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "token"
        file.write_text("old\n", encoding="utf-8")
        with write_endpoint() as endpoint:
            endpoint.token = "old"
            historian = open_historian(f"{endpoint.url}&token_file={file}")
            assert historian.write([at(0, 1)]).stored == 1
            endpoint.token = "new"
            with pytest.raises(HistorianRefused, match="check the token"):
                historian.write([at(1, 1)])
            file.unlink()
            with pytest.raises(HistorianRefused, match="check the token"):
                historian.write([at(1, 1)])
            file.write_text("new\n", encoding="utf-8")
            assert historian.write([at(1, 1)]).stored == 1
            historian.close()

    def test_a_variable_may_name_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "token"
        file.write_text("right\n", encoding="utf-8")
        monkeypatch.delenv(TOKEN, raising=False)
        monkeypatch.setenv(f"{TOKEN}_FILE", str(file))
        with write_endpoint() as endpoint:
            endpoint.token = "right"
            historian = open_historian(endpoint.url)
            assert historian.write([at(0, 1)]).stored == 1
            historian.close()
        monkeypatch.setenv(TOKEN, "right")
        with pytest.raises(HistorianUrlError, match="both"):
            open_historian(endpoint.url)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("", "is empty"),
            ("two\nlines", "line break"),
            ("geheim\u00e9", "another character"),
        ],
    )
    def test_a_file_without_a_sound_token_is_explained(
        self, tmp_path: Path, content: str, reason: str
    ) -> None:
        file = tmp_path / "token"
        file.write_text(content, encoding="utf-8")
        with pytest.raises(HistorianUrlError, match=reason) as told:
            open_historian(f"influxdb://host/pilot?token_file={file}")
        assert "geheim" not in str(told.value)
