"""Real parts that tests want: skipped where missing, required with CI=true."""

import os

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
