"""Every key of a plant file is found on the line where a person wrote it."""

import tomllib
from collections.abc import Iterator

import pytest

from pilotline_plant.examples import example_plant
from pilotline_plant.reading.naming import dotted_key
from pilotline_plant.reading.places import KeyPath, Places

ODD = {
    "windows line ends": "a = 1\r\nb = [\r\n 1,\r\n 2\r\n]\r\n[t]\r\nx = {}\r\n",
    "dates and numbers": "a = 1979-05-27 07:32:00Z\nb = 07:32:00.9\nc = +inf\nd = 0xDEAD_beef\n",
    "quoted keys": '"a b".c."\\u00e9" = 1\n\'x.y\' = 2\n"" = 3\n',
    "long texts": 's = """"a""""\nq = \'\'\'\'x\'\'\'\'\nm = """a\\\n   b"""\nt = 5\n',
    "inline tables": 'a = { b.c = 1, "d e" = [ { f = 1 }, {} ] }\n',
    "blanks in headers": "[ a . b ]\nx = 1\n[[ c . d ]]\ny = 2\n[c.d.e]\nz = 1\n[[c.d]]\ny = 3\n",
    "parent after child": "[a.b]\nx = 1\n[a]\ny = 2\n",
    "dotted keys": 'a.b.c = true\na.d = 2\n[fruit]\napple.color = "red"\n[fruit.apple.texture]\n',
    "comments in lists": "a = [ # c\n 1, # d\n # e\n { x = 1 }, # f\n]\nb = 1 # g\n",
    "numbers as keys": "3.14 = 1\n1234 = 2\n-_ = 3\n",
    "nested arrays of tables": "[[a]]\n[[a.b]]\n[[a.b.c]]\nx = 1\n[[a.b]]\n[[a]]\n[[a.b]]\ny = 2\n",
    "empty": "",
    "a comment": "# nothing",
}


def paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    yield path
    if isinstance(value, dict):
        for key, below in value.items():
            yield from paths(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from paths(below, (*path, index))


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_every_key_has_the_line_on_which_it_is_written(text: str) -> None:
    places = Places(text.encode())
    lines = text.split("\n")
    for path in paths(tomllib.loads(text)):
        if path and isinstance(path[-1], str):
            written = path[-1].replace("é", "\\u00e9")
            assert written in lines[places[path].line - 1], path


@pytest.mark.parametrize("name", ["bench", "taastrup"])
def test_every_key_of_an_example_has_a_line_of_its_own(name: str) -> None:
    text = example_plant(name).read_text()
    values, places, lines = tomllib.loads(text), Places(text.encode()), text.split("\n")
    for path in paths(values):
        line = lines[places[path].line - 1]
        if path and isinstance(path[-1], str):
            assert path[-1] in line, path
        elif path:
            shown = places[path].text.removesuffix("…")
            assert shown in line if shown else "[[" in line, path


def test_elements_are_called_by_their_ids_and_counted_from_one_without() -> None:
    values = {"machines": [{"id": "mill", "tags": [{"id": "speed"}, {}]}, {"id": 3}]}
    assert dotted_key(values, ("machines", 0, "tags", 0, "unit")) == "machines.mill.tags.speed.unit"
    assert dotted_key(values, ("machines", 0, "tags", 1, "unit")) == "machines.mill.tags[2].unit"
    assert dotted_key(values, ("machines", 1, "id")) == "machines[2].id"
    assert dotted_key(values, ("nowhere", 4, "x")) == "nowhere[5].x"
