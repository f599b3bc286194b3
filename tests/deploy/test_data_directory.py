"""One data directory belongs to one `pilotline up`; what stands in the way is said plainly."""

import os
from pathlib import Path

import pytest

from pilotline.errors import DataDirectoryError, PortInUseError
from pilotline.up.data_directory import DataDirectory
from pilotline.up.ports import require_free
from tests.sockets import listening


def test_a_second_line_on_the_same_data_is_refused_with_the_holder_named(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "data")
    directory.prepare()
    with (
        directory.lock(),
        pytest.raises(DataDirectoryError, match=f"in use by process {os.getpid()}"),
    ):
        directory.lock()
    directory.lock().close()


def test_a_directory_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the directory should be")
    with pytest.raises(DataDirectoryError, match="choose another one with --data DIR"):
        DataDirectory(blocked / "data").prepare()


def test_a_port_in_use_names_the_port_and_the_way_out() -> None:
    with listening() as port, pytest.raises(PortInUseError, match=rf"{port}.*--port N"):
        require_free("127.0.0.1", port, "The API", "Choose another one with --port N.")
