"""Builds the web pages into `pilotline_api/pages`; Node comes from PyPI, so Python is enough.

Run it as ``python deploy/pages.py``; ``--check`` checks types, accessibility and units instead.
Nothing is done twice: the packages are installed when the lock file changed, the pages are built
when a source changed; both are told by content, so a fresh checkout with the same sources builds
nothing that is already there.
"""

import argparse
import sys
from pathlib import Path

from node import NO_NODE, STAMP, NodeError, Npm, digest_of, find_npm, is_current

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "api" / "web"
PAGES = ROOT / "api" / "pilotline_api" / "pages"

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


def build(npm: Npm | None) -> str:
    """Build the pages unless they are current, and return a sentence for people.

    Raises:
        NodeError: there is no Node and no pages either, or the build failed.
    """
    stamp = PAGES / STAMP
    digest = digest_of(WEB, source_files())
    if is_current(stamp, digest):
        return "The pages are current."
    if npm is None:
        if (PAGES / "index.html").exists():
            return f"The pages are older than their sources and stay as they are. {NO_NODE}"
        raise NodeError(NO_NODE)
    npm.install(WEB)
    npm.run(WEB, "run", "build")
    stamp.write_text(digest, encoding="utf-8")
    return f"The pages are built: {PAGES.relative_to(ROOT)}"


def check(npm: Npm | None) -> str:
    """Check types, accessibility warnings and unit tests of the pages.

    Raises:
        NodeError: there is no Node, or something was found.
    """
    if npm is None:
        raise NodeError(NO_NODE)
    npm.install(WEB)
    npm.run(WEB, "run", "check")
    npm.run(WEB, "test")
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
    except NodeError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write(f"{message}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
