"""Up to which source time a running edge agent vouches for each machine."""

import json
from datetime import datetime
from pathlib import Path


def covered_until_ns(edge: Path) -> dict[str, int]:
    """Read the agent's status: machine id to the instant up to which it has everything."""
    status = json.loads((edge / "status.json").read_text(encoding="utf-8"))
    return {
        machine["id"]: int(datetime.fromisoformat(machine["covered_until"]).timestamp() * 1e9)
        for machine in status["machines"]
    }
