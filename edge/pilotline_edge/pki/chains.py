"""Chains: from a server's certificate to one that a person trusts, and what was revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509

from pilotline_edge.pki.certificates import der_of, is_authority, signed_by

log = structlog.get_logger("pilotline.edge")

_LONGEST = 8


@dataclass(frozen=True, slots=True)
class Chain:
    """A certificate and the authorities above it, as far as they are known.

    Attributes:
        certificates: the server's own first, each signed by the next.
        trusted: how many of them lead to the first that is trusted, itself included.
    """

    certificates: tuple[x509.Certificate, ...]
    trusted: int

    @property
    def pinned(self) -> bool:
        """Whether a person trusted the server's very certificate."""
        return self.trusted == 1


def chain_of(
    leaf: x509.Certificate,
    trusted: Sequence[x509.Certificate],
    issuers: Sequence[x509.Certificate],
) -> Chain | None:
    """Return the chain to the first trusted certificate and beyond, or None without one.

    Args:
        leaf: the server's certificate.
        trusted: certificates a person trusts.
        issuers: authorities that may stand between but are not trusted by themselves.
    """
    accepted = {der_of(each) for each in trusted}
    authorities = [each for each in (*trusted, *issuers) if is_authority(each)]
    links = [leaf]
    reached = 0
    while len(links) <= _LONGEST:
        if not reached and der_of(links[-1]) in accepted:
            reached = len(links)
        above = _issuer_of(links[-1], authorities, len(links) - 1)
        if above is None or above in links:
            break
        links.append(above)
    return Chain(tuple(links), reached) if reached else None


def _issuer_of(
    certificate: x509.Certificate, authorities: Sequence[x509.Certificate], below: int
) -> x509.Certificate | None:
    """Return who signed a certificate under which `below` authorities stand."""
    for authority in authorities:
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        longest = constraints.path_length
        if (longest is None or below <= longest) and signed_by(certificate, authority):
            return authority
    return None


def revocation(chain: Chain, folders: Sequence[Path], now: datetime) -> str:
    """Return which certificate of a chain its authority revoked, else an empty text.

    A list that cannot be read revokes everything an authority vouches for, since it may be the
    one that matters. An authority without a list revokes nothing.
    """
    pairs = list(zip(chain.certificates, chain.certificates[1:], strict=False))
    if not pairs:
        return ""
    lists: list[x509.CertificateRevocationList] = []
    for path in (each for folder in folders for each in sorted(folder.glob("*.crl"))):
        try:
            lists.append(_read_list(path))
        except (ValueError, OSError) as error:
            return f"may be revoked: the revocation list {path} cannot be read ({error})"
    for certificate, authority in pairs:
        for each in lists:
            if _is_listed(certificate, authority, each, now):
                return f"was revoked by {authority.subject.rfc4514_string()}"
    return ""


def _is_listed(
    certificate: x509.Certificate,
    authority: x509.Certificate,
    revoked: x509.CertificateRevocationList,
    now: datetime,
) -> bool:
    if revoked.issuer != authority.subject:
        return False
    if not revoked.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]
        log.warning("edge.crl_forged", issuer=authority.subject.rfc4514_string())
        return False
    if revoked.next_update_utc is not None and revoked.next_update_utc < now:
        log.warning(
            "edge.crl_outdated",
            issuer=authority.subject.rfc4514_string(),
            due=revoked.next_update_utc.isoformat(),
        )
    return revoked.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None


def _read_list(path: Path) -> x509.CertificateRevocationList:
    content = path.read_bytes()
    pem = content.lstrip().startswith(b"-----")
    return (x509.load_pem_x509_crl if pem else x509.load_der_x509_crl)(content)
