"""Section: a discovery as text for the plant file."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from pilotline_edge.browse.finding import USUAL_MS, Discovery, Found

_LONGEST_ID = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
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
        f"# {len(discovery.found)} tags of {_plain(origin)}; paste below the machine's keys.",
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
    element = "" if found.index is None else f"_{found.index}"
    return (word[: _LONGEST_ID - len(element)].strip("_") or "tag") + element


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
    name = _plain(found.name).strip()
    if name and name != tag:
        keys.append(("name", name if found.index is None else f"{name} [{found.index}]"))
    keys.append(("node_id", found.node_id))
    text = ", ".join(f"{key} = {_quoted(value)}" for key, value in keys)
    if found.index is not None:
        text += f", index = {found.index}"
    text += f", data_type = {_quoted(found.data_type)}"
    if found.ucum is not None:
        text += f", unit = {_quoted(found.ucum)}"
    if found.sampling_ms != USUAL_MS:
        text += f", sampling_ms = {found.sampling_ms}, publishing_ms = {found.sampling_ms}"
    return f"  {{ {text} }},{_comment(found)}"


def _comment(found: Found) -> str:
    remarks = [_plain(found.remark)] if found.remark else []
    if found.unit_name and found.ucum is None:
        remarks.append(f"unit {_plain(found.unit_name)!r} has no known UCUM code")
    return f"  # {'; '.join(remarks)}" if remarks else ""


def _remarks(discovery: Discovery) -> Iterator[str]:
    """Yield comments on what has no tag, each reason once."""
    by_reason: dict[str, list[str]] = {}
    for each in discovery.left_out:
        by_reason.setdefault(each.reason, []).append("/".join(each.path))
    if by_reason or discovery.counted or discovery.unfinished:
        yield "# Left out:"
    for reason, count in sorted(discovery.counted.items()):
        yield f"#   {count}: {_plain(reason)}"
    for reason, paths in by_reason.items():
        yield f"#   {len(paths)}: {_plain(reason)}"
        yield from (f"#     {_plain(path)}" for path in paths[:_NAMED])
        if len(paths) > _NAMED:
            yield f"#     and {len(paths) - _NAMED} more"
    for path, reason in discovery.unfinished:
        yield f"#   not everything below {_plain(path) or 'the start'}: {_plain(reason)}"


def _quoted(text: str) -> str:
    """Return a TOML basic string, whose escapes are JSON's but for DEL."""
    whole = text.encode("utf-8", "replace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007F")


def _plain(text: str) -> str:
    return _CONTROL.sub("�", text)
