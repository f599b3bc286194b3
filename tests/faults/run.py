"""Runs the fault suite and prints what was counted.

    python tests/faults/run.py            as every test run does
    python tests/faults/run.py --full     as often as the guarantees are quoted with; half an hour

What stands behind ``--`` goes to pytest, such as ``-- -k kills``.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.faults.counts import VARIABLE  # noqa: E402 - found once the root is on the path


def main() -> int:
    """Run and return pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--full", action="store_true", help="repeat each fault often")
    parser.add_argument("pytest", nargs="*", help="further arguments of pytest, after --")
    wishes = parser.parse_args()
    environment = {**os.environ, VARIABLE: "full" if wishes.full else ""}
    command = [sys.executable, "-m", "pytest", "-s", "-q", "tests/faults", *wishes.pytest]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
