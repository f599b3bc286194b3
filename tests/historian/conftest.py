"""Stores that the historian's tests write to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotline_historian import Historian, open_historian
from tests.historian.influxd import Influxd, running_influxd


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with running_influxd(tmp_path_factory.mktemp("influxd")) as server:
        yield server


@pytest.fixture
def embedded_file(tmp_path: Path) -> Path:
    return tmp_path / "historian.sqlite"


@pytest.fixture
def embedded(embedded_file: Path) -> Iterator[Historian]:
    historian = open_historian(f"sqlite:///{embedded_file}")
    yield historian
    historian.close()
