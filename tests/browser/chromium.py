"""Debian's Chromium and the pages' development server, as the browser tests use them."""

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WEB = ROOT / "api" / "web"
PAGES = ROOT / "api" / "pilotline_api" / "pages"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]

ORDINARY = {
    "stream": "live",
    "lost": [],
    "frozen": [],
    "failing": [],
    "empty": [],
    "delay_ms": 0,
}


def find_chromium() -> str | None:
    """Return the browser's program, or None."""
    named = os.environ.get("PILOTLINE_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser")


class DevelopmentServer:
    """The made-up plant of ``api/web/mock`` behind the HTTP interface, with the built pages."""

    def __init__(self, address: str) -> None:
        self.address = address

    def set(self, **conditions: object) -> None:
        """Make trouble on purpose; what is not named is ordinary again."""
        body = json.dumps({**ORDINARY, **conditions}).encode()
        request = urllib.request.Request(  # noqa: S310 - the address is our own child's
            f"{self.address}/mock/conditions", data=body, method="POST"
        )
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - as above
            response.read()

    def open_streams(self) -> int:
        """Return how many live streams browsers hold."""
        with urllib.request.urlopen(  # noqa: S310 - the address is our own child's
            f"{self.address}/mock/streams", timeout=5
        ) as response:
            answer: dict[str, int] = json.load(response)
        return answer["open"]


@contextmanager
def serve_pages(node: str) -> Iterator[DevelopmentServer]:
    """Run the development server on a free port for as long as the block lasts."""
    command = [node, str(WEB / "mock" / "server.js"), "--port", "0", "--pages", str(PAGES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise RuntimeError("the development server has no output to read its address from")
        try:
            line = process.stdout.readline()
            if "http://" not in line:
                raise RuntimeError(f"the development server did not start: {line!r}")
            yield DevelopmentServer("http://" + line.split("http://", 1)[1].strip())
        finally:
            process.terminate()
            process.wait(10)
