"""Machines with a security policy are reached by SignAndEncrypt only, with certificates kept."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.uaerrors import UaError
from cryptography import x509

from pilotline_simulators import EndpointError, SimulatedPlant
from pilotline_simulators.opcua import certificates
from pilotline_simulators.opcua.certificates import own_certificate
from pilotline_simulators.opcua.users import password_variable
from tests.simulators.own_identity import own_identity
from tests.simulators.plants import machine_with, plant_of, tag


async def _read(url: str, folder: Path, *, user: str | None = None, password: str = "") -> float:
    key, certificate = own_identity(folder)
    client = Client(url, timeout=10)
    client.application_uri = "urn:test:reader"
    if user is not None:
        client.set_user(user)
        client.set_password(password)
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        certificate=str(certificate),
        private_key=str(key),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    async with client:
        value: float = await client.get_node("ns=2;s=speed").read_value()
        return value


def test_a_secured_machine_is_read_over_an_encrypted_channel_only(tmp_path: Path) -> None:
    machine = machine_with(tag("speed"), security="Basic256Sha256")

    async def look() -> None:
        async with SimulatedPlant(plant_of(machine), any_port=True) as simulated:
            url = simulated.machine("m-1").url
            assert isinstance(await _read(url, tmp_path), float)
            endpoints = await Client(url).connect_and_get_server_endpoints()
            assert {
                (e.SecurityPolicyUri.rpartition("#")[2], e.SecurityMode) for e in endpoints
            } == {("Basic256Sha256", ua.MessageSecurityMode.SignAndEncrypt)}
            with pytest.raises(UaError):
                async with Client(url, timeout=3):
                    pass

    asyncio.run(look())


def test_a_machine_with_a_user_asks_for_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_with(tag("speed"), security="Basic256Sha256", user="edge")
    monkeypatch.setenv(password_variable("m-1"), "correct horse")

    async def look() -> None:
        async with SimulatedPlant(plant_of(machine), any_port=True) as simulated:
            url = simulated.machine("m-1").url
            assert isinstance(
                await _read(url, tmp_path, user="edge", password="correct horse"), float
            )
            for user, password in (("edge", "wrong"), ("other", "correct horse")):
                with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                    await _read(url, tmp_path, user=user, password=password)
            with pytest.raises(UaError):
                await _read(url, tmp_path)

    asyncio.run(look())


def test_a_missing_password_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(password_variable("m-1"), raising=False)
    machine = machine_with(tag("speed"), security="Basic256Sha256", user="edge")
    with pytest.raises(EndpointError, match="set PILOTLINE_OPCUA_PASSWORD_M_1"):
        asyncio.run(SimulatedPlant(plant_of(machine), any_port=True).start())


def test_an_unknown_policy_is_told() -> None:
    machine = machine_with(tag("speed"), security="Basic128Rsa15")
    with pytest.raises(EndpointError, match="'Basic128Rsa15' is unknown; choose one of None, "):
        asyncio.run(SimulatedPlant(plant_of(machine), any_port=True).start())


def test_a_certificate_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, "m-1", "127.0.0.1")
    content = first.certificate.read_bytes()
    assert own_certificate(tmp_path, "m-1", "127.0.0.1") == first
    assert first.certificate.read_bytes() == content
    assert first.certificate == tmp_path / "m-1.der"
    assert stat.S_IMODE(first.private_key.stat().st_mode) == 0o600
    names = x509.load_der_x509_certificate(content).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [
        "urn:pilotline:simulator:m-1"
    ]


def test_a_certificate_is_made_anew_when_it_no_longer_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(host: str = "127.0.0.1") -> bytes:
        return own_certificate(tmp_path, "m-1", host).certificate.read_bytes()

    old = made()
    other_host = made("mill.example")
    assert other_host != old
    (tmp_path / "m-1.der").write_bytes(b"torn")
    mended = made("mill.example")
    assert mended not in {other_host, b"torn"}
    (tmp_path / "private" / "m-1.pem").unlink()
    assert made("mill.example") != mended

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Later":
            del tz
            return cls.fromtimestamp((datetime.now(UTC) + timedelta(days=3640)).timestamp(), UTC)

    current = made("mill.example")
    monkeypatch.setattr(certificates, "datetime", Later)
    assert made("mill.example") != current
