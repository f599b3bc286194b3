"""The built pages: one document for every client route, assets kept for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pilotline_api.kit import pages
from tests.api.live.running import running

INDEX = "<!doctype html><title>Pilotline</title>"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "pages"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text(INDEX)
    (directory / "assets" / "app-1a2b.js").write_text("export {};")
    monkeypatch.setattr(pages.install, "__defaults__", (directory,))
    return directory


@contextmanager
def browser(data: Path) -> Iterator[httpx.Client]:
    with (
        running(data) as api,
        httpx.Client(
            base_url=api.address,
            trust_env=False,
            headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
        ) as client,
    ):
        yield client


@pytest.mark.usefixtures("built")
def test_every_client_route_gets_the_document_and_asks_again(tmp_path: Path) -> None:
    with browser(tmp_path) as client:
        for path in ("/", "/machines/mill-1", "/plans/compare"):
            answer = client.get(path)
            assert (answer.status_code, answer.text) == (200, INDEX), path
            assert answer.headers["cache-control"] == "no-cache"
            assert "script-src 'self'" in answer.headers["content-security-policy"]
        unchanged = client.get("/", headers={"If-None-Match": client.get("/").headers["etag"]})
        assert unchanged.status_code == 304


@pytest.mark.usefixtures("built")
def test_assets_are_kept_for_ever_and_missing_ones_are_not(tmp_path: Path) -> None:
    with browser(tmp_path) as client:
        asset = client.get("/assets/app-1a2b.js")
        missing = client.get("/assets/app-9z9z.js", headers={"Accept": "*/*"})

    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "javascript" in asset.headers["content-type"]
    assert missing.status_code == 404
    assert missing.headers["cache-control"] == "no-cache"


@pytest.mark.usefixtures("built")
def test_an_unknown_api_path_is_a_problem_and_never_the_document(tmp_path: Path) -> None:
    with browser(tmp_path) as client:
        answer = client.get("/api/v1/nothing")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path", ["/../settings.py", "/%2e%2e/settings.py", "/assets/..%2f..%2fapp.py"]
)
def test_nothing_outside_the_pages_is_served(tmp_path: Path, path: str) -> None:
    with browser(tmp_path) as client:
        answer = client.get(path)

    assert "pilotline_api" not in answer.text


def test_without_built_pages_a_sentence_says_how_to_build_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.install, "__defaults__", (tmp_path / "nothing",))
    with browser(tmp_path) as client:
        answer = client.get("/")

    assert answer.status_code == 503
    assert "make pages" in answer.text
