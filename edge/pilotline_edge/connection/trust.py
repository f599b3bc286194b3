"""Trust: which server certificates the agent accepts."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization

from pilotline_edge.connection.identity import WARN_BEFORE
from pilotline_edge.errors import CertificateUntrusted

log = structlog.get_logger("pilotline.edge")

_SUFFIXES = {".der", ".pem", ".crt", ".cer"}


class TrustStore:
    """Certificates a person has accepted, as files.

    ``trusted/`` holds server certificates, or those of authorities that sign them; ``crl/`` holds
    revocation lists of those authorities; ``rejected/`` collects what was refused. Files are read
    at each check, so moving one takes effect without a restart.

    A further folder of accepted certificates may be given, for machines whose certificates a
    program makes.

    asyncua connects to any server certificate when nothing is configured: it asks the server for
    its certificate over an unsecured channel and believes the answer.
    """

    def __init__(self, folder: Path, further: Path | None = None) -> None:
        self._further = further
        self.trusted = folder / "trusted"
        self.rejected = folder / "rejected"
        self.revoked = folder / "crl"
        for part in (self.trusted, self.rejected, self.revoked):
            part.mkdir(parents=True, exist_ok=True)

    def check(self, der: bytes, machine: str, now: datetime | None = None) -> datetime:
        """Return the end of validity of a server certificate that is trusted.

        Args:
            der: the certificate as the server sent it.
            machine: whose server it is, for the message and the file name.
            now: aware instant to judge validity at; the present by default.

        Raises:
            CertificateUntrusted: unknown, expired, not yet valid or revoked; the message says
                what to do.
        """
        now = now or datetime.now(UTC)
        try:
            certificate = x509.load_der_x509_certificate(der)
        except ValueError as error:
            raise CertificateUntrusted(
                f"machine {machine}: its server sent {len(der)} bytes that are no certificate; "
                "make a new certificate on the machine"
            ) from error
        if not self._accepted(certificate, der):
            copy = self._reject(certificate, der, machine)
            raise CertificateUntrusted(
                f"machine {machine}: its server's certificate is not trusted; compare "
                f"SHA-256 {fingerprint(certificate)} with the machine's own display, then move "
                f"{copy} to {self.trusted}"
            )
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise CertificateUntrusted(
                f"machine {machine}: its server's certificate is valid from "
                f"{certificate.not_valid_before_utc} to {certificate.not_valid_after_utc}, not at "
                f"{now}; renew it on the machine, or set the clock"
            )
        if certificate.not_valid_after_utc - now < WARN_BEFORE:
            log.warning(
                "edge.certificate_expires",
                machine=machine,
                expires=certificate.not_valid_after_utc.isoformat(),
            )
        return certificate.not_valid_after_utc

    def _accepted(self, certificate: x509.Certificate, der: bytes) -> bool:
        folders = [self.trusted, *([self._further] if self._further is not None else [])]
        for trusted in (each for folder in folders for each in _certificates(folder)):
            if trusted.public_bytes(serialization.Encoding.DER) == der:
                return True
            if _is_authority(trusted) and _signed_by(certificate, trusted):
                return not self._is_revoked(certificate, trusted)
        return False

    def _is_revoked(self, certificate: x509.Certificate, authority: x509.Certificate) -> bool:
        for path in _files(self.revoked):
            content = path.read_bytes()
            pem = content.lstrip().startswith(b"-----")
            crl = (x509.load_pem_x509_crl if pem else x509.load_der_x509_crl)(content)
            if crl.issuer != authority.subject:
                continue
            if crl.get_revoked_certificate_by_serial_number(certificate.serial_number):
                return True
        return False

    def _reject(self, certificate: x509.Certificate, der: bytes, machine: str) -> Path:
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", machine)
        path = self.rejected / f"{safe}-{fingerprint(certificate)[:16]}.der"
        if not path.exists():
            path.write_bytes(der)
        return path


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the certificate's SHA-256 fingerprint in upper-case hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex().upper()


def first_certificate(chain: bytes) -> bytes:
    """Return the leaf of a DER chain: servers append issuers to their own certificate."""
    if len(chain) < 4 or chain[0] != 0x30 or chain[1] != 0x82:
        return chain
    return chain[: int.from_bytes(chain[2:4], "big") + 4]


def _files(folder: Path) -> Iterator[Path]:
    return (
        path for path in sorted(folder.iterdir()) if path.suffix.lower() in _SUFFIXES | {".crl"}
    )


def _certificates(folder: Path) -> Iterator[x509.Certificate]:
    for path in _files(folder):
        content = path.read_bytes()
        pem = content.lstrip().startswith(b"-----")
        try:
            yield (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(
                content
            )
        except ValueError:
            log.warning("edge.certificate_unreadable", file=str(path))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
