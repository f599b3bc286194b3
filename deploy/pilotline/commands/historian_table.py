"""Rows of the historian as a person reads them on a terminal, however narrow it is."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod, RenderableType

_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z")
_SECONDS: Final = ("seconds", "age_s")
_FIGURES: Final = {"minimum", "maximum", "mean", "good_count", "severity", "gaps", "covered"}
_HEADINGS: Final = {"age_s": "Age", "seconds": "Lasted", "good_count": "Good values"}
_LEAST_TEXT: Final = 14
"""Columns of a text that is longer than this are folded, in so many columns at least."""

_WORDS: Final = ("Good", "Uncertain", "Bad", "Bad")
"""What the two top bits of a status code say (OPC 10000-4, 7.39)."""

_GAP: Final = 2


def readable(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], console: "Console"
) -> Iterator["RenderableType"]:
    """Yield what to print: a table, or where that does not fit, lines for each row.

    Nothing is cut. Instants are shown to the millisecond; a column that says nothing, or names the
    one site there is, is left out.

    Args:
        title: what the rows are.
        columns: names as in CSV.
        rows: cells as in CSV.
        console: where it will be printed.
    """
    from rich.text import Text

    from pilotline_plant.printable import printable

    about = printable(_instants(title, 3))
    if not rows:
        yield Text(f"{about}: none")
        return
    utc = (
        " (times are UTC)"
        if any(map(_INSTANT.search, (cell for row in rows for cell in row)))
        else ""
    )
    yield Text(about + utc, style="bold")
    for digits in (3, 0):
        names, cells = _told(columns, rows, digits)
        if _width(names, cells) <= console.width:
            yield _table(names, cells)
            return
    yield from _blocks(*_told(columns, rows, 3))


def _told(
    columns: Sequence[str], rows: Sequence[Sequence[str]], digits: int
) -> tuple[list[str], list[list[str]]]:
    """Return the columns that say something, with cells for a person.

    Args:
        columns: names as in CSV.
        rows: cells as in CSV.
        digits: of a second's fraction.
    """
    shown = [
        [_shown(name, cell, digits) for name, cell in zip(columns, row, strict=True)]
        for row in rows
    ]
    told = [at for at, name in enumerate(columns) if _says_something(name, [r[at] for r in shown])]
    if "start" in columns and "end" in columns:
        start, end = columns.index("start"), columns.index("end")
        for row in shown:
            if row[start][:11] == row[end][:11]:
                row[end] = row[end][11:]
    return [columns[at] for at in told], [[row[at] for at in told] for row in shown]


def _width(names: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """Return how wide a table is at least when nothing is cut."""
    width = 0
    for at, name in enumerate(names):
        longest = max(len(row[at]) for row in cells)
        least = min(longest, _LEAST_TEXT) if _folds(cells, at) else longest
        width += max(len(_heading(name)), least) + _GAP
    return width


def _table(names: Sequence[str], cells: Sequence[Sequence[str]]) -> "RenderableType":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for at, name in enumerate(names):
        figure = name.lower() in _FIGURES or name in _SECONDS or _numeric(cells, at)
        justify: JustifyMethod = "right" if figure else "left"
        folds = _folds(cells, at)
        least = min(_LEAST_TEXT, max(len(row[at]) for row in cells)) if folds else None
        table.add_column(
            _heading(name), justify=justify, no_wrap=not folds, overflow="fold", min_width=least
        )
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _blocks(names: Sequence[str], cells: Sequence[Sequence[str]]) -> Iterator["RenderableType"]:
    from rich.table import Table
    from rich.text import Text

    for row in cells:
        grid = Table.grid(padding=(0, _GAP))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, cell in zip(names, row, strict=True):
            if cell:
                grid.add_row(_heading(name), Text(cell))
        yield ""
        yield grid


def _says_something(name: str, cells: Sequence[str]) -> bool:
    different = set(cells)
    if name == "site":
        return len(different) > 1
    return different != {""}


def _folds(cells: Sequence[Sequence[str]], at: int) -> bool:
    """Return whether a column holds texts that may be broken at their spaces."""
    return any(" " in row[at] and not _is_instant(row[at]) for row in cells)


def _is_instant(cell: str) -> bool:
    return re.fullmatch(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d(\.\d+)?", cell) is not None


def _numeric(cells: Sequence[Sequence[str]], at: int) -> bool:
    return all(re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?|NaN|-?Infinity|", row[at]) for row in cells)


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name.replace("_", " ").capitalize())


def _shown(name: str, cell: str, digits: int) -> str:
    """Return a cell as a person reads it, without what would command the terminal."""
    if name == "status":
        return _status(cell)
    if name in _SECONDS and cell:
        return _duration(float(cell))
    from pilotline_plant.printable import printable

    return printable(_instants(cell, digits))


def _instants(text: str, digits: int) -> str:
    """Return a text with its instants to so many digits of a second, without T and Z."""

    def short(found: re.Match[str]) -> str:
        fraction = (found[3] or "")[: digits + 1] if digits else ""
        return f"{found[1]} {found[2]}{fraction}"

    return _INSTANT.sub(short, text)


def _duration(seconds: float) -> str:
    from pilotline_historian.times import duration_text

    text = duration_text(abs(round(seconds * 1e9)))
    return f"-{text}" if seconds < 0 else text


def _status(cell: str) -> str:
    """Return a status code in words, and nothing for plain Good, which says nothing."""
    code = int(cell, 0) if cell else 0
    return f"{_WORDS[code >> 30]} 0x{code:08X}" if code else ""
