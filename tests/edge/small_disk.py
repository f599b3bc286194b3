"""A disk so small that a test can fill it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.real_parts import need


@contextmanager
def mounted_at(folder: Path) -> Iterator[Path]:
    """Mount a disk of eight megabytes at a folder; skip, or fail in CI, where that is refused."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    mounted = False
    if os.geteuid() == 0 and mount is not None and umount is not None:
        command = [mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
        mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    need(mounted, "the right to mount a small tmpfs (root)")
    try:
        yield folder
    finally:
        assert umount is not None
        subprocess.run([umount, str(folder)], check=True)
