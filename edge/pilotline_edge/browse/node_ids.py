"""Node ids as a plant file writes them: with the namespace's URI, which outlives restarts."""

import base64
import re
from urllib.parse import quote

from asyncua import ua

from pilotline_edge.connection.facts import ServerFacts

_LONGEST = 4096
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]|\{[a-z_]*\}")
"""Control characters, half characters, and what a plant file reads as a placeholder."""


def written_node_id(node: ua.NodeId, facts: ServerFacts | None) -> str | None:
    """Return the textual form of OPC 10000-6, 5.1.12, or None where a plant file has none.

    In a URI ``;``, ``%`` and white space are written as ``%`` and two digits.
    """
    identifier = node.Identifier
    if isinstance(identifier, int):
        text = f"i={identifier}"
    elif isinstance(identifier, str):
        text = f"s={identifier}"
    elif isinstance(identifier, bytes):
        text = f"b={base64.b64encode(identifier).decode()}"
    else:
        text = f"g={identifier}"
    if text == "s=" or len(text) > _LONGEST or _UNWRITABLE.search(text):
        return None
    if not node.NamespaceIndex:
        return text
    namespaces = facts.namespaces if facts is not None else ()
    if node.NamespaceIndex >= len(namespaces):
        return f"ns={node.NamespaceIndex};{text}"
    uri = quote(namespaces[node.NamespaceIndex], safe=":/?#[]@!$&'()*+,=-._~")
    return f"nsu={uri};{text}"
