"""One InfluxDB server by influxdb-client: requests and versions."""

import base64
import contextlib
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Lock
from typing import Any, Final, NamedTuple, NoReturn
from urllib.parse import urlencode, urlsplit

import structlog
import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from pilotline_historian.errors import HistorianRefused, HistorianUnavailable
from pilotline_historian.influxdb.answers import UNKNOWN_DATABASE, json_of, meaning
from pilotline_historian.influxdb.bounded_pool import AnswerRefused, BoundedPool
from pilotline_historian.influxdb.errors import (
    AnswerTooLong,
    DatabaseMissing,
    LinesRejected,
)
from pilotline_historian.tokens import Token
from pilotline_plant.printable import printable

_GZIP_LEVEL: Final = 1
"""influxdb-client compresses at level 9: six times the processor time for a fifth fewer bytes."""

_STORED: Final = 204
_LONGEST_MESSAGE: Final = 500
_LONGEST_VERSION: Final = 64

_PASSING: Final = re.compile(r"time-?out|interrupted|shutting down|engine: closed", re.I)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Address:
    """Where an InfluxDB is and how to talk to it.

    Attributes:
        url: such as ``http://127.0.0.1:8086``.
        bucket: bucket of 2.x and 3, database of 1.x; ``database/policy`` names a retention policy.
        org: organisation of 2.x, empty elsewhere.
        token: token of 2.x and 3, ``user:password`` of 1.x, empty without authentication.
        token_word: what goes before a token in the header (RFC 6750 has ``Bearer``).
        connect_timeout_s: for a connection to open.
        answer_timeout_s: for the server to answer.
        ca_file: certificate authority of the server, or None for the system's.
    """

    url: str
    bucket: str
    org: str = ""
    token: Token = field(default_factory=Token)
    token_word: str = "Token"  # noqa: S105 - a scheme and no secret
    connect_timeout_s: float = 5.0
    answer_timeout_s: float = 30.0
    ca_file: str | None = None

    def __repr__(self) -> str:
        """Return the address without its token."""
        return f"{self.url}/{self.bucket}"


class ResultSeries(NamedTuple):
    """One series of an InfluxQL answer."""

    tags: Mapping[str, str]
    columns: Sequence[str]
    values: Sequence[Sequence[Any]]


class NotJson(HistorianUnavailable):
    """The answer breaks off; InfluxDB 1.x does that where an aggregate overflows a double."""


class Server:
    """One InfluxDB server.

    Lines are compressed unless they stay on this machine, where that costs both sides processor
    time and spares nobody anything.

    Its version is asked at the first request, and again after it did not answer.

    Characteristics
        retries: none; a request that failed is reported, whoever has the data tries again
        time-outs: explicit, for connecting and for the answer, its beginning and its end
        answers: of bounded size, see `BoundedPool`; a write counts only when it is answered 204
        threads: any
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        timeouts_ms = (
            int(address.connect_timeout_s * 1_000),
            int(address.answer_timeout_s * 1_000),
        )
        self._client: Any = InfluxDBClient(
            url=address.url, timeout=timeouts_ms, ssl_ca_cert=address.ca_file
        )
        rest: Any = self._client.api_client.rest_client
        rest.pool_manager = BoundedPool(rest.pool_manager, address.answer_timeout_s)
        self._near = _is_this_machine(urlsplit(address.url).hostname or "")
        self._lock = Lock()
        self._version: tuple[int, int] | None = None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def write(self, body: bytes) -> None:
        """Store lines.

        Raises:
            LinesRejected: some lines, or all, were not stored and never will be.
            BodyTooLarge: send less at once.
            HistorianUnavailable: send the same again later.
            HistorianRefused: a person must act.
        """
        try:
            self._write(body)
        except DatabaseMissing:
            self._create_database()
            self._write(body)

    def query(self, influxql: str) -> list[ResultSeries]:
        """Return the answer to one InfluxQL statement, times in ns.

        Raises:
            NotJson: the answer breaks off.
            HistorianUnavailable: ask again later.
            HistorianRefused: a person must act.
        """
        try:
            return self._query(influxql)
        except DatabaseMissing:
            self._create_database()
            return self._query(influxql)

    def _write(self, body: bytes) -> None:
        database, _, policy = self.address.bucket.partition("/")
        if self._has_version_2_write():
            path = "/api/v2/write"
            query = [("bucket", self.address.bucket), ("org", self.address.org)]
        else:
            path, query = "/write", [("db", database), ("rp", policy)]
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if not self._near:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, _GZIP_LEVEL)
        status = self._call(path, [*query, ("precision", "ns")], headers, body).status
        if status != _STORED:
            raise HistorianUnavailable(
                f"{self.address} answered {status} to a write, where every InfluxDB answers "
                f"{_STORED}; check the URL, and whether a proxy or a sign-in page answers instead"
            )

    def _query(self, influxql: str) -> list[ResultSeries]:
        database, _, policy = self.address.bucket.partition("/")
        query = [("db", database), ("rp", policy), ("epoch", "ns"), ("q", influxql)]
        body = urlencode([pair for pair in query if pair[1]]).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        data = self._call("/query", [], {**form, "Accept": "application/json"}, body).data
        try:
            (result,) = json_of(data)["results"]
            found = [
                ResultSeries(series.get("tags", {}), series["columns"], series.get("values", []))
                for series in result.get("series", ())
            ]
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise NotJson(f"{self.address} answered {data[:200]!r}") from error
        if "error" in result:
            self._query_failed(printable(str(result["error"])[:_LONGEST_MESSAGE]))
        return found

    def _query_failed(self, message: str) -> NoReturn:
        if UNKNOWN_DATABASE.search(message):
            raise DatabaseMissing(message)
        if _PASSING.search(message):
            raise HistorianUnavailable(f"{self.address}: {message}")
        raise HistorianRefused(f"{self.address} refuses a query: {message}")

    def _create_database(self) -> None:
        database, _, policy = self.address.bucket.partition("/")
        if self.version()[0] != 1 or policy:
            raise HistorianRefused(
                f"{self.address.url} has no bucket {self.address.bucket!r}; create it"
            )
        quoted = database.replace("\\", "\\\\").replace('"', '\\"')
        try:
            self._query(f'CREATE DATABASE "{quoted}"')
        except HistorianRefused as error:
            raise HistorianRefused(
                f"{self.address.url} has no database {database!r} and does not let us create it "
                f"({error}); create it"
            ) from error
        _log.info("historian.database_created", url=self.address.url, database=database)

    def _has_version_2_write(self) -> bool:
        return self.version() >= (1, 8)

    @property
    def tags_are_fixed(self) -> bool:
        """Whether a measurement keeps the tags of its first point for ever, as in InfluxDB 3.

        Raises:
            HistorianError: the server was not asked before and does not answer well.
        """
        return self.version()[0] > 2

    def version(self) -> tuple[int, int]:
        """Return the server's major and minor version.

        Raises:
            HistorianError: the server was not asked before and does not answer well.
        """
        with self._lock:
            if self._version is None:
                headers = self._call("/ping", [], {}, None).headers
                stated = printable(headers.get("X-Influxdb-Version", "")[:_LONGEST_VERSION])
                self._version = _version(stated)
                _log.info("historian.connected", url=self.address.url, version=stated)
            return self._version

    def call(
        self,
        method: str,
        path: str,
        query: list[tuple[str, str]],
        headers: dict[str, str],
        body: Mapping[str, Any] | None,
    ) -> bytes:
        """Return the answer to one request, whose body is sent as JSON.

        Raises:
            HistorianUnavailable: ask again later.
            HistorianRefused: a person must act.
        """
        try:
            return self._call(path, query, headers, body, method).data
        except LinesRejected as error:
            raise HistorianRefused(f"{self.address} refuses {method} {path}: {error}") from error

    def _call(
        self,
        path: str,
        query: list[tuple[str, str]],
        headers: dict[str, str],
        body: bytes | Mapping[str, Any] | None,
        method: str | None = None,
    ) -> urllib3.HTTPResponse:
        try:
            response: urllib3.HTTPResponse = self._client.api_client.call_api(
                path,
                method or ("GET" if body is None else "POST"),
                query_params=[pair for pair in query if pair[1]],
                header_params={**headers, **self._authorization()},
                body=body,
                auth_settings=[],
                _preload_content=False,
                _return_http_data_only=True,
            )
            return response
        except AnswerRefused as error:
            raise AnswerTooLong(f"{self.address}: {error}") from error
        except ApiException as error:
            if error.status in (401, 403) and self.address.token.renew():
                return self._call(path, query, headers, body, method)
            if not error.status or error.status in (408, 429) or error.status >= 500:
                self._version = None
            raise meaning(str(self.address), error, self.address.token.remedy) from error
        except urllib3.exceptions.HTTPError as error:
            self._version = None
            raise HistorianUnavailable(f"{self.address} {_unanswered(error)}") from error

    def _authorization(self) -> dict[str, str]:
        token = self.address.token.text
        if not token:
            return {}
        if ":" in token:
            return {"Authorization": "Basic " + base64.b64encode(token.encode()).decode()}
        return {"Authorization": f"{self.address.token_word} {token}"}


def _unanswered(error: urllib3.exceptions.HTTPError) -> str:
    """Return why there is no answer, in words; urllib3 shows its own objects."""
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "does not answer: its host name is not known here; check the historian's URL"
    if isinstance(error, urllib3.exceptions.NewConnectionError) and "refused" in str(error):
        return "does not answer: connection refused, nothing listens there"
    if isinstance(
        error, urllib3.exceptions.ConnectTimeoutError | urllib3.exceptions.ReadTimeoutError
    ):
        return "does not answer in time"
    return f"does not answer: {error}"


def _is_this_machine(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _version(stated: str) -> tuple[int, int]:
    """Return major and minor version; a server that does not tell speaks the 2.x interface."""
    found = re.search(r"(\d{1,4})\.(\d{1,4})", stated)
    return (int(found[1]), int(found[2])) if found else (2, 0)
