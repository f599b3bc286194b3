"""Opening a historian by its URL."""

import re
import ssl
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pilotline_historian.errors import HistorianUrlError
from pilotline_historian.historian import Historian
from pilotline_historian.tokens import Token

if TYPE_CHECKING:
    from pilotline_historian.influxdb.server import Address

TOKEN_VARIABLE: Final = "PILOTLINE_INFLUXDB_TOKEN"  # noqa: S105 - the name of a variable
"""Environment variable with the token of InfluxDB 2.x and 3, or ``user:password`` of 1.x; the same
name with ``_FILE`` behind it names a file that holds it."""

VICTORIAMETRICS_TOKEN_VARIABLE: Final = "PILOTLINE_VICTORIAMETRICS_TOKEN"  # noqa: S105 - a name
"""The same for VictoriaMetrics behind an authenticating proxy."""

_PORTS: Final = {"influxdb": 8086, "victoriametrics": 8428}
_METRIC_NAME: Final = "pilotline"
_METRIC: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_HINT: Final = "; a token goes into the environment, or a file that token_file names"
_FORMS: Final = (
    "sqlite:///relative/file.sqlite, sqlite:////absolute/file.sqlite, "
    "influxdb://host:port/bucket?org=… or victoriametrics://host:port, influxdbs://… and "
    "victoriametricss://… for TLS"
)


def open_historian(url: str, *, create: bool = True) -> Historian:
    """Open the historian that a URL names.

    ``sqlite:///file`` is the embedded store. ``influxdb://host:port/bucket`` is InfluxDB, with
    ``org`` for 2.x, ``token_file`` (else the token comes from `TOKEN_VARIABLE`), ``timeout_s`` and
    ``ca_file`` as parameters. ``victoriametrics://host:port`` is VictoriaMetrics, which is only
    written to. A server need not be there yet.

    Args:
        url: such as those.
        create: whether the embedded store's file is made where it is missing.

    Raises:
        HistorianUrlError: the URL cannot be understood.
        HistorianRefused: the embedded store's file cannot be used.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError as error:
        raise HistorianUrlError(f"historian URL {_shown(url)!r}: {error}; write {_FORMS}") from None
    if parts.scheme == "sqlite":
        return _open_embedded(url, parts, create)
    if parts.scheme in ("influxdb", "influxdbs"):
        return _open_influxdb(url, parts)
    if parts.scheme in ("victoriametrics", "victoriametricss"):
        return _open_victoriametrics(url, parts)
    raise HistorianUrlError(
        f"historian URL {_shown(url)!r} has scheme {parts.scheme!r}; write {_FORMS}"
    )


def _open_embedded(url: str, parts: SplitResult, create: bool) -> Historian:
    if parts.netloc:
        raise HistorianUrlError(
            f"historian URL {_shown(url)!r} names a host; write three slashes before a relative "
            f"file and four before an absolute one"
        )
    _parameters(url, parts, known=())
    path = unquote(parts.path.removeprefix("/"))
    if not path:
        raise HistorianUrlError(f"historian URL {url!r} names no file; write {_FORMS}")
    if not create and not Path(path).exists():
        raise HistorianUrlError(
            f"there is no historian file {Path(path).absolute()}; correct the URL, or make one by "
            "`pilotline historian init`"
        )
    from pilotline_historian.embedded import EmbeddedHistorian

    return EmbeddedHistorian(Path(path))


def _open_influxdb(url: str, parts: SplitResult) -> Historian:
    bucket = unquote(parts.path.strip("/"))
    if not parts.hostname or not bucket:
        raise HistorianUrlError(
            f"historian URL {_shown(url)!r} lacks host or bucket; write {_FORMS}"
        )
    address = _address(url, parts, bucket, TOKEN_VARIABLE, known=("org",))
    from pilotline_historian.influxdb import InfluxHistorian

    return InfluxHistorian(address)


def _open_victoriametrics(url: str, parts: SplitResult) -> Historian:
    name = parts.path.strip("/") or _METRIC_NAME
    if not parts.hostname or not _METRIC.fullmatch(name):
        raise HistorianUrlError(
            f"historian URL {_shown(url)!r} lacks a host, or {name!r} cannot begin the name of a "
            f"metric (letters, digits, _); write {_FORMS}"
        )
    variable = VICTORIAMETRICS_TOKEN_VARIABLE
    address = _address(url, parts, name, variable, known=())
    from pilotline_historian.victoriametrics import VictoriaMetricsHistorian

    return VictoriaMetricsHistorian(replace(address, token_word="Bearer"))  # noqa: S106 - a scheme


def _address(
    url: str,
    parts: SplitResult,
    bucket: str,
    token_variable: str,
    known: tuple[str, ...],
) -> "Address":
    """Read what every server's URL has."""
    if parts.username is not None or parts.password is not None:
        raise HistorianUrlError(
            f"historian URL {_shown(url)!r} holds credentials; put user:password or the token into "
            f"{token_variable} or a file named by token_file"
        )
    given = _parameters(url, parts, known=(*known, "token_file", "timeout_s", "ca_file"))
    ca_file = given.get("ca_file")
    if ca_file is not None:
        _check_authority(ca_file)
    from pilotline_historian.influxdb.server import Address

    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    plain = parts.scheme in _PORTS
    port = parts.port or _PORTS[parts.scheme if plain else parts.scheme[:-1]]
    return Address(
        url=f"{'http' if plain else 'https'}://{host}:{port}",
        bucket=bucket,
        org=given.get("org", ""),
        token=Token.found(given.get("token_file"), token_variable),
        answer_timeout_s=_timeout_s(given.get("timeout_s")),
        ca_file=ca_file,
    )


def _check_authority(ca_file: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca_file)
    except OSError as error:
        raise HistorianUrlError(
            f"ca_file {ca_file} cannot be used: {error}; name the authority's PEM file"
        ) from error


def _parameters(url: str, parts: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(given.keys() - set(known))
    secret = {"token", "password", "user", "username"} & given.keys()
    if unknown or parts.fragment:
        raise HistorianUrlError(
            f"historian URL {_shown(url)!r} has unknown parameters {', '.join(unknown) or '#'}; "
            f"known are: {', '.join(known) or 'none'}{_HINT if secret else ''}"
        )
    return given


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
    """Return the URL without credentials, for messages: what a parameter says may be a token."""
    scheme, mark, rest = url.partition("://")
    rest, question, parameters = rest.partition("?")
    authority, slash, path = rest.partition("/")
    hidden = "&".join(f"{each.partition('=')[0]}=…" for each in parameters.split("&") if each)
    return scheme + mark + authority.rpartition("@")[2] + slash + path + question + hidden
