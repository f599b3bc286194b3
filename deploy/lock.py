"""Writes the two lock files: what runs, and what develops; with hashes and no index address."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMON = (
    *("pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-header", "--quiet", "--upgrade"),
)
LOCKS = {
    "requirements.lock": ("pyproject.toml", "--group", "build"),
    "requirements-dev.lock": ("pyproject.toml", "--extra", "mqtt", "--group", "dev"),
}


def main() -> int:
    """Write both lock files and return the exit code."""
    for name, what in LOCKS.items():
        command = [sys.executable, "-m", "uv", *COMMON, *what, "--output-file", name]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
