"""Opening a historian by its URL."""

import os
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pilotline_historian.errors import HistorianUrlError
from pilotline_historian.historian import Historian

TOKEN_VARIABLE: Final = "PILOTLINE_INFLUXDB_TOKEN"  # noqa: S105 - the name of a variable
"""Environment variable with the token of InfluxDB 2.x and 3, or ``user:password`` of 1.x."""

_DEFAULT_PORT: Final = 8086
_WEB_SCHEMES: Final = {"influxdb": "http", "influxdbs": "https"}
_FORMS: Final = (
    "sqlite:///relative/file.sqlite, sqlite:////absolute/file.sqlite, "
    "influxdb://host:port/bucket?org=… or influxdbs://… for TLS"
)


def open_historian(url: str) -> Historian:
    """Open the historian that a URL names.

    ``sqlite:///file`` is the embedded store. ``influxdb://host:port/bucket`` is InfluxDB, with
    ``org`` for 2.x, ``token_file`` (else the token comes from `TOKEN_VARIABLE`), ``timeout_s`` and
    ``ca_file`` as parameters. InfluxDB need not be there yet.

    Raises:
        HistorianUrlError: the URL cannot be understood.
        HistorianRefused: the embedded store's file cannot be used.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise HistorianUrlError(f"historian URL {_shown(url)!r}: {error}; write {_FORMS}") from None
    if parts.scheme == "sqlite":
        return _open_embedded(url, parts)
    if parts.scheme in _WEB_SCHEMES:
        return _open_influxdb(url, parts, port or _DEFAULT_PORT)
    raise HistorianUrlError(
        f"historian URL {_shown(url)!r} has scheme {parts.scheme!r}; write {_FORMS}"
    )


def _open_embedded(url: str, parts: SplitResult) -> Historian:
    if parts.netloc:
        raise HistorianUrlError(
            f"historian URL {_shown(url)!r} names a host; write three slashes before a relative "
            f"file and four before an absolute one"
        )
    _parameters(url, parts, known=())
    path = unquote(parts.path.removeprefix("/"))
    if not path:
        raise HistorianUrlError(f"historian URL {url!r} names no file; write {_FORMS}")
    from pilotline_historian.embedded import EmbeddedHistorian

    return EmbeddedHistorian(Path(path))


def _open_influxdb(url: str, parts: SplitResult, port: int) -> Historian:
    if parts.username is not None or parts.password is not None:
        raise HistorianUrlError(
            f"historian URL {_shown(url)!r} holds credentials; put user:password or the token into "
            f"{TOKEN_VARIABLE} or a file named by token_file"
        )
    bucket = unquote(parts.path.strip("/"))
    if not parts.hostname or not bucket:
        raise HistorianUrlError(f"historian URL {url!r} lacks host or bucket; write {_FORMS}")
    given = _parameters(url, parts, known=("org", "token_file", "timeout_s", "ca_file"))
    from pilotline_historian.influxdb import InfluxHistorian
    from pilotline_historian.influxdb.server import Address

    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return InfluxHistorian(
        Address(
            url=f"{_WEB_SCHEMES[parts.scheme]}://{host}:{port}",
            bucket=bucket,
            org=given.get("org", ""),
            token=_token(given.get("token_file")),
            answer_timeout_s=_timeout_s(given.get("timeout_s")),
            ca_file=given.get("ca_file"),
        )
    )


def _parameters(url: str, parts: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(given.keys() - set(known))
    if unknown or parts.fragment:
        raise HistorianUrlError(
            f"historian URL {_shown(url)!r} has unknown parameters {', '.join(unknown) or '#'}; "
            f"known are: {', '.join(known) or 'none'}"
        )
    return given


def _token(token_file: str | None) -> str:
    if token_file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        return Path(token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise HistorianUrlError(f"token_file {token_file} cannot be read: {error}") from error


def _timeout_s(stated: str | None) -> float:
    if stated is None:
        return 30.0
    try:
        timeout_s = float(stated)
    except ValueError:
        timeout_s = 0.0
    if not 0 < timeout_s <= 3_600:
        raise HistorianUrlError(f"timeout_s is {stated!r}; write seconds from 0 to 3600")
    return timeout_s


def _shown(url: str) -> str:
    """Return the URL without credentials, for messages."""
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return scheme + mark + authority.rpartition("@")[2] + slash + path
