"""Form: what a row of an exported file holds, in each format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Form(Generic[Row]):
    """How things of one sort become rows.

    Attributes:
        columns: columns of CSV, and keys of JSON Lines.
        cells: a thing as text cells in the order of `columns`, safe in spreadsheets.
        record: a thing as JSON values by key.
        typed_columns: type of each column of Parquet, as pyarrow names it, by name.
        typed: a thing as values in the order of `typed_columns`.
    """

    columns: tuple[str, ...]
    cells: Callable[[Row], tuple[str, ...]]
    record: Callable[[Row], dict[str, Any]]
    typed_columns: Mapping[str, str]
    typed: Callable[[Row], tuple[Any, ...]]
