"""Hatch hook: builds the web pages into the wheel and refuses a wheel without them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildPages(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `deploy/pages.py` before a wheel or an sdist is packed.

    An editable install is left alone: there `make pages` builds them.

    Raises:
        RuntimeError: the pages are missing after the build.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages unless this is an editable install."""
        del build_data
        if version == "editable":
            return
        root = Path(self.root)
        index = root / "api" / "pilotline_api" / "pages" / "index.html"
        if (root / "api" / "web" / "package.json").exists():
            subprocess.run([sys.executable, str(root / "deploy" / "pages.py")], check=True)
        if not index.exists():
            raise RuntimeError(f"{index} is missing: refusing to pack pilotline without its pages")
