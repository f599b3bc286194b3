"""Who mistypes a command or an address reads what is wrong, with which value, and what to do."""

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest
from asyncua.ua import uaerrors
from asyncua.ua.status_codes import StatusCodes
from rich.console import Console
from typer.testing import CliRunner

from pilotline.main import app
from pilotline_edge import read_status
from pilotline_edge.agent import AgentSettings, EdgeAgent
from pilotline_edge.connection.words import status_words, unanswered
from pilotline_edge.data_directory import prepare
from pilotline_edge.errors import DataDirectoryUnusable, LiveUrlError
from pilotline_plant.examples import example_plant
from tests.edge.issuing import issue
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import NAMESPACE, OpcUaMachine, free_port
from tests.edge.plants import plant


def _told(*arguments: str, code: int) -> str:
    """Return what a command says, on one line, and check its exit code."""
    done = CliRunner().invoke(app, ["edge", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return " ".join(done.output.split())


def _answered(code: int) -> uaerrors.UaError:
    made: uaerrors.UaError = uaerrors.UaStatusCodeError(code)  # type: ignore[no-untyped-call]
    return made


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), "nothing listens"),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 111] b"), "nothing listens"),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 113] b"), "Multiple exceptions"),
        (socket.gaierror(-2, "Name or service not known"), "host name is not known"),
        (TimeoutError(), "no answer in time"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no route to the host"),
        (_answered(StatusCodes.BadTcpEndpointUrlInvalid), "BadTcpEndpointUrlInvalid: "),
        (_answered(StatusCodes.BadRequestTooLarge), "beyond the limits of this agent"),
    ],
)
def test_why_a_machine_does_not_answer_is_told_in_words(error: Exception, words: str) -> None:
    assert words in unanswered(error)


def test_a_status_code_is_named_once() -> None:
    assert (
        status_words(_answered(StatusCodes.BadUserAccessDenied)).count("BadUserAccessDenied") == 1
    )


@pytest.mark.parametrize("below", ["", "edge"])
def test_a_file_in_place_of_the_data_directory_is_named(tmp_path: Path, below: str) -> None:
    file = tmp_path / "taken"
    file.touch()
    bench = str(example_plant("bench"))
    told = _told("run", bench, "--data", str(file / below), code=1)
    assert f"{file} is a file" in told
    assert "--data" in told
    assert "no agent has run" in _told("status", "--data", str(file / below), code=1)


def test_a_data_directory_of_somebody_else_is_refused_with_both_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DataDirectoryUnusable, match=r"may not write .* owner, or .* --data"):
        prepare(tmp_path)


def test_a_status_that_is_none_is_told_and_the_agent_starts_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text("half a sta", encoding="utf-8")
    told = _told("status", "--data", str(tmp_path), code=1)
    assert f"{tmp_path / 'status.json'} is no agent's status" in told

    async def start() -> None:
        stop = asyncio.Event()
        stop.set()
        await EdgeAgent(plant(), MemoryHistorian(), AgentSettings(tmp_path)).run(stop)

    asyncio.run(start())
    assert (read_status(tmp_path) or {})["stopped"]


def test_live_values_go_to_no_address_that_cannot_be_one(tmp_path: Path) -> None:
    settings = AgentSettings(tmp_path, live_url="api.example:8000")
    agent = EdgeAgent(plant(), MemoryHistorian(), settings)
    with pytest.raises(LiveUrlError, match=r"'api\.example:8000'; write http://"):
        asyncio.run(agent.run(asyncio.Event()))


def test_a_folder_of_certificates_that_is_not_there_is_refused(tmp_path: Path) -> None:
    bench = str(example_plant("bench"))
    told = _told("run", bench, "--data", str(tmp_path), "--trust", "nowhere", code=2)
    assert "nowhere: there is no such folder" in told


def test_looking_at_certificates_makes_no_folder(tmp_path: Path) -> None:
    elsewhere = tmp_path / "mistyped"
    assert "name the agent's by --data" in _told("trust", "list", "--data", str(elsewhere), code=1)
    assert not elsewhere.exists()


def test_a_certificate_that_is_accepted_already_is_not_said_to_be_missing(tmp_path: Path) -> None:
    certificate = tmp_path / "mill.der"
    certificate.write_bytes(issue("mill").der)
    _told("trust", "accept", str(certificate), "--data", str(tmp_path), code=0)
    listed = _told("trust", "list", "--data", str(tmp_path), code=0)
    digits = next(word for word in listed.split() if len(word) == 64)
    told = _told("trust", "accept", digits[:16], "--data", str(tmp_path), code=1)
    assert f"{digits} is trusted already" in told


def test_a_thumbprint_is_whole_in_eighty_columns_and_what_to_do_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected = tmp_path / "pki" / "rejected"
    rejected.mkdir(parents=True)
    mill = issue("a mill with a rather long name, " * 2)
    (rejected / "mill-1-0123456789ABCDEF.der").write_bytes(mill.der)
    monkeypatch.setenv("COLUMNS", "80")
    done = CliRunner().invoke(app, ["edge", "trust", "list", "--data", str(tmp_path)])
    lines = done.output.splitlines()
    (digits,) = (word for word in done.output.split() if len(word) == 64)
    assert max(map(len, lines)) <= 80
    assert "rejected: mill-1, presented" in lines[0]
    assert f"pilotline edge trust accept {digits[:16]}" in lines[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("http://mill:4840",), "neither opc.tcp://HOST:PORT/PATH nor a plant file"),
        (("opc.tcp://mill:4840", "mill-1"), "machine mill-1 needs a plant file in place of"),
        (("opc.tcp://mill:4840", "--compare"), "--compare needs a plant file in place of"),
        ((str(example_plant("bench")),), "name a machine of"),
        ((str(example_plant("bench")), "nope"), "has no machine nope; name one of"),
    ],
)
def test_a_browse_of_nothing_that_could_be_browsed_is_refused(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    assert words in _told("browse", *arguments, "--data", str(tmp_path), code=2)


def test_a_machine_without_a_name_is_called_by_its_address(tmp_path: Path) -> None:
    url = f"opc.tcp://127.0.0.1:{free_port()}/mill"
    told = _told("browse", url, "--security", "None", "--data", str(tmp_path), code=1)
    assert told.startswith(f"{url} does not answer as an OPC UA server (connection refused")


@pytest.mark.parametrize("option", ["--under", "--path"])
def test_a_browse_that_finds_nothing_writes_nothing(option: str, tmp_path: Path) -> None:
    out = tmp_path / "tags.toml"

    async def browse() -> str:
        async with OpcUaMachine(("a",)) as there:
            wishes = ["--security", "None", option, "nsu=urn:nobody;Mill", "--out", str(out)]
            arguments = [there.url, *wishes, "--data", str(tmp_path)]
            return await asyncio.to_thread(_told, "browse", *arguments, code=1)

    told = asyncio.run(browse())
    assert "urn:nobody" in told
    assert not out.exists()
    assert NAMESPACE not in told


def test_a_policy_that_a_machine_lacks_is_told_with_what_to_write(tmp_path: Path) -> None:
    async def browse() -> str:
        async with OpcUaMachine(("a",)) as there:
            return await asyncio.to_thread(
                _told, "browse", there.url, "--data", str(tmp_path), code=1
            )

    told = asyncio.run(browse())
    assert "does not offer SignAndEncrypt with Basic256Sha256" in told
    assert 'only on a network that nobody else can reach, write security = "None"' in told


def test_names_of_machines_are_whole_in_eighty_columns() -> None:
    from io import StringIO

    from pilotline.commands.edge_status import pages
    from tests.edge.told import NOW, machine, status

    out = StringIO()
    for page in pages(status(machine("mill-1"), machine("moulding-line-2")), NOW):
        Console(width=80, file=out).print(page)
    assert "moulding-line-2" in out.getvalue()
