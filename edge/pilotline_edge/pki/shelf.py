"""Shelf: the trust folders as a person sees and sorts them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import CertificateUnknown
from pilotline_edge.pki.certificates import (
    application_uris,
    certificates_in,
    fingerprint,
    host_names,
    is_authority,
    read_certificate,
)
from pilotline_edge.pki.faults import untimely, weakness

_PRESENTED = re.compile(r"(?P<machine>.+)-[0-9A-F]{16}(?:\.\w+)?")
_LEAST_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Shelved:
    """A certificate in one of the folders.

    Attributes:
        folder: ``trusted``, ``issuer``, ``rejected`` or ``revoked``.
        path: its file.
        certificate: what it holds.
    """

    folder: str
    path: Path
    certificate: x509.Certificate

    @property
    def machine(self) -> str | None:
        """The machine that presented it, or None when a person brought it."""
        match = _PRESENTED.fullmatch(self.path.name)
        return match["machine"] if match else None

    @property
    def presented(self) -> datetime:
        """When it was last presented and refused, or brought."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def fault(self, now: datetime) -> str:
        """Return why it would be refused although it is trusted, else an empty text."""
        return weakness(self.certificate) or untimely(self.certificate, now)

    def to_json(self, now: datetime) -> dict[str, Any]:
        """Return what a person needs to judge it."""
        certificate = self.certificate
        return {
            "folder": self.folder,
            "file": str(self.path),
            "machine": self.machine,
            "presented": self.presented.isoformat(timespec="seconds"),
            "subject": certificate.subject.rfc4514_string(),
            "issuer": certificate.issuer.rfc4514_string(),
            "sha256": fingerprint(certificate),
            "valid_from": certificate.not_valid_before_utc.isoformat(),
            "valid_to": certificate.not_valid_after_utc.isoformat(),
            "application_uris": application_uris(certificate),
            "hosts": host_names(certificate),
            "authority": is_authority(certificate),
            "fault": self.fault(now) or None,
        }


class Shelf:
    """Sorts certificates between the folders of a `TrustStore`, which reads them at each check."""

    def __init__(self, store: TrustStore) -> None:
        self._folders = {
            "rejected": store.rejected,
            "trusted": store.trusted,
            "issuer": store.issuer,
            "revoked": store.revoked,
        }

    def all(self) -> list[Shelved]:
        """Return every certificate, those that wait for a person first."""
        return list(self._in(self._folders))

    def accept(self, wanted: str, *, as_issuer: bool = False) -> Shelved:
        """Trust a certificate from now on.

        Args:
            wanted: at least 8 digits of its thumbprint, or a file.
            as_issuer: whether an authority only completes chains, without being trusted itself.

        Raises:
            CertificateUnknown: there is none, or several.
        """
        return self._move(wanted, ("rejected", "revoked"), "issuer" if as_issuer else "trusted")

    def reject(self, wanted: str) -> Shelved:
        """Trust a certificate no more; it waits again.

        Raises:
            CertificateUnknown: there is none, or several.
        """
        return self._move(wanted, ("trusted", "issuer"), "rejected")

    def revoke(self, wanted: str) -> Shelved:
        """Refuse a certificate for good, also when a trusted authority signed it.

        Raises:
            CertificateUnknown: there is none, or several.
        """
        return self._move(wanted, ("trusted", "issuer", "rejected"), "revoked")

    def _in(self, folders: Sequence[str] | dict[str, Path]) -> Iterator[Shelved]:
        for name in folders:
            for path, certificate in certificates_in(self._folders[name]):
                yield Shelved(name, path, certificate)

    def _move(self, wanted: str, sources: Sequence[str], to: str) -> Shelved:
        found = self._find(wanted, sources)
        target = self._folders[to] / found.path.name
        if found.folder:
            found.path.replace(target)
        else:
            target = self._folders[to] / f"{fingerprint(found.certificate)}.der"
            target.write_bytes(found.certificate.public_bytes(Encoding.DER))
        return Shelved(to, target, found.certificate)

    def _find(self, wanted: str, sources: Sequence[str]) -> Shelved:
        digits = re.sub(r"[\s:]", "", wanted).upper()
        if re.fullmatch(rf"[0-9A-F]{{{_LEAST_DIGITS},64}}", digits):
            found = [
                each
                for each in self._in(sources)
                if fingerprint(each.certificate).startswith(digits)
            ]
            if len(found) == 1:
                return found[0]
            raise CertificateUnknown(self._miss(digits, sources, len(found)))
        path = Path(wanted)
        try:
            certificate = read_certificate(path)
        except FileNotFoundError as error:
            raise CertificateUnknown(
                f"{wanted} is neither a file nor at least {_LEAST_DIGITS} digits of a thumbprint; "
                "`pilotline edge trust list` shows thumbprints"
            ) from error
        except OSError as error:
            raise CertificateUnknown(f"{wanted} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise CertificateUnknown(
                f"{wanted} holds no certificate; name a DER or PEM file that does"
            ) from error
        here = [each for each in self._in(sources) if each.certificate == certificate]
        return here[0] if here else Shelved("", path, certificate)

    def _miss(self, digits: str, sources: Sequence[str], number: int) -> str:
        """Return why a thumbprint does not name one certificate in some folders."""
        if number:
            return f"{number} certificates begin with {digits}; write more digits of the one meant"
        for each in self.all():
            if fingerprint(each.certificate).startswith(digits):
                return f"{fingerprint(each.certificate)} is {each.folder} already"
        return (
            f"no certificate in {', '.join(sources)} begins with {digits}; "
            "`pilotline edge trust list` shows them all"
        )
