"""Reads where in a machine's OPC UA address space a tag stands."""

import re

from pilotline_plant.browse_path import browse_steps
from pilotline_plant.reading.table import Table

_NODE_ID = re.compile(
    r"(?:ns=(?P<index>[0-9]{1,5});|nsu=[^;\s]+;)?"
    r"(?:i=(?P<number>[0-9]{1,10})"
    r"|s=.{1,4096}"
    r"|g=[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|b=(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)"
)
"""Textual form of OPC 10000-6, 5.1.12."""

_PLACEHOLDER = re.compile(r"\{[a-z_]*\}")

ADDRESS_KEYS = ("node_id", "browse_path")
Address = tuple[str | None, str | None]
"""Node id and browse path, at least one of them None."""


def read_address(table: Table) -> Address:
    """Read ``node_id`` or ``browse_path``, either with ``{machine}`` and ``{tag}`` in it."""
    node_id = table.optional_text("node_id")
    browse_path = table.optional_text("browse_path")
    if node_id and browse_path:
        table.mistake("write either a node_id or a browse_path, not both", "browse_path")
    if node_id:
        _check(table, "node_id", node_id, _fault_of_node_id(_example(node_id)))
    if browse_path:
        _check(table, "browse_path", browse_path, _fault_of_path(_example(browse_path)))
    return node_id, browse_path


def fill(address: Address, machine: str, tag: str) -> Address:
    """Return the address of one tag of one machine."""
    node_id, browse_path = address
    return (
        None if node_id is None else _filled(node_id, machine, tag),
        None if browse_path is None else _filled(browse_path, machine, tag),
    )


def _filled(text: str, machine: str, tag: str) -> str:
    return text.replace("{machine}", machine).replace("{tag}", tag)


def _example(text: str) -> str:
    return _filled(text, "machine", "tag")


def _check(table: Table, key: str, text: str, fault: str) -> None:
    unknown = _PLACEHOLDER.search(_example(text))
    if unknown:
        table.mistake(f"{unknown.group()} is neither {{machine}} nor {{tag}}", key)
    elif fault:
        table.mistake(fault, key)


def _fault_of_node_id(text: str) -> str:
    match = _NODE_ID.fullmatch(text)
    if match is None:
        return "is no OPC UA node id; write such as 'ns=2;s=Mill.Speed' or 'ns=2;i=1001'"
    if int(match["index"] or 0) > 0xFFFF:
        return "its namespace index is beyond 65535"
    return "its number is beyond 4294967295" if int(match["number"] or 0) > 0xFFFF_FFFF else ""


def _fault_of_path(text: str) -> str:
    try:
        steps = browse_steps(text)
    except ValueError:
        return "is no browse path; write such as '2:Mill/2:Spindle/2:Speed' from the Objects folder"
    beyond = any(isinstance(each.namespace, int) and each.namespace > 0xFFFF for each in steps)
    return "its namespace index is beyond 65535" if beyond else ""
