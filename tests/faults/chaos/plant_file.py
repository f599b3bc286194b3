"""The plant file of the chaos, in all its versions, and since when each of them stood."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from tests.edge.agent_process import plant_text
from tests.edge.opcua_machine import NAMESPACE
from tests.faults.chaos.machine import POLLED, SELDOM, STEADY

_TAGS = dict.fromkeys(STEADY, 100) | {"c": 500, SELDOM: 100}
_MACHINE = """
[kinds.{id}]
sector = "components"
capabilities = {{ milling = 1.0 }}
power_kw = 1.0
node_id = "{node_id}"
sampling_ms = 50
publishing_ms = 100
tags = [
{tags}
]

[[machines]]
id = "{id}"
name = "{name}"
kind = "{id}"
site = "aarhus"
hall = "hall-a"
calendar = "always"
priority = "{priority}"
endpoint = {{ url = "{url}", security = "None" }}
"""


@dataclass(frozen=True, slots=True)
class Described:
    """What the plant file says of one machine.

    Attributes:
        id: machine id.
        url: its endpoint.
        index: what its nodes' ids begin with.
        extended: whether it has seldom and polled variables and events.
        present: whether the optional tag is read.
        publishing_ms: of the steady tags.
        deadband: of the first tag; every change is larger.
        priority: its priority.
        name: what people read.
    """

    id: str
    url: str
    extended: bool
    present: bool = True
    publishing_ms: int = 100
    deadband: float = 0.0
    priority: str = "normal"
    name: str = "Mill"

    def text(self) -> str:
        """Return its part of the file."""
        lines = [self._line(tag) for tag in STEADY if tag != "x" or self.present]
        node_id = "ns=2;s={tag}"
        if self.extended:
            node_id = f"nsu={NAMESPACE};s={{tag}}"
            lines += [self._line(SELDOM)]
            lines += [f'  {{ id = "{POLLED}", reading = "poll", sampling_ms = 500 }},']
        text = _MACHINE.format(
            id=self.id,
            name=self.name,
            url=self.url,
            priority=self.priority,
            node_id=node_id,
            tags="\n".join(lines),
        )
        return text + ("events = true\n" if self.extended else "")

    def _line(self, tag: str) -> str:
        interval = _TAGS[tag] if tag == "c" else self.publishing_ms
        deadband = f", deadband = {self.deadband}" if tag == "a" and self.deadband else ""
        return f'  {{ id = "{tag}", publishing_ms = {interval}{deadband} }},'


@dataclass
class PlantFile:
    """Writes the plant file and remembers when the optional tag was in it.

    Attributes:
        path: the file.
        machines: what it says now.
        spells: per machine, when its optional tag came and when it went, ns UTC; the last spell
            is open. A spell begins when the file said so; the agent takes that a little later.
    """

    path: Path
    machines: list[Described]
    spells: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write it."""
        self.spells = {each.id: [(0, 2**62)] for each in self.machines}
        self.write(self.machines)

    def write(self, machines: Iterable[Described]) -> None:
        """Replace the file at once, as editors do."""
        self.machines = list(machines)
        draft = self.path.with_suffix(".new")
        head = plant_text({}, ("unused",)).partition("[kinds.mill]")[0]
        draft.write_text(head + "".join(each.text() for each in self.machines), encoding="utf-8")
        draft.replace(self.path)

    def change(self, number: int, amount: float) -> str:
        """Change something about one machine and return what, in a word."""
        before = self.machines[number]
        after, word = _changed(before, amount)
        spells = self.spells[before.id]
        now_ns = time.time_ns()
        if before.present and not after.present:
            spells[-1] = (spells[-1][0], now_ns)
        if after.present and not before.present:
            spells.append((now_ns, 2**62))
        self.write([*self.machines[:number], after, *self.machines[number + 1 :]])
        return word


def _changed(before: Described, amount: float) -> tuple[Described, str]:
    random = Random(amount)
    match random.choice(("tag", "tag", "tag", "interval", "deadband", "priority", "name")):
        case "tag":
            return replace(before, present=not before.present), "tag"
        case "interval":
            others = [each for each in (50, 100, 250) if each != before.publishing_ms]
            return replace(before, publishing_ms=random.choice(others)), "interval"
        case "deadband":
            return replace(before, deadband=0.25 if before.deadband != 0.25 else 0.5), "deadband"
        case "priority":
            return replace(before, priority=random.choice(("low", "normal", "high"))), "priority"
        case _:
            return replace(before, name=f"Mill {amount}"), "name"
