"""Certificates: reading them from files and from what servers send, and what they say."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization

log = structlog.get_logger("pilotline.edge")

_SUFFIXES = {".der", ".pem", ".crt", ".cer"}
_LONGEST_CHAIN = 8


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the certificate's SHA-256 fingerprint in upper-case hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex().upper()


def der_of(certificate: x509.Certificate) -> bytes:
    """Return the certificate's bytes."""
    return certificate.public_bytes(serialization.Encoding.DER)


def first_certificate(chain: bytes) -> bytes:
    """Return the leaf of a DER chain: servers append issuers to their own certificate."""
    if len(chain) < 4 or chain[0] != 0x30 or chain[1] != 0x82:
        return chain
    return chain[: int.from_bytes(chain[2:4], "big") + 4]


def read_chain(chain: bytes) -> list[x509.Certificate]:
    """Return the certificates of a DER chain, the server's own first, at most eight.

    Raises:
        ValueError: the bytes are no certificates.
    """
    found: list[x509.Certificate] = []
    while chain and len(found) < _LONGEST_CHAIN:
        der = first_certificate(chain)
        found.append(x509.load_der_x509_certificate(der))
        chain = chain[len(der) :]
    if not found:
        raise ValueError("no certificate")
    return found


def read_certificate(path: Path) -> x509.Certificate:
    """Return the certificate in a DER or PEM file.

    Raises:
        ValueError: there is none.
    """
    content = path.read_bytes()
    pem = content.lstrip().startswith(b"-----")
    return (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(content)


def certificates_in(folder: Path) -> Iterator[tuple[Path, x509.Certificate]]:
    """Yield the certificates of a folder with their files; others are logged and left."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        try:
            yield path, read_certificate(path)
        except (ValueError, OSError) as error:
            log.warning("edge.certificate_unreadable", file=str(path), reason=str(error))


def is_authority(certificate: x509.Certificate) -> bool:
    """Return whether the certificate may sign others."""
    extensions = certificate.extensions
    try:
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.KeyUsage.oid


def signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Return whether an authority signed a certificate."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def application_uris(certificate: x509.Certificate) -> list[str]:
    """Return the application URIs a certificate names."""
    names = _names(certificate)
    return [] if names is None else names.get_values_for_type(x509.UniformResourceIdentifier)


def host_names(certificate: x509.Certificate) -> list[str]:
    """Return the host names and addresses a certificate names."""
    names = _names(certificate)
    if names is None:
        return []
    addresses = names.get_values_for_type(x509.IPAddress)
    return [*names.get_values_for_type(x509.DNSName), *map(str, addresses)]


def is_host(name: str, host: str) -> bool:
    """Return whether two names or addresses are the same host's."""
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        return name.rstrip(".").lower() == host.rstrip(".").lower()


def _names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
