"""Who vouches for a machine, what is refused with which reason, and how a person decides."""

import ipaddress
import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs
from typer.testing import CliRunner

from pilotline.main import app
from pilotline_edge.connection.identity import activate_renewal, own_identity, prepare_renewal
from pilotline_edge.connection.trust import TrustStore
from pilotline_edge.errors import CertificateUntrusted
from pilotline_edge.pki.certificates import fingerprint
from tests.edge.issuing import DAY, NOW, Issued, issue, revocation_list, rsa_key

URI = "urn:maker:mill-1"
NAMES = (
    x509.UniformResourceIdentifier(URI),
    x509.DNSName("mill.example"),
    x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
)


class Works:
    """A root authority, one below it, and a machine's certificate below that."""

    def __init__(self, folder: Path) -> None:
        self.root = issue("root", authority=True)
        self.middle = issue("middle", self.root, authority=True)
        self.server = issue("server", self.middle, names=NAMES)
        self.store = TrustStore(folder / "pki")

    def trust(self, issued: Issued) -> None:
        (self.store.trusted / f"{fingerprint(issued.certificate)}.der").write_bytes(issued.der)

    def complete(self, issued: Issued) -> None:
        (self.store.issuer / f"{fingerprint(issued.certificate)}.der").write_bytes(issued.der)

    def refusal(self, der: bytes, **reached: str) -> str:
        with pytest.raises(CertificateUntrusted) as refused:
            self.store.check(der, "mill-1", None, **reached)
        return str(refused.value)


@pytest.fixture
def works(tmp_path: Path) -> Works:
    return Works(tmp_path)


# -- chains ---------------------------------------------------------------------------------


def test_a_chain_is_completed_by_the_issuer_folder_or_by_what_the_server_sends(
    works: Works,
) -> None:
    works.trust(works.root)
    assert "is not trusted" in works.refusal(works.server.der)
    works.store.check(works.server.der + works.middle.der, "mill-1")
    works.complete(works.middle)
    works.store.check(works.server.der, "mill-1")


def test_an_authority_in_the_issuer_folder_is_not_trusted_by_itself(works: Works) -> None:
    works.complete(works.middle)
    works.complete(works.root)
    assert "is not trusted" in works.refusal(works.server.der)
    assert "is not trusted" in works.refusal(works.server.der + works.middle.der + works.root.der)


def test_an_authority_that_may_not_sign_authorities_vouches_for_none_below(works: Works) -> None:
    short = issue("short", authority=True, path_length=0)
    below = issue("below", short, authority=True)
    server = issue("far", below)
    works.trust(short)
    assert "is not trusted" in works.refusal(server.der + below.der)
    works.store.check(issue("near", short).der, "mill-1")


@pytest.mark.parametrize("revoked", ["server", "middle"])
def test_a_revoked_link_breaks_the_chain(works: Works, revoked: str) -> None:
    works.trust(works.root)
    works.complete(works.middle)
    by = works.middle if revoked == "server" else works.root
    listed = revocation_list(by, getattr(works, revoked))
    (works.store.crl / "list.crl").write_bytes(listed)
    assert "was revoked by CN=" in works.refusal(works.server.der)


def test_a_revoked_certificate_is_refused_although_it_is_trusted_itself(works: Works) -> None:
    works.trust(works.server)
    works.complete(works.middle)
    works.store.check(works.server.der, "mill-1")
    listed = revocation_list(works.middle, works.server, due=NOW - DAY)
    (works.store.crl / "list.crl").write_bytes(listed)
    assert "was revoked by CN=middle" in works.refusal(works.server.der)


def test_a_forged_list_revokes_nothing_and_a_broken_one_everything(works: Works) -> None:
    works.trust(works.middle)
    forged = revocation_list(works.middle, works.server, signer=issue("forger", authority=True))
    (works.store.crl / "forged.crl").write_bytes(forged)
    works.store.check(works.server.der, "mill-1")
    (works.store.crl / "broken.crl").write_bytes(b"garbage")
    assert "broken.crl cannot be read" in works.refusal(works.server.der)


# -- faults ---------------------------------------------------------------------------------


def test_each_fault_is_named(works: Works) -> None:
    weak = issue("weak", key=rsa_key("weak", 1024))
    curve = issue("curve", key=ec.generate_private_key(ec.SECP256R1()))
    early = issue("early", since=NOW + DAY)
    late = issue("late", until=NOW - DAY)
    for issued in (weak, curve, early, late):
        works.trust(issued)
    assert "key of 1024 bits, less than 2048" in works.refusal(weak.der)
    assert "not RSA" in works.refusal(curve.der)
    assert "not valid yet" in works.refusal(early.der)
    assert "has expired" in works.refusal(late.der)


def test_an_expired_authority_vouches_for_nobody(works: Works) -> None:
    old = issue("old", authority=True, until=NOW - DAY)
    works.trust(old)
    assert "signed by CN=old, which has expired" in works.refusal(issue("new", old).der)


def test_another_application_is_refused(works: Works) -> None:
    works.trust(works.server)
    works.store.check(works.server.der, "mill-1", application_uri=URI)
    reason = works.refusal(works.server.der, application_uri="urn:maker:mill-2")
    assert f"is that of {URI}, where the server calls itself urn:maker:mill-2" in reason


def test_another_host_is_refused_unless_a_person_trusted_the_very_certificate(
    works: Works,
) -> None:
    works.trust(works.middle)
    for host in ("mill.example", "MILL.example.", "192.0.2.7"):
        works.store.check(works.server.der, "mill-1", host=host)
    assert "not of 192.0.2.8" in works.refusal(works.server.der, host="192.0.2.8")
    works.trust(works.server)
    works.store.check(works.server.der, "mill-1", host="192.0.2.8")


def test_a_server_with_ever_new_certificates_does_not_fill_the_disk(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilotline_edge.connection.trust._MOST_REJECTED", 3)
    key = rsa_key("many")
    for number in range(5):
        works.refusal(issue(f"new-{number}", key=key).der)
    assert len(list(works.store.rejected.iterdir())) == 3


# -- decisions of a person ------------------------------------------------------------------


def _run(folder: Path, *arguments: str, code: int = 0) -> str:
    runner = CliRunner(env={"COLUMNS": "300"})
    done = runner.invoke(app, ["edge", "trust", *arguments, "--data", str(folder)])
    assert done.exit_code == code, done.output
    return done.output


def test_a_person_lists_accepts_rejects_and_revokes_by_thumbprint(
    works: Works, tmp_path: Path
) -> None:
    works.refusal(works.server.der)
    (listed,) = json.loads(_run(tmp_path, "list", "--json"))
    digits = fingerprint(works.server.certificate)
    assert (listed["folder"], listed["machine"], listed["sha256"]) == ("rejected", "mill-1", digits)
    assert (listed["subject"], listed["issuer"]) == ("CN=server", "CN=middle")
    assert listed["application_uris"] == [URI]
    assert listed["hosts"] == ["mill.example", "192.0.2.7"]
    spaced = ":".join(digits[n : n + 2] for n in range(0, 16, 2)).lower()
    assert digits in _run(tmp_path, "accept", spaced)
    works.store.check(works.server.der, "mill-1")
    _run(tmp_path, "reject", digits[:8])
    works.refusal(works.server.der)
    works.trust(works.middle)
    works.store.check(works.server.der, "mill-1")
    _run(tmp_path, "revoke", digits)
    assert "was revoked here" in works.refusal(works.server.der)
    _run(tmp_path, "accept", digits)
    works.store.check(works.server.der, "mill-1")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert "no certificate in" in _run(tmp_path, "accept", "0" * 16, code=1)
    assert "neither a file nor" in _run(tmp_path, "accept", "nothing.der", code=1)


def test_an_authority_is_brought_as_a_file(works: Works, tmp_path: Path) -> None:
    for name, issued in (("root", works.root), ("middle", works.middle)):
        (tmp_path / f"{name}.der").write_bytes(issued.der)
    _run(tmp_path, "accept", str(tmp_path / "root.der"))
    _run(tmp_path, "accept", str(tmp_path / "middle.der"), "--issuer")
    works.store.check(works.server.der, "mill-1")
    assert "(authority)" in _run(tmp_path, "list")


def test_accepting_what_is_refused_all_the_same_says_so(works: Works, tmp_path: Path) -> None:
    late = issue("late", until=NOW - DAY)
    works.refusal(late.der)
    output = _run(tmp_path, "accept", fingerprint(late.certificate))
    assert "refused all the same: it has expired" in output


def test_a_certificates_names_cannot_command_the_terminal(works: Works, tmp_path: Path) -> None:
    evil = issue("\x1b[31m[red]x[/red]\nfake row")
    works.refusal(evil.der)
    output = _run(tmp_path, "list")
    assert "\x1b" not in output
    assert "[red]" in output


def test_the_agents_certificate_is_renewed_in_two_steps(works: Works, tmp_path: Path) -> None:
    own = tmp_path / "pki" / "own"
    before = own_identity(own, host="edge-1")
    old = before.certificate.read_bytes()
    assert "renew` first" in _run(tmp_path, "renew", "--activate", code=1)
    _run(tmp_path, "renew")
    successor = prepare_renewal(own)
    new = successor.certificate.read_bytes()
    assert own_identity(own).certificate.read_bytes() == old != new
    assert successor.application_uri == before.application_uri
    assert "within 45 minutes" in _run(tmp_path, "renew", "--activate")
    assert own_identity(own).certificate.read_bytes() == new
    assert (own / "private-key.pem").stat().st_mode & 0o077 == 0
    with pytest.raises(FileNotFoundError):
        activate_renewal(own)


def test_the_agent_warns_thirty_days_before_its_certificate_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as logged:
        own_identity(tmp_path / "long")
    assert logged == []
    monkeypatch.setattr("pilotline_edge.connection.identity._VALIDITY", timedelta(days=29))
    with capture_logs() as logged:
        own_identity(tmp_path / "short")
    assert [each["event"] for each in logged] == ["edge.own_certificate_expires"]
