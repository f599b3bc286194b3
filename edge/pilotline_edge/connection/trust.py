"""Trust: which server certificates the agent accepts."""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography import x509

from pilotline_edge.connection.identity import WARN_BEFORE
from pilotline_edge.errors import CertificateUntrusted
from pilotline_edge.pki.certificates import (
    application_uris,
    certificates_in,
    der_of,
    fingerprint,
    first_certificate,
    read_chain,
)
from pilotline_edge.pki.chains import Chain, chain_of, revocation
from pilotline_edge.pki.faults import other_application, other_host, untimely, weakness
from pilotline_plant.printable import printable

__all__ = ["TrustStore", "fingerprint", "first_certificate"]

log = structlog.get_logger("pilotline.edge")

_MOST_REJECTED = 100
_LONGEST_REASON = 500


class TrustStore:
    """Certificates a person has accepted, as files.

    ``trusted/`` holds server certificates, or those of authorities that sign them; ``issuer/``
    authorities that only complete a chain to a trusted one; ``crl/`` revocation lists; ``revoked/``
    what a person refuses for good; ``rejected/`` collects what was refused. Files are read at each
    check, so moving one takes effect without a restart.

    A further folder of accepted certificates may be given, for machines whose certificates a
    program makes.

    asyncua connects to any server certificate when nothing is configured: it asks the server for
    its certificate over an unsecured channel and believes the answer.

    Characteristics
        rejected: at most 100 files, the one presented longest ago goes first
    """

    def __init__(self, folder: Path, further: Path | None = None) -> None:
        self._further = further
        self.trusted = folder / "trusted"
        self.issuer = folder / "issuer"
        self.rejected = folder / "rejected"
        self.revoked = folder / "revoked"
        self.crl = folder / "crl"
        for part in (self.trusted, self.issuer, self.rejected, self.revoked, self.crl):
            part.mkdir(parents=True, exist_ok=True)

    def check(
        self,
        der: bytes,
        machine: str,
        now: datetime | None = None,
        *,
        host: str | None = None,
        application_uri: str | None = None,
    ) -> datetime:
        """Return the end of validity of a server certificate that is trusted.

        A certificate that a person trusted itself may name another host, or no application: many
        machines cannot do better, and its key proves who it is.

        Args:
            der: the certificate as the server sent it, with or without its issuers.
            machine: whose server it is, for the message and the file name.
            now: aware instant to judge validity at; the present by default.
            host: where it was reached.
            application_uri: what the server calls itself.

        Raises:
            CertificateUntrusted: it is refused; the message says why and what to do.
        """
        now = now or datetime.now(UTC)
        leaf, *sent = _chain(der, machine)
        if weak := weakness(leaf):
            raise _refusal(machine, f"{weak}; make a stronger one on the machine")
        if any(each == leaf for _, each in certificates_in(self.revoked)):
            raise _refusal(machine, f"was revoked here; see {self.revoked}")
        chain = self._trusted_chain(leaf, sent, machine)
        if reason := self._fault(chain, now, host, application_uri):
            raise _refusal(machine, reason)
        if leaf.not_valid_after_utc - now < WARN_BEFORE:
            log.warning(
                "edge.certificate_expires",
                machine=machine,
                expires=leaf.not_valid_after_utc.isoformat(),
            )
        return leaf.not_valid_after_utc

    def _trusted_chain(
        self, leaf: x509.Certificate, sent: Sequence[x509.Certificate], machine: str
    ) -> Chain:
        issuers = [each for _, each in certificates_in(self.issuer)]
        chain = chain_of(leaf, list(self._accepted()), [*issuers, *sent])
        if chain is None:
            copy = self._reject(leaf, machine)
            raise CertificateUntrusted(
                f"machine {machine}: its server's certificate is not trusted; compare "
                f"SHA-256 {fingerprint(leaf)} with the machine's own display, then run "
                f"`pilotline edge trust accept {fingerprint(leaf)[:16]}` or move "
                f"{copy} to {self.trusted}"
            )
        return chain

    def _fault(
        self, chain: Chain, now: datetime, host: str | None, application_uri: str | None
    ) -> str:
        leaf = chain.certificates[0]
        for each in chain.certificates[: chain.trusted]:
            whose = "" if each is leaf else f"was signed by {each.subject.rfc4514_string()}, which "
            if fault := weakness(each) or untimely(each, now):
                return f"{whose}{fault}; renew it on the machine, or set the clock"
        if revoked := revocation(chain, (self.crl, self.issuer, self.trusted), now):
            return f"{revoked}; make a new one on the machine"
        if not (chain.pinned and not application_uris(leaf)) and (
            other := other_application(leaf, application_uri)
        ):
            return f"{other}; another server answers, or the machine needs a new certificate"
        if not chain.pinned and (other := other_host(leaf, host)):
            return f"{other}; correct the endpoint's url, or make a new one on the machine"
        return ""

    def _accepted(self) -> Iterator[x509.Certificate]:
        for folder in (self.trusted, *([self._further] if self._further is not None else [])):
            yield from (each for _, each in certificates_in(folder))

    def _reject(self, certificate: x509.Certificate, machine: str) -> Path:
        """Keep a copy for a person; its file's time is when it was last presented."""
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", machine)
        path = self.rejected / f"{safe}-{fingerprint(certificate)[:16]}.der"
        if path.exists():
            os.utime(path)
            return path
        waiting = sorted(self.rejected.iterdir(), key=lambda each: each.stat().st_mtime)
        for oldest in waiting[: max(len(waiting) - _MOST_REJECTED + 1, 0)]:
            oldest.unlink(missing_ok=True)
        path.write_bytes(der_of(certificate))
        return path


def _chain(der: bytes, machine: str) -> list[x509.Certificate]:
    try:
        return read_chain(der)
    except ValueError as error:
        raise CertificateUntrusted(
            f"machine {machine}: its server sent {len(der)} bytes that are no certificate; "
            "make a new certificate on the machine"
        ) from error


def _refusal(machine: str, reason: str) -> CertificateUntrusted:
    return CertificateUntrusted(
        f"machine {machine}: its server's certificate {printable(reason[:_LONGEST_REASON])}"
    )
