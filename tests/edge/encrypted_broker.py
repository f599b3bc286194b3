"""A real Mosquitto that speaks TLS and asks for a password."""

import ipaddress
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.edge.broker import PASSWORDS, Broker, mosquitto
from tests.edge.issuing import Issued, issue

USER, PASSWORD = "edge", "a secret with blanks"


def pem(folder: Path, name: str, issued: Issued) -> Path:
    """Write a certificate, and its key beside it."""
    path = folder / f"{name}.pem"
    path.write_bytes(issued.certificate.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        issued.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@contextmanager
def encrypted(folder: Path) -> Iterator[Broker]:
    """Run a broker with a certificate for 127.0.0.1, which lets one user in."""
    authority = issue("works authority", authority=True)
    pem(folder, "authority", authority)
    pem(folder, "other", issue("other authority", authority=True))
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    own = pem(folder, "broker", issue("broker", authority, names=[address]))
    passwords = folder / "passwords"
    access = (
        f"allow_anonymous false\npassword_file {passwords}\n"
        f"certfile {own}\nkeyfile {own.with_suffix('.key')}"
    )
    with mosquitto(folder, access) as started:
        started.stop()
        subprocess.run([str(PASSWORDS), "-c", "-b", str(passwords), USER, PASSWORD], check=True)
        started.start()
        yield started


def environment(folder: Path, authority: str, password: str = PASSWORD) -> Mapping[str, str]:
    """Return what tells a client of that broker: its authority, or ``other``, and who it is."""
    return {
        "PILOTLINE_MQTT_CA_FILE": str(folder / f"{authority}.pem"),
        "PILOTLINE_MQTT_USER": USER,
        "PILOTLINE_MQTT_PASSWORD": password,
    }
