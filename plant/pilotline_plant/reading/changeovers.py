"""Reads changeover matrices."""

from pilotline_plant.pool import Pool
from pilotline_plant.reading.naming import ID_RULE, is_id
from pilotline_plant.reading.table import Table
from pilotline_plant.setup import ChangeoverMatrix

Matrix = tuple[tuple[int, ...], ...]


def read_changeovers(root: Table, pools: tuple[Pool, ...]) -> tuple[ChangeoverMatrix, ...]:
    """Read ``[[changeovers]]``."""
    ids: dict[str, int] = {}
    pool_ids = [pool.id for pool in pools]
    return tuple(_read_changeover(table, ids, pool_ids) for table in root.each("changeovers"))


def _read_changeover(table: Table, ids: dict[str, int], pools: list[str]) -> ChangeoverMatrix:
    states = _read_states(table)
    free = ((0,) * len(states),) * len(states)
    return ChangeoverMatrix(
        id=table.new_id("changeover", ids),
        states=states,
        minutes=_read_matrix(table, "minutes", len(states)),
        cost=_read_matrix(table, "cost", len(states)) if "cost" in table else free,
        pool=table.optional_reference("pool", "pool", pools),
        during_closed_hours=table.flag("during_closed_hours", default=False),
    )


def _read_states(table: Table) -> tuple[str, ...]:
    states: list[str] = []
    for index, state in table.items("states", str, required=True):
        if not is_id(state):
            table.mistake(ID_RULE, "states", index)
        if state in states:
            table.mistake(f"state {state!r} is named twice", "states", index)
        states.append(state)
    if "states" in table and not table.values["states"]:
        table.mistake("must name at least one setup state", "states")
    return tuple(states)


def _read_matrix(table: Table, key: str, size: int) -> Matrix:
    """Read ``matrix[from][to]``: a row and a column for each state, nothing below 0."""
    rows = table.items(key, list, required=True)
    if rows and len(rows) != size:
        table.mistake(f"has {len(rows)} rows for {size} states; write one row per state", key)
    return tuple(_read_row(table, key, index, row, size) for index, row in rows)


def _read_row(table: Table, key: str, index: int, row: list[object], size: int) -> tuple[int, ...]:
    if len(row) != size:
        reason = f"has {len(row)} columns for {size} states; write one column per state"
        table.mistake(reason, key, index)
    numbers: list[int] = []
    for column, number in enumerate(row):
        if isinstance(number, bool) or not isinstance(number, int):
            table.mistake("must be a whole number", key, index, column)
        elif number < 0:
            table.mistake("must not be negative", key, index, column)
        else:
            numbers.append(number)
    return tuple(numbers)
