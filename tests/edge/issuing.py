"""Certificates and revocation lists, as authorities and machines make them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Issued(NamedTuple):
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a key that is the same for the same name, since making one takes long."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def issue(
    name: str,
    issuer: Issued | None = None,
    *,
    authority: bool = False,
    path_length: int | None = None,
    since: datetime = NOW - 400 * DAY,
    until: datetime = NOW + 400 * DAY,
    key: Key | None = None,
    names: Sequence[x509.GeneralName] = (),
) -> Issued:
    """Return a certificate, signed by itself unless there is an issuer."""
    own = key or rsa_key(name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(builder.sign(issuer.key if issuer else own, hashes.SHA256()), own)


def revocation_list(
    authority: Issued, *revoked: Issued, signer: Issued | None = None, due: datetime = NOW + DAY
) -> bytes:
    """Return an authority's revocation list, signed by another one when it is forged."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(NOW - 2 * DAY)
        .next_update(due)
    )
    for each in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(each.certificate.serial_number)
            .revocation_date(NOW - DAY)
            .build()
        )
    signed = builder.sign((signer or authority).key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)
