"""Installs what the tests of other makers' parts need from npm; without Node those tests skip.

Run it as ``python deploy/interop.py``. With ``CI=true`` a part that cannot be had is an error.
"""

import os
import sys
from pathlib import Path

from node import NO_NODE, NodeError, find_npm

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (ROOT / "tests" / "interop", ROOT / "api" / "web")


def main() -> int:
    """Install what can be had; return the exit status."""
    problem = install()
    if problem is None:
        return 0
    sys.stderr.write(f"Tests that need Node packages will skip. {problem}\n")
    return 1 if os.environ.get("CI") == "true" else 0


def install() -> str | None:
    """Install the packages of every folder and return what stood in the way, or None."""
    npm = find_npm()
    if npm is None:
        return NO_NODE
    try:
        for folder in FOLDERS:
            npm.install(folder)
    except NodeError as failure:
        return str(failure)
    return None


if __name__ == "__main__":
    raise SystemExit(main())
