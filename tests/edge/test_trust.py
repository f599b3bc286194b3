"""Only certificates that a person accepted are believed."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from pilotline_edge.connection.identity import own_identity
from pilotline_edge.connection.trust import TrustStore, first_certificate
from pilotline_edge.errors import CertificateUntrusted
from tests.edge.issuing import DAY, NOW, issue, revocation_list


def test_an_unknown_certificate_waits_in_rejected_and_the_message_names_it(tmp_path: Path) -> None:
    store, server = TrustStore(tmp_path), issue("server")
    with pytest.raises(CertificateUntrusted) as refusal:
        store.check(server.der, "mill-1")
    (waiting,) = store.rejected.iterdir()
    assert waiting.read_bytes() == server.der
    assert str(waiting) in str(refusal.value)
    assert str(store.trusted) in str(refusal.value)
    assert server.certificate.fingerprint(hashes.SHA256()).hex().upper() in str(refusal.value)
    waiting.rename(store.trusted / waiting.name)
    assert store.check(server.der, "mill-1") == server.certificate.not_valid_after_utc


def test_pem_files_and_a_further_folder_are_read(tmp_path: Path) -> None:
    one, other = issue("one"), issue("other")
    further = tmp_path / "further"
    further.mkdir()
    (further / "one.pem").write_bytes(one.certificate.public_bytes(serialization.Encoding.PEM))
    store = TrustStore(tmp_path / "pki", further)
    store.check(one.der, "mill-1")
    with pytest.raises(CertificateUntrusted):
        store.check(other.der, "mill-1")


def test_a_certificate_of_a_trusted_authority_is_accepted_until_it_is_revoked(
    tmp_path: Path,
) -> None:
    authority = issue("authority", authority=True)
    server = issue("server", authority)
    store = TrustStore(tmp_path)
    (store.trusted / "authority.der").write_bytes(authority.der)
    store.check(server.der, "mill-1")
    (store.crl / "authority.crl").write_bytes(revocation_list(authority, server))
    with pytest.raises(CertificateUntrusted):
        store.check(server.der, "mill-1")


def test_a_server_certificate_in_trusted_vouches_for_no_other(tmp_path: Path) -> None:
    leaf = issue("leaf")
    forged = issue("forged", leaf)
    store = TrustStore(tmp_path)
    (store.trusted / "leaf.der").write_bytes(leaf.der)
    with pytest.raises(CertificateUntrusted):
        store.check(forged.der, "mill-1")


def test_an_expired_certificate_is_refused_although_it_is_trusted(tmp_path: Path) -> None:
    expired = issue("server", until=NOW - DAY)
    store = TrustStore(tmp_path)
    (store.trusted / "server.der").write_bytes(expired.der)
    with pytest.raises(CertificateUntrusted, match="valid from"):
        store.check(expired.der, "mill-1")


def test_garbage_is_no_certificate(tmp_path: Path) -> None:
    with pytest.raises(CertificateUntrusted, match="no certificate"):
        TrustStore(tmp_path).check(b"garbage", "mill-1")


def test_a_chain_is_judged_by_its_first_certificate() -> None:
    authority = issue("authority", authority=True)
    server = issue("server", authority)
    assert first_certificate(server.der + authority.der) == server.der


def test_the_agents_own_certificate_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    first = own_identity(tmp_path / "own", host="edge-1")
    again = own_identity(tmp_path / "own", host="elsewhere")
    assert first == again
    assert first.application_uri == "urn:pilotline:edge:edge-1"
    assert stat.S_IMODE(first.private_key.stat().st_mode) == 0o600
    parsed = x509.load_der_x509_certificate(first.certificate.read_bytes())
    assert not parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
