"""Section: a discovery as text for the plant file."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from pilotline_edge.browse.finding import USUAL_MS, Discovery, Found
from pilotline_plant.printable import printable

_LONGEST_ID = 64
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAMED = 20


def section(discovery: Discovery, origin: str) -> str:
    """Return the ``tags`` of a machine as TOML, with what was left out and why as comments.

    Whatever the server calls its nodes stays data: texts are quoted, comments have no control
    characters.

    Args:
        discovery: what a server has.
        origin: where it was found, for the heading.
    """
    lines = [
        f"# {len(discovery.found)} tags of {printable(origin)}; paste below the machine's keys.",
        "tags = [",
        *(
            _entry(each, tag)
            for each, tag in zip(discovery.found, ids(discovery.found), strict=True)
        ),
        "]",
        *_remarks(discovery),
    ]
    return "\n".join(lines) + "\n"


def ids(found: Sequence[Found]) -> list[str]:
    """Return an id for each, unique and as short as that allows.

    The last browse name makes the id; where two make the same, names above it are put before.
    """
    lengths = [1] * len(found)
    while True:
        names = [_id(each, length) for each, length in zip(found, lengths, strict=True)]
        counts = Counter(names)
        longer = [
            n
            for n, name in enumerate(names)
            if counts[name] > 1 and lengths[n] < len(found[n].path)
        ]
        if not longer:
            return _numbered(names)
        for n in longer:
            lengths[n] += 1


def _id(found: Found, length: int) -> str:
    steps = [step.partition(":")[2] for step in found.path[-length:]]
    word = "_".join(filter(None, map(_word, steps)))
    part = "_".join(map(str, found.index or ()))
    if found.field is not None:
        part = "_".join(filter(None, (part, _word(found.field))))
    tail = f"_{part[: _LONGEST_ID - 2]}" if part else ""
    return (word[: _LONGEST_ID - len(tail)].strip("_") or "t") + tail if tail else _whole(word)


def _whole(word: str) -> str:
    return word[:_LONGEST_ID].strip("_") or "tag"


def _word(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", _HUMP.sub("_", plain).lower()).strip("_")


def _numbered(names: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    result = []
    for name in names:
        unique, number = name, 1
        while unique in taken:
            number += 1
            tail = f"_{number}"
            unique = name[: _LONGEST_ID - len(tail)] + tail
        taken.add(unique)
        result.append(unique)
    return result


def _entry(found: Found, tag: str) -> str:
    keys = [("id", tag)]
    name = printable(found.name).strip()
    if name and name != tag:
        keys.append(("name", f"{name}{_part(found)}"))
    keys.append(("node_id", found.node_id))
    text = ", ".join(f"{key} = {_quoted(value)}" for key, value in keys)
    if found.index is not None:
        only = len(found.index) == 1
        text += f", index = {found.index[0] if only else list(found.index)}"
    if found.field is not None:
        text += f", field = {_quoted(found.field)}"
    if found.role != "value":
        text += f", role = {_quoted(found.role)}"
    text += f", data_type = {_quoted(found.data_type)}"
    if found.ucum is not None:
        text += f", unit = {_quoted(found.ucum)}"
    if found.sampling_ms != USUAL_MS:
        text += f", sampling_ms = {found.sampling_ms}, publishing_ms = {found.sampling_ms}"
    return f"  {{ {text} }},{_comment(found)}"


def _part(found: Found) -> str:
    """Return what a person reads of the part of a value that a tag has."""
    element = "" if found.index is None else f" [{', '.join(map(str, found.index))}]"
    return element if found.field is None else f"{element} {printable(found.field)}"


def _comment(found: Found) -> str:
    remarks = [printable(found.remark)] if found.remark else []
    if found.unit_name and found.ucum is None:
        remarks.append(f"unit {printable(found.unit_name)!r} has no known UCUM code")
    return f"  # {'; '.join(remarks)}" if remarks else ""


def _remarks(discovery: Discovery) -> Iterator[str]:
    """Yield comments on what has no tag, each reason once."""
    by_reason: dict[str, list[str]] = {}
    for each in discovery.left_out:
        by_reason.setdefault(each.reason, []).append("/".join(each.path))
    if by_reason or discovery.counted or discovery.unfinished:
        yield "# Left out:"
    for reason, count in sorted(discovery.counted.items()):
        yield f"#   {count}: {printable(reason)}"
    for reason, paths in by_reason.items():
        yield f"#   {len(paths)}: {printable(reason)}"
        yield from (f"#     {printable(path)}" for path in paths[:_NAMED])
        if len(paths) > _NAMED:
            yield f"#     and {len(paths) - _NAMED} more"
    for path, reason in discovery.unfinished:
        yield f"#   not everything below {printable(path) or 'the start'}: {printable(reason)}"


def _quoted(text: str) -> str:
    """Return a TOML basic string, in which what shows nothing by itself is escaped."""
    whole = text.encode("utf-8", "replace").decode()
    quoted = json.dumps(whole, ensure_ascii=False)
    if quoted.isprintable():
        return quoted
    return "".join(each if each.isprintable() else _escape(each) for each in quoted)


def _escape(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04X}" if number < 0x1_0000 else f"\\U{number:08X}"
