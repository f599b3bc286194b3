"""A client's own certificate."""

from pathlib import Path

from asyncua.crypto.cert_gen import (
    dump_private_key_as_pem,
    generate_private_key,
    generate_self_signed_app_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID


def own_identity(folder: Path) -> tuple[Path, Path]:
    """Return a private key and a certificate for ``urn:test:reader``, made on first use."""
    key_file, certificate_file = folder / "reader.pem", folder / "reader.crt"
    if not key_file.exists():
        key = generate_private_key()
        certificate = generate_self_signed_app_certificate(
            key,
            "reader",
            {},
            [x509.UniformResourceIdentifier("urn:test:reader")],
            extended=[ExtendedKeyUsageOID.CLIENT_AUTH],
        )
        key_file.write_bytes(dump_private_key_as_pem(key))
        certificate_file.write_bytes(certificate.public_bytes(Encoding.DER))
    return key_file, certificate_file
