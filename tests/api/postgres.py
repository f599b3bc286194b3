"""A PostgreSQL server of the test's own, started from Debian's programs as user postgres."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.real_parts import need


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _run(command: Sequence[str | Path]) -> None:
    """Run a program as user postgres when the tests run as root, which PostgreSQL refuses."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr or done.stdout


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    programs = _programs()
    need(programs is not None, "PostgreSQL (apt-get install postgresql)")
    assert programs is not None
    # Short and of everyone's: the socket's path has to fit into 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
    data = home / "data"
    try:
        _run([programs / "initdb", "-D", data, "-A", "trust", "-U", "owner", "-N", "-E", "UTF8"])
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {home}"
        _run([programs / "pg_ctl", "-D", data, "-o", options, "-l", home / "log", "-w", "start"])
        try:
            yield f"postgresql://owner@127.0.0.1:{port}/postgres"
        finally:
            _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A fresh database whose owner is no superuser, as row-level security asks for."""
    name = f"line_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'pilotline'")
        if known.fetchone() is None:
            connection.execute("CREATE ROLE pilotline LOGIN")
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER pilotline").format(sql.Identifier(name))
        )
    return postgres_server.replace("owner@", "pilotline@").replace("/postgres", f"/{name}")
