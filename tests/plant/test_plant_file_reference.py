"""The reference of the plant file describes every key there is, with examples that are TOML."""

import re
import tomllib
from pathlib import Path

import pytest

from pilotline_plant.examples import example_plant
from pilotline_plant.machine import Sector
from pilotline_plant.reading import read_plant
from pilotline_plant.reading.table import Table
from pilotline_plant.tag import DataType

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "plant-file.md"


def test_every_key_the_reader_asks_for_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    expect = Table.expect

    def note(table: Table, key: str) -> None:
        asked.add(key)
        expect(table, key)

    monkeypatch.setattr(Table, "expect", note)
    plant = read_plant(example_plant("taastrup"))
    ids = {capability.id for machine in plant.machines for capability in machine.capabilities}
    ids |= {machine.kind for machine in plant.machines} | {pool.id for pool in plant.pools}
    words = set(re.findall(r"\w+", REFERENCE.read_text()))
    assert len(asked - ids) > 50
    assert asked - ids <= words


def test_every_word_of_a_closed_list_is_described() -> None:
    text = REFERENCE.read_text()
    assert [word for word in (*Sector, *DataType) if f"`{word}`" not in text] == []


def test_the_examples_in_the_reference_are_toml() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", REFERENCE.read_text(), flags=re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        tomllib.loads(block)
