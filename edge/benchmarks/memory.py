"""Measures whether the agent's memory stays flat: 10,000 tags at 1 Hz, for half an hour.

    python edge/benchmarks/memory.py [--minutes N] [--tags N] [--json FILE]

The machines are one flood server, the historian is a sink that keeps figures only; both are
processes of their own. Memory is what the agent has resident, looked at each ten seconds. The
first fifth is left out, in which the interpreter and SQLite fill their caches; over the rest a line
is fitted. Flat means that this line rises in half an hour by less than a twentieth of the memory it
began with, or in all by less than the looks scatter around it.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import linear_regression, pstdev

from parts import flood_plant, running, sink_figures, wait_for_samples
from rich.console import Console
from throughput import agent_command, machine, sink

MACHINES = 10
LOOK_EVERY_S = 10.0
_WARM_SHARE = 0.2
_BAR_SHARE = 0.05
_BAR_OVER_MIN = 30.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What became of an agent's memory.

    Attributes:
        tags: how many tags it read, each once a second.
        minutes: for how long.
        values_per_s: values a second at the sink.
        cpu_share: of a core that it used.
        start_mb: resident at the first look.
        warm_mb: resident at the end of the first fifth.
        end_mb: resident at the last look.
        most_mb: most it ever had at a look.
        slope_mb_per_min: of the line through the looks after the first fifth.
        scatter_mb: standard deviation of those looks from the line.
    """

    tags: int
    minutes: float
    values_per_s: float
    cpu_share: float
    start_mb: float
    warm_mb: float
    end_mb: float
    most_mb: float
    slope_mb_per_min: float
    scatter_mb: float

    @property
    def flat(self) -> bool:
        """Whether it does not grow."""
        rise_mb = self.slope_mb_per_min * _BAR_OVER_MIN
        seen_mb = self.slope_mb_per_min * self.minutes * (1 - _WARM_SHARE)
        return rise_mb < _BAR_SHARE * self.warm_mb or seen_mb < self.scatter_mb

    def __str__(self) -> str:
        """Return it in a line."""
        return (
            f"{self.tags:,} tags, {self.minutes:.0f} min, {self.values_per_s:,.0f} values/s, "
            f"{self.cpu_share:.1%} of a core: {self.start_mb:.1f} MB at the start, "
            f"{self.warm_mb:.1f} warm, {self.end_mb:.1f} at the end, {self.most_mb:.1f} at most; "
            f"{self.slope_mb_per_min * 1000:+.1f} kB/min, scatter {self.scatter_mb:.2f} MB: "
            + ("flat" if self.flat else "grows")
        )


def fitted(looks: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return slope in MB a minute and scatter in MB of looks (second, MB)."""
    minutes, mb = [at / 60 for at, _ in looks], [each for _, each in looks]
    line = linear_regression(minutes, mb)
    off = [each - line.slope * at - line.intercept for at, each in zip(minutes, mb, strict=True)]
    return line.slope, pstdev(off)


def measured(folder: Path, tags: int, minutes: float, console: Console) -> Memory:
    """Run the agent so long and look at its memory."""
    each = tags // MACHINES
    with machine(folder) as (opcua, server), sink(folder) as (http, _):
        command = agent_command(folder, flood_plant(opcua, MACHINES, each, 1000, 1000), http)
        with running(command, folder / "agent.log") as agent:
            wait_for_samples(http, each * MACHINES, agent)
            server.say("pace")
            lines, cpu_s = sink_figures(http, reset=True)["lines"], agent.cpu_s()
            begun, looks = time.monotonic(), [(0.0, agent.rss_mb())]
            with console.status("") as shown:
                while looks[-1][0] < minutes * 60:
                    time.sleep(min(LOOK_EVERY_S, minutes * 6))
                    at = time.monotonic() - begun
                    looks.append((at, agent.rss_mb()))
                    shown.update(f"{at / 60:.1f} of {minutes:g} min, {looks[-1][1]:.1f} MB")
                    latest = sink_figures(http, reset=True)["lines"]
            took_s, used_s = time.monotonic() - begun, agent.cpu_s() - cpu_s
    warm = looks[int(len(looks) * _WARM_SHARE) :]
    slope, scatter = fitted(warm)
    return Memory(
        tags=each * MACHINES,
        minutes=took_s / 60,
        values_per_s=(latest - lines) / took_s,
        cpu_share=used_s / took_s,
        start_mb=looks[0][1],
        warm_mb=warm[0][1],
        end_mb=looks[-1][1],
        most_mb=max(mb for _, mb in looks),
        slope_mb_per_min=slope,
        scatter_mb=scatter,
    )


def main() -> int:
    """Measure, print, and return 1 when memory grows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--tags", type=int, default=10_000)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        memory = measured(Path(folder), wishes.tags, wishes.minutes, Console(stderr=True))
    print(memory)
    if wishes.json:
        wishes.json.write_text(json.dumps(asdict(memory)) + "\n", encoding="utf-8")
    return 0 if memory.flat else 1


if __name__ == "__main__":
    sys.exit(main())
