"""Finds the public scheduling instances where they are installed."""

import os
from pathlib import Path

from tests.real_parts import need


def instance(name: str) -> Path:
    """Return an instance file, or skip the test where the instances are not installed."""
    folders = (
        [Path(os.environ["PILOTLINE_INSTANCES"])] if "PILOTLINE_INSTANCES" in os.environ else []
    )
    folders += [parent / "shared/instances" for parent in Path(__file__).resolve().parents]
    found = next((folder / name for folder in folders if (folder / name).exists()), None)
    need(found is not None, "public scheduling instances (set PILOTLINE_INSTANCES to their folder)")
    assert found is not None
    return found
