"""What stands in the way of `pilotline up` is said in a sentence, and nothing is left running."""

import subprocess
import sys
from pathlib import Path

import pytest

from pilotline_plant.examples import example_plant
from tests.deploy.line import with_free_ports
from tests.sockets import free_ports, listening


def refused(*words: str) -> str:
    """Run `pilotline up` and return what it said on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "pilotline", "up", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return with_free_ports(example_plant("bench"), tmp_path / "plant.toml")


def test_a_port_in_use_names_the_way_out(tmp_path: Path, plant: Path) -> None:
    with listening() as port:
        said = refused("--plant", str(plant), "--data", str(tmp_path / "data"), f"--port={port}")
    assert f"127.0.0.1:{port}" in said
    assert "--port N" in said


def test_a_machines_port_in_use_names_the_machine(tmp_path: Path) -> None:
    with listening() as port:
        text = example_plant("bench").read_text(encoding="utf-8")
        taken = tmp_path / "plant.toml"
        taken.write_text(text.replace("127.0.0.1:48502", f"127.0.0.1:{port}"), encoding="utf-8")
        (own,) = free_ports(1)
        said = refused("--plant", str(taken), "--data", str(tmp_path / "data"), f"--port={own}")
    assert "oven-1" in said
    assert str(port) in said


def test_a_broken_plant_file_names_file_line_and_reason(tmp_path: Path, plant: Path) -> None:
    text = plant.read_text(encoding="utf-8")
    plant.write_text(text.replace("Europe/Copenhagen", "Europe/Taastrup"), encoding="utf-8")
    line = next(
        number
        for number, each in enumerate(plant.read_text(encoding="utf-8").splitlines(), start=1)
        if "Europe/Taastrup" in each
    )
    said = refused("--plant", str(plant), "--data", str(tmp_path / "data"))
    assert f"{plant}:{line}:" in said
    assert "Europe/Taastrup" in said
    assert not (tmp_path / "data").exists(), "nothing is half-done"


def test_a_missing_plant_file_and_a_missing_write_right_are_said(
    tmp_path: Path, plant: Path
) -> None:
    missing = tmp_path / "no-such-plant.toml"
    assert str(missing) in refused("--plant", str(missing), "--data", str(tmp_path / "data"))
    blocked = tmp_path / "file"
    blocked.write_text("a file where the data directory should be", encoding="utf-8")
    said = refused("--plant", str(plant), "--data", str(blocked / "data"))
    assert "--data DIR" in said
