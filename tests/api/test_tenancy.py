"""Every query that answers a person says whose rows it may return."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pilotline_api

ROOM = Path(pilotline_api.__file__).parent
WALLED = {"TrialRun", "Operation", "Booking", "Slot"}
"""Tables with an organisation."""
STATEMENTS = {"select", "in_force", "_with_operations"}
"""What begins a query over them."""


def functions(source: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            yield node


def names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def answers_a_person(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.args, *function.args.kwonlyargs]
    return any(
        argument.arg in {"person", "_person"} and argument.annotation is not None
        for argument in arguments
    )


def unscoped(source: str) -> list[str]:
    """Functions that query a walled table for a person without `readable_by`."""
    return [
        function.name
        for function in functions(source)
        if answers_a_person(function)
        and names(function) & STATEMENTS
        and names(function) & (WALLED | (STATEMENTS - {"select"}))
        and "readable_by" not in names(function)
    ]


def test_no_query_for_a_person_forgets_whose_rows_it_may_return() -> None:
    forgotten = {
        str(file.relative_to(ROOM)): found
        for file in ROOM.rglob("*.py")
        if (found := unscoped(file.read_text()))
    }

    assert forgotten == {}


def test_a_query_that_forgets_is_found() -> None:
    forgetful = """
def list_runs(session, person: Person):
    return session.scalars(select(TrialRun)).all()
"""
    mindful = """
def list_runs(session, person: Person):
    return session.scalars(select(TrialRun).where(readable_by(person, TrialRun.id))).all()
"""
    assert unscoped(forgetful) == ["list_runs"]
    assert unscoped(mindful) == []
