"""Identity: the agent's own application certificate, made once and renewed by a person."""

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

log = structlog.get_logger("pilotline.edge")

APPLICATION_URI = "urn:pilotline:edge"
_VALIDITY = timedelta(days=5 * 365)
_OTHERS = 0o077
_CLOCK_TOLERANCE = timedelta(hours=1)
WARN_BEFORE = timedelta(days=30)
_CERTIFICATE, _PRIVATE_KEY = "certificate.der", "private-key.pem"
_NEXT_CERTIFICATE, _NEXT_PRIVATE_KEY = "next-certificate.der", "next-private-key.pem"
_KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=True,
    data_encipherment=True,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The agent's application instance certificate and its private key.

    Attributes:
        application_uri: URI that the certificate names (OPC 10000-6, 6.2.2).
        certificate: path of the DER certificate.
        private_key: path of the PEM private key, readable by its owner only.
        expires: end of validity, UTC.
    """

    application_uri: str
    certificate: Path
    private_key: Path
    expires: datetime


def own_identity(folder: Path, host: str | None = None) -> Identity:
    """Return the identity kept in `folder`, making one when there is none.

    An expired certificate is kept: machines trust it by its bytes, so only a person may replace
    it (`prepare_renewal`, trust the new one in every machine, `activate_renewal`). From 30 days
    before its end on, each call logs a warning.

    Args:
        folder: ``DATA/pki/own``.
        host: name written into a new certificate; this machine's by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / _CERTIFICATE, folder / _PRIVATE_KEY
    if not (certificate.exists() and key.exists()):
        name = host or socket.gethostname()
        _make(certificate, key, name, f"{APPLICATION_URI}:{name}")
    if key.stat().st_mode & _OTHERS:
        log.warning("edge.private_key_readable", file=str(key), remedy=f"chmod 600 {key}")
    identity = _read(certificate, key)
    if identity.expires - datetime.now(UTC) < WARN_BEFORE:
        log.warning(
            "edge.own_certificate_expires",
            expires=identity.expires.isoformat(),
            remedy="pilotline edge trust renew",
        )
    return identity


def own_expiry(folder: Path) -> datetime | None:
    """Return the end of our certificate's validity, UTC, or None while there is none.

    Args:
        folder: ``DATA/pki/own``.
    """
    try:
        content = (folder / _CERTIFICATE).read_bytes()
    except FileNotFoundError:
        return None
    return x509.load_der_x509_certificate(content).not_valid_after_utc


def prepare_renewal(folder: Path) -> Identity:
    """Make the identity's successor beside it, with a new key and the same application URI.

    The agent goes on with the present one, so that machines can learn to trust the new one first.
    A successor that is there already is returned as it is.
    """
    present = own_identity(folder)
    certificate, key = folder / _NEXT_CERTIFICATE, folder / _NEXT_PRIVATE_KEY
    if not (certificate.exists() and key.exists()):
        host = _names(present.certificate).get_values_for_type(x509.DNSName)
        name = host[0] if host else socket.gethostname()
        _make(certificate, key, name, present.application_uri)
    return _read(certificate, key)


def activate_renewal(folder: Path) -> Identity:
    """Put the successor in the identity's place; sessions made from now on use it.

    Raises:
        FileNotFoundError: `prepare_renewal` made none.
    """
    certificate, key = folder / _NEXT_CERTIFICATE, folder / _NEXT_PRIVATE_KEY
    if not (certificate.exists() and key.exists()):
        raise FileNotFoundError(
            f"{certificate} is not there; run `pilotline edge trust renew` first"
        )
    key.replace(folder / _PRIVATE_KEY)
    certificate.replace(folder / _CERTIFICATE)
    return own_identity(folder)


def _read(certificate: Path, key: Path) -> Identity:
    parsed = x509.load_der_x509_certificate(certificate.read_bytes())
    (uri,) = _names(certificate).get_values_for_type(x509.UniformResourceIdentifier)
    return Identity(uri, certificate, key, parsed.not_valid_after_utc)


def _names(certificate: Path) -> x509.SubjectAlternativeName:
    parsed = x509.load_der_x509_certificate(certificate.read_bytes())
    return parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def _make(certificate: Path, key: Path, host: str, uri: str) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signed = _self_signed(private, host, uri)
    _write_private(
        key,
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.DER))


def _self_signed(private: rsa.RSAPrivateKey, host: str, uri: str) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Pilotline edge on {host}"[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Pilotline"),
        ]
    )
    now = datetime.now(UTC)
    public = private.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_TOLERANCE)
        .not_valid_after(now + _VALIDITY)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), x509.DNSName(host)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_KEY_USAGE, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )


def _write_private(path: Path, content: bytes) -> None:
    # Never into a file that is there: it may be another's, or lead to another's.
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
