"""Serves the built pages: index.html for every client route, assets that may be kept for ever."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGES = Path(__file__).parent.parent / "pages"
_NOT_BUILT = (
    "The pages are not built yet: run `make pages`, then reload. The API answers already.\n"
)


def install(app: FastAPI, pages: Path = PAGES) -> None:
    """Let `app` serve the pages, or a sentence that says how to build them."""
    if (pages / "index.html").is_file():
        app.frontend("/", directory=pages, fallback="index.html")
        return

    @app.get("/", include_in_schema=False)
    def not_built() -> PlainTextResponse:
        return PlainTextResponse(_NOT_BUILT, status_code=503)


class PageRules:
    """Lets browsers keep assets, whose names change with their content, and ask for the rest.

    Below ``/api/`` nothing is ever a page, whatever the browser says it accepts.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith("/api/"):
            # FastAPI answers the document where a browser accepts one; here it is no use.
            headers = [each for each in scope["headers"] if each[0] != b"accept"]
            json_only = [*headers, (b"accept", b"application/json")]
            await self.app({**scope, "headers": json_only}, receive, send)
            return
        asset = scope["path"].startswith("/assets/")

        async def send_with_caching(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = asset and message["status"] in {200, 304}
                MutableHeaders(scope=message)["Cache-Control"] = (
                    "public, max-age=31536000, immutable" if kept else "no-cache"
                )
            await send(message)

        await self.app(scope, receive, send_with_caching)
