"""Pure ASGI middleware: body limit, security headers, same-site writes, failures as problems."""

from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from prometheus_client import Counter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilotline_api.errors import ContentTooLarge, Forbidden, Problem
from pilotline_api.kit.problem import answer

MAX_BODY_BYTES = 1_000_000
TOO_LARGE = f"The body is larger than {MAX_BODY_BYTES} bytes; send less at once."
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "worker-src 'self'",
        # Svelte and uPlot place elements by style attributes; scripts stay external.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_SECURITY_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_log = structlog.get_logger("pilotline.api")
_failures = Counter("pilotline_api_failures", "Requests that ended in an unforeseen error.")


class SecurityHeaders:
    """Adds the headers that keep pages from being framed, sniffed or scripted from outside."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self._headers = dict(_SECURITY_HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        private = scope["path"].startswith("/api/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if private:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuses bodies above 1 MB, by their declared length or while they come in chunks.

    Characteristics
        buffered: nothing; bytes are counted as they pass
        over the limit: 413, and the connection is closed by the server once the answer is sent
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdigit() or int(declared) > MAX_BODY_BYTES:
            await answer(ContentTooLarge(TOO_LARGE))(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > MAX_BODY_BYTES:
                    # FastAPI lets only HTTPException through while it reads a body.
                    raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE)
            return message

        await self.app(scope, receive_within_limit, send)


class SameSite:
    """Refuses unsafe requests that another site's page could have caused (CSRF).

    Requests with an ``Authorization`` header pass: a browser never adds one by itself.
    """

    def __init__(self, app: ASGIApp, *, public_url: str | None) -> None:
        self.app = app
        self._public_origin = _origin(public_url) if public_url else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and not self._passes(scope["method"], Headers(scope=scope)):
            problem = Forbidden(
                "This request does not come from Pilotline's own pages; "
                "send an Origin header of this site.",
                code="cross_site",
            )
            await answer(problem)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _passes(self, method: str, headers: Headers) -> bool:
        if method in _SAFE_METHODS or "authorization" in headers:
            return True
        fetch_site = headers.get("sec-fetch-site")
        if fetch_site is not None:
            return fetch_site in {"same-origin", "none"}
        origin = headers.get("origin")
        if origin is None:
            return False
        return origin == self._public_origin or urlsplit(origin).netloc == headers.get("host")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Failures:
    """Turns an unforeseen error into a problem document, and logs and counts it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception as error:
            if started:
                raise
            if isinstance(error, Problem):
                await answer(error)(scope, receive, send)
                return
            _failures.inc()
            _log.exception("api.failed", method=scope["method"], path=scope["path"])
            problem = Problem(
                "The server made a mistake and noted it under this request id; try again later."
            )
            await answer(problem)(scope, receive, send)
