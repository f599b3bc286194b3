"""A changed plant file is taken while the agent runs; machines it does not touch lose nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotline_edge import read_status
from pilotline_edge.fleet.difference import difference, tags_come_or_go
from pilotline_edge.fleet.reload import signature
from pilotline_edge.subscription.items import handles_of
from pilotline_plant.reading import read_plant
from tests.edge.agent_process import plant_text
from tests.edge.memory_historian import MemoryHistorian
from tests.edge.opcua_machine import OpcUaMachine
from tests.edge.plants import machine, tag
from tests.edge.running import agent, lost, status_of, undeclared, until

FOREVER = 2**63 - 1


def machine_lines(name: str, url: str, kind: str = "mill", title: str = "Mill") -> str:
    return f"""
[[machines]]
id = "{name}"
name = "{title}"
kind = "{kind}"
site = "aarhus"
hall = "hall-a"
calendar = "always"
endpoint = {{ url = "{url}", security = "None" }}
"""


def head() -> str:
    """Return a plant file without machines: mills have tags a and b, lathes a and c."""
    text = plant_text({}, ("a", "b"))
    mill = "[kinds.mill]" + text.partition("[kinds.mill]")[2]
    lathe = mill.replace("kinds.mill", "kinds.lathe").replace('id = "b"', 'id = "c"')
    return text + lathe


def write(path: Path, *machines: str) -> None:
    """Replace the file at once, as editors and configuration tools do."""
    draft = path.with_suffix(".new")
    draft.write_text(head() + "".join(machines), encoding="utf-8")
    draft.replace(path)


def plant_file(folder: Path) -> dict[str, Any]:
    status = read_status(folder)
    assert status is not None
    told: dict[str, Any] = status["plant_file"]
    return told


@dataclass
class Reload:
    """Four machines of which a changed plant file keeps one, changes one, removes one, adds one.

    Attributes:
        since: when the connections of those that remain began, before the change.
        monitored: how many items the changed machine's server monitors after it.
        removed_at: how many values the removed machine had sent by then.
        told: the agent's status at the end.
    """

    kept: OpcUaMachine
    changed: OpcUaMachine
    removed: OpcUaMachine
    added: OpcUaMachine
    historian: MemoryHistorian
    since: dict[str, str] = field(default_factory=dict)
    monitored: int = 0
    removed_at: int = 0
    told: dict[str, Any] = field(default_factory=dict)

    async def play(self, data: Path, file: Path) -> None:
        """Have the file changed while every machine sends values."""
        write(
            file,
            machine_lines("stays", self.kept.url),
            machine_lines("turns", self.changed.url),
            machine_lines("goes", self.removed.url),
        )
        async with agent(read_plant(file), self.historian, data, plant_file=file):
            await _connected(data, "stays", "turns", "goes")
            async with self._writing():
                await asyncio.sleep(1.0)
                self.since = {name: status_of(data, name)["since"] for name in ("stays", "turns")}
                await self._change(data, file)
                await asyncio.sleep(1.0)
            await until(lambda: _lost_of(self.kept, self.historian, "stays") == 0)
            await until(lambda: undeclared(_of(self.changed, "a"), self.historian, "turns") == [])
            self.told = read_status(data) or {}

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        servers = (self.kept, self.changed, self.removed, self.added)
        writing = [asyncio.ensure_future(each.run(0.05)) for each in servers]
        try:
            yield
        finally:
            for task in writing:
                task.cancel()
            await asyncio.gather(*writing, return_exceptions=True)

    async def _change(self, data: Path, file: Path) -> None:
        write(
            file,
            machine_lines("comes", self.added.url),
            machine_lines("stays", self.kept.url, title="Mill with another name"),
            machine_lines("turns", self.changed.url, kind="lathe"),
        )
        await until(lambda: plant_file(data)["reloads"] == 1)
        await _connected(data, "comes", "turns")
        await until(lambda: status_of(data, "turns")["tags"] == 2)
        service: Any = self.changed._server
        await until(lambda: _monitored(service) == 2)
        self.monitored = _monitored(service)
        self.removed_at = len(self.removed.ledger)


async def _connected(data: Path, *names: str) -> None:
    for name in names:
        await until(lambda name=name: status_of(data, name).get("connected") is True)  # type: ignore[misc]


def test_only_what_changed_is_touched(tmp_path: Path) -> None:
    async def work() -> Reload:
        async with (
            OpcUaMachine(("a", "b")) as kept,
            OpcUaMachine(("a", "b", "c")) as changed,
            OpcUaMachine(("a", "b")) as removed,
            OpcUaMachine(("a", "b")) as added,
        ):
            seen = Reload(kept, changed, removed, added, MemoryHistorian())
            await seen.play(tmp_path / "data", tmp_path / "plant.toml")
            return seen

    seen = asyncio.run(work())
    machines = {each["id"]: each for each in seen.told["machines"]}
    assert list(machines) == ["comes", "stays", "turns"]
    _check_the_kept(seen, machines["stays"])
    _check_the_changed(seen, machines["turns"])
    _check_the_new_tag(seen)
    assert _causes(seen.historian, "goes") == ["plant-changed"]
    assert undeclared(seen.removed.ledger[: seen.removed_at // 2], seen.historian, "goes") == []
    assert any(series.machine == "comes" for series, _ in seen.historian.stored)


def _check_the_kept(seen: Reload, now: dict[str, Any]) -> None:
    assert now["name"] == "Mill with another name"
    assert (now["since"], now["reconnects"]) == (seen.since["stays"], 0)
    assert _causes(seen.historian, "stays") == []
    assert _lost_of(seen.kept, seen.historian, "stays") == 0


def _check_the_changed(seen: Reload, now: dict[str, Any]) -> None:
    historian = seen.historian
    assert (now["since"], now["reconnects"], now["tags"]) == (seen.since["turns"], 0, 2)
    assert seen.monitored == 2
    assert set(_causes(historian, "turns")) == {"plant-changed"}
    assert {gap.tag for gap in historian.gaps("turns", 0, FOREVER)} >= {"b"}
    assert lost_of_tag(seen.changed, historian, "turns", "a") == [], "a tag that stays loses none"
    tags = {series.tag for series, _ in historian.stored if series.machine == "turns"}
    assert tags == {"a", "b", "c"}


def _check_the_new_tag(seen: Reload) -> None:
    # Where the tag stayed as it was, its first value says since when it holds: there is no gap.
    historian = seen.historian
    starts = [gap.start_ns for gap in historian.gaps("turns", 0, FOREVER) if gap.tag == "c"]
    held = [at for series, at in historian.stored if series[1:] == ("turns", "c")]
    read_from = min(starts or held)
    asked = [sent for sent in _of(seen.changed, "c") if sent.source_ns >= read_from]
    assert asked
    assert undeclared(asked, historian, "turns") == []


def _monitored(server: Any) -> int:  # noqa: ANN401 - asyncua's internals
    """Return how many items a server monitors."""
    subscriptions = server.iserver.subscription_service.subscriptions.values()
    return sum(len(each.monitored_item_srv._monitored_items) for each in subscriptions)


def lost_of_tag(
    server: OpcUaMachine, historian: MemoryHistorian, name: str, tag_id: str
) -> list[Any]:
    own = {at for series, at in historian.stored if (series.machine, series.tag) == (name, tag_id)}
    return [sent for sent in _of(server, tag_id) if sent.source_ns not in own]


def _of(server: OpcUaMachine, tag_id: str) -> list[Any]:
    return [sent for sent in server.ledger if sent.tag == tag_id]


def _lost_of(server: OpcUaMachine, historian: MemoryHistorian, name: str) -> int:
    own = MemoryHistorian(
        stored={key: sample for key, sample in historian.stored.items() if key[0].machine == name}
    )
    return len(lost(server.ledger, own))


def _causes(historian: MemoryHistorian, name: str) -> list[str]:
    """Return the causes of a machine's gaps but the one of the agent's own start."""
    gaps = historian.gaps(name, 0, FOREVER)
    return [gap.cause for gap in gaps if gap.cause != "agent-started"]


def test_a_file_that_changed_while_the_agent_started_is_taken(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "plant.toml"

    async def work() -> None:
        historian = MemoryHistorian()
        write(file, machine_lines("mill-1", "opc.tcp://127.0.0.1:1/absent"))
        state, read = signature(file), read_plant(file)
        write(file, machine_lines("mill-2", "opc.tcp://127.0.0.1:1/absent"))
        async with agent(read, historian, data, plant_file=file, plant_state=state):
            await until(lambda: status_of(data, "mill-2") != {})
            assert status_of(data, "mill-1") == {}

    asyncio.run(work())


def test_a_file_with_mistakes_is_refused_whole_and_the_former_goes_on(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "plant.toml"

    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(("a", "b")) as mill:
            good = machine_lines("mill-1", mill.url)
            write(file, good)
            async with agent(read_plant(file), historian, data, plant_file=file):
                await until(lambda: status_of(data).get("connected") is True)
                writing = asyncio.ensure_future(mill.run(0.05))
                write(file, machine_lines("mill-2", mill.url), good.replace('"mill"', '"loom"'))
                await until(lambda: plant_file(data)["refused"] == 1)
                problem = plant_file(data)["problem"]
                assert "loom" in problem
                assert status_of(data, "mill-2") == {}, "all or nothing"
                write(file, good)
                await until(lambda: plant_file(data)["reloads"] == 1)
                assert plant_file(data)["problem"] is None
                await asyncio.sleep(0.5)
                writing.cancel()
                await until(lambda: lost(mill.ledger, historian) == [])
                assert status_of(data)["reconnects"] == 0
        assert _causes(historian, "mill-1") == []

    asyncio.run(work())


def test_another_endpoint_is_connected_to_and_the_time_between_is_declared(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "plant.toml"

    async def work() -> None:
        historian = MemoryHistorian()
        async with OpcUaMachine(("a", "b")) as old, OpcUaMachine(("a", "b")) as new:
            write(file, machine_lines("mill-1", old.url))
            async with agent(read_plant(file), historian, data, plant_file=file):
                await until(lambda: status_of(data).get("connected") is True)
                await old.write("a", 1.0)
                await until(lambda: lost(old.ledger, historian) == [])
                write(file, machine_lines("mill-1", new.url))
                await until(lambda: plant_file(data)["reloads"] == 1)
                await until(lambda: status_of(data).get("connected") is True)
                await new.write("a", 2.0)
                await new.write("b", 2.0)
                await until(lambda: lost(new.ledger, historian) == [])
        assert set(_causes(historian, "mill-1")) <= {"plant-changed"}
        assert undeclared([*old.ledger, *new.ledger], historian) == []

    asyncio.run(work())


def test_what_does_not_change_how_a_machine_is_read_reconnects_nothing() -> None:
    from dataclasses import replace

    mill = machine("opc.tcp://mill", [tag("a")])
    renamed = replace(mill, name="Other", tags=(replace(mill.tags[0], name="Speed", key=True),))
    faster = replace(mill, tags=(tag("a", sampling_ms=10),))
    assert difference({"mill-1": mill}, [renamed]).kept == (renamed,)
    assert difference({"mill-1": mill}, [faster]).changed == (faster,)
    assert difference({"mill-1": mill}, []).removed == ("mill-1",)
    assert difference({}, [mill]).added == (mill,)


def test_only_tags_that_come_or_go_leave_a_machine_connected() -> None:
    from dataclasses import replace

    mill = machine("opc.tcp://mill", [tag("a"), tag("b")])
    for tags, stays in (
        ((tag("a"), tag("c")), True),
        ((tag("a"),), True),
        ((tag("b"), tag("a"), tag("c")), True),
        ((tag("c"),), False),
        ((tag("a", sampling_ms=10), tag("c")), False),
        ((tag("a", node_id="ns=2;s=other"), tag("b")), False),
        ((tag("a"), tag("c", publishing_ms=1_000)), False),
        ((tag("a"), tag("c", sampling_ms=10)), False),
        ((tag("a"), replace(tag("c"), reading="poll")), False),
    ):
        assert tags_come_or_go(mill, replace(mill, tags=tags)) is stays, tags
    assert not tags_come_or_go(mill, replace(mill, site="odense"))


def test_a_tag_keeps_its_number_whatever_others_come_or_go() -> None:
    assert handles_of(["a", "b"])["b"] == handles_of(["b", "c"])["b"]
    # These two names have one checksum.
    together = handles_of(["plumless", "buckeroo"])
    assert len(set(together.values())) == 2
    assert together == handles_of(["buckeroo", "plumless"])
