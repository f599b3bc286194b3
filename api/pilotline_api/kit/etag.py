"""If-Match: a change names the version it was made against."""

import re
from typing import Annotated

from fastapi import Header

from pilotline_api.errors import FieldError, PreconditionRequired, Unprocessable

_STRONG = re.compile(r'"(\d{1,9})"')

IfMatch = Annotated[str | None, Header(max_length=64, description='A version, such as `"3"`.')]


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def version_matched(if_match: str | None) -> int:
    """Return the version that If-Match names.

    Raises:
        PreconditionRequired: there is no If-Match.
        Unprocessable: it is not one quoted version.
    """
    if if_match is None:
        msg = 'Send If-Match with the version of the published plan you compared with, or "0".'
        raise PreconditionRequired(msg)
    found = _STRONG.fullmatch(if_match.strip())
    if found is None:
        message = 'If-Match must be one version in quotes, such as "3"'
        raise Unprocessable(message, errors=[FieldError("header:If-Match", "etag", message)])
    return int(found[1])
