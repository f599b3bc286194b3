"""An administrator installs the edge as a service from the files under deploy, as they are."""

import re
import shlex
import shutil
import subprocess
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from pilotline.commands.edge import app
from pilotline.logs import in_journal, prioritised

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "pilotline-edge.service"
ENVIRONMENT = ROOT / "deploy" / "systemd" / "edge.env"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
SCRAPING = ROOT / "deploy" / "prometheus" / "prometheus.yml"
GUIDE = ROOT / "docs" / "how-to" / "run-the-edge-as-a-service.md"
COMMANDS = ROOT / "docs" / "reference" / "commands.md"

yaml: Any = import_module("yaml")


class UnitFile(ConfigParser):
    """Keeps the capitals of keys."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _unit() -> ConfigParser:
    unit = UnitFile(interpolation=None, strict=True)
    unit.read_string(UNIT.read_text("utf-8").replace("\\\n", " "))
    return unit


def _command() -> list[str]:
    return shlex.split(_unit()["Service"]["ExecStart"])


def test_the_unit_starts_a_command_that_there_is() -> None:
    program, group, command, *arguments = _command()
    assert (Path(program).name, group, command) == ("pilotline", "edge", "run")
    run = get_command(app).commands[command]  # type: ignore[attr-defined]
    asked = run.make_context(command, arguments).params
    assert asked["metrics_port"] == 9464
    assert str(asked["plant"]) == "/etc/pilotline/plant.toml"
    assert str(asked["data"]) == "/var/lib/pilotline/edge"


def test_the_service_writes_only_into_the_directory_that_the_unit_gives_it() -> None:
    service = _unit()["Service"]
    assert service["ProtectSystem"] == "strict"
    data = Path(_command()[_command().index("--data") + 1])
    assert str(data.relative_to("/var/lib")) in service["StateDirectory"].split()
    assert service["User"] == "pilotline"
    assert service["Restart"] == "always"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    installed = tmp_path / UNIT.name
    text = UNIT.read_text("utf-8").replace(_command()[0], shutil.which("true") or "/bin/true")
    installed.write_text(text, encoding="utf-8")
    analyse = shutil.which("systemd-analyze") or ""
    verified = subprocess.run(
        [analyse, "verify", str(installed)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")


def test_every_variable_of_the_environment_file_is_described() -> None:
    text = ENVIRONMENT.read_text("utf-8")
    variables = set(re.findall(r"^#?(PILOTLINE_\w+)=", text, flags=re.MULTILINE))
    assert len(variables) >= 6
    described = COMMANDS.read_text("utf-8").replace("<MACHINE>", "MILL_1")
    assert {name for name in variables if f"`{name}`" not in described} == set()


def test_the_guide_names_the_paths_of_the_unit() -> None:
    guide = GUIDE.read_text("utf-8")
    service = _unit()["Service"]
    program, *_ = _command()
    for path in (program, "/etc/pilotline/plant.toml", "/var/lib/pilotline/edge"):
        assert path in guide
    assert service["EnvironmentFile"] in guide


def test_prometheus_reads_the_alerts_beside_its_configuration_from_the_units_port() -> None:
    scraping = yaml.safe_load(SCRAPING.read_text("utf-8"))
    assert scraping["rule_files"] == [ALERTS.name]
    (job,) = scraping["scrape_configs"]
    port = _command()[_command().index("--metrics-port") + 1]
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{port}"]}]
    (group,) = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    assert any(job["job_name"] in rule["expr"] for rule in group["rules"])


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    (group,) = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(names) == len(set(names)) >= 14
    for rule in group["rules"]:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"].keys() == {"summary", "description"}
        assert rule["expr"].count("(") == rule["expr"].count(")")
        labels = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert labels <= {"instance", "machine"}
        if "machine" in labels:
            assert "pilotline_edge_machine_" in rule["expr"], "only those have the label"


def test_a_line_in_the_systems_journal_has_its_priority() -> None:
    assert prioritised("warning", "away\nfor long") == "<4>away\n<4>for long"
    assert prioritised("info", "x") == "<6>x"
    assert not in_journal()
