"""A certificate of its own for each machine that speaks SignAndEncrypt, made once and kept."""

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncua.crypto.cert_gen import (
    dump_private_key_as_pem,
    generate_private_key,
    generate_self_signed_app_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from pilotline_simulators.opcua.node_ids import application_uri

_VALID_DAYS = 3650
_RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where a machine's certificate lies.

    Attributes:
        certificate: DER file; put it among an edge agent's trusted certificates.
        private_key: PEM file that only this user may read.
    """

    certificate: Path
    private_key: Path


def own_certificate(directory: Path, machine: str, host: str) -> Certificate:
    """Return a machine's certificate, made on first use, renewed when outdated or of another host.

    The certificate is ``<machine>.der`` in the directory, its key ``private/<machine>.pem``.

    Args:
        directory: where the certificates of all machines lie.
        machine: machine id.
        host: host name or address of the machine's endpoint.
    """
    own = Certificate(directory / f"{machine}.der", directory / "private" / f"{machine}.pem")
    if not _is_usable(own, machine, host):
        _make(own, machine, host)
    return own


def _is_usable(own: Certificate, machine: str, host: str) -> bool:
    if not (own.certificate.is_file() and own.private_key.is_file()):
        return False
    try:
        certificate = x509.load_der_x509_certificate(own.certificate.read_bytes())
        key = load_pem_private_key(own.private_key.read_bytes(), password=None)
    except ValueError:
        return False
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        certificate.public_key() == key.public_key()
        and certificate.not_valid_after_utc - datetime.now(UTC) > _RENEW_BEFORE
        and set(_names(machine, host)) <= set(names)
    )


def _make(own: Certificate, machine: str, host: str) -> None:
    key = generate_private_key()
    certificate = generate_self_signed_app_certificate(
        key,
        f"{machine} (simulated)",
        {"organizationName": "Pilotline simulators"},
        _names(machine, host),
        extended=[ExtendedKeyUsageOID.SERVER_AUTH],
        days=_VALID_DAYS,
    )
    own.private_key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(own.private_key, dump_private_key_as_pem(key), 0o600)
    _write(own.certificate, certificate.public_bytes(Encoding.DER), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file in one step, so that a reader never meets half a certificate."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    draft.replace(path)


def _names(machine: str, host: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(application_uri(machine))]
    try:
        names.append(x509.IPAddress(ipaddress.ip_address(host)))
    except ValueError:
        names.append(x509.DNSName(host))
    return names
