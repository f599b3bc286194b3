"""One running API for the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.live.running import RunningApi, running


@pytest.fixture
def api(module_api: RunningApi) -> Iterator[RunningApi]:
    """The module's API; what a test's browsers hold open is closed with the test."""
    yield module_api
    module_api.close_browsers()


@pytest.fixture(scope="module")
def module_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running(Path(tmp_path_factory.mktemp("api"))) as served:
        yield served
