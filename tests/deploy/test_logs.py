"""What is logged ends nothing, wherever it is to go."""

import subprocess
import sys
from pathlib import Path

from tests.real_parts import need

LOGGING = """
import structlog
from pilotline.logs import log_to_stderr
log_to_stderr()
structlog.get_logger().warning("edge.gap")
print("went on", flush=True)
"""


def test_a_full_disk_under_the_log_ends_nothing() -> None:
    full = Path("/dev/full")
    need(full.exists(), "/dev/full (Linux)")
    with full.open("wb") as log:
        logged = subprocess.run(
            [sys.executable, "-c", LOGGING], stdout=subprocess.PIPE, stderr=log, check=False
        )
    assert logged.stdout == b"went on\n"


def test_a_line_is_written_to_standard_error() -> None:
    logged = subprocess.run(
        [sys.executable, "-c", LOGGING], capture_output=True, text=True, check=True
    )
    assert "edge.gap" in logged.stderr
