"""A changed plant file is taken while the agent runs; machines it does not touch lose nothing."""

import asyncio
from pathlib import Path
from typing import Any

from pilotline_edge import read_status
from pilotline_edge.fleet.difference import difference, tags_come_or_go
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


def test_only_what_changed_is_touched(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "plant.toml"

    async def work() -> None:
        historian = MemoryHistorian()
        async with (
            OpcUaMachine(("a", "b")) as kept,
            OpcUaMachine(("a", "b", "c")) as changed,
            OpcUaMachine(("a", "b")) as removed,
            OpcUaMachine(("a", "b")) as added,
        ):
            stays = machine_lines("stays", kept.url)
            write(
                file, stays, machine_lines("turns", changed.url), machine_lines("goes", removed.url)
            )
            servers = (kept, changed, removed, added)
            async with agent(read_plant(file), historian, data, plant_file=file):
                for name in ("stays", "turns", "goes"):
                    await until(lambda name=name: status_of(data, name).get("connected") is True)  # type: ignore[misc]
                writing = [asyncio.ensure_future(each.run(0.05)) for each in servers]
                await asyncio.sleep(1.0)
                since = {name: status_of(data, name)["since"] for name in ("stays", "turns")}
                write(
                    file,
                    machine_lines("comes", added.url),
                    machine_lines("stays", kept.url, title="Mill with another name"),
                    machine_lines("turns", changed.url, kind="lathe"),
                )
                await until(lambda: plant_file(data)["reloads"] == 1)
                for name in ("comes", "turns"):
                    await until(lambda name=name: status_of(data, name).get("connected") is True)  # type: ignore[misc]
                service: Any = changed._server
                await until(lambda: status_of(data, "turns")["tags"] == 2)
                await until(lambda: _monitored(service) == 2)
                monitored = _monitored(service)
                removed_at = len(removed.ledger)
                await asyncio.sleep(1.0)
                for task in writing:
                    task.cancel()
                await asyncio.gather(*writing, return_exceptions=True)
                await until(lambda: _lost_of(kept, historian, "stays") == 0)
                await until(lambda: undeclared(_of(changed, "a"), historian, "turns") == [])
                status = read_status(data)
        assert status is not None
        assert [each["id"] for each in status["machines"]] == ["comes", "stays", "turns"]
        stays_now = status["machines"][1]
        assert stays_now["name"] == "Mill with another name"
        assert stays_now["since"] == since["stays"]
        assert stays_now["reconnects"] == 0
        assert _causes(historian, "stays") == []
        assert _lost_of(kept, historian, "stays") == 0
        assert _causes(historian, "turns") == ["plant-changed"] * len(_causes(historian, "turns"))
        assert {gap.tag for gap in historian.gaps("turns", 0, FOREVER)} >= {"b"}
        turned = status["machines"][2]
        assert (turned["since"], turned["reconnects"], turned["tags"]) == (since["turns"], 0, 2)
        assert lost_of_tag(changed, historian, "turns", "a") == [], "a tag that stays loses nothing"
        # Where the tag stayed as it was, its first value says since when it holds: there is no gap.
        starts = [gap.start_ns for gap in historian.gaps("turns", 0, FOREVER) if gap.tag == "c"]
        held = [at for series, at in historian.stored if series[1:] == ("turns", "c")]
        read_from = min(starts or held)
        asked = [sent for sent in _of(changed, "c") if sent.source_ns >= read_from]
        assert asked
        assert undeclared(asked, historian, "turns") == []
        assert monitored == 2
        assert {series.tag for series, _ in historian.stored if series.machine == "turns"} == {
            "a",
            "b",
            "c",
        }
        assert _causes(historian, "goes") == ["plant-changed"]
        assert undeclared(removed.ledger[: removed_at // 2], historian, "goes") == []
        assert any(series.machine == "comes" for series, _ in historian.stored)

    asyncio.run(work())


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
