"""What holds for every request: one shape of errors, limits, headers and the same site."""

import json

import httpx
import pytest

from pilotline_api.accounts.models import Role
from tests.api.live.running import RunningApi
from tests.api.world import request

MEMBERS = {"type", "title", "status", "detail", "code", "errors", "request_id"}


def problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert body.keys() >= MEMBERS
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def test_an_unknown_path_and_a_wrong_method_are_problems(api: RunningApi) -> None:
    assert problem(api.client().get("/nothing-here"), 404)["code"] == "not_found"
    answer = api.client().put("/session")
    assert problem(answer, 405)["code"] == "method_not_allowed"
    assert "POST" in answer.headers["allow"]


def test_every_wrong_field_is_named_by_its_pointer(api: RunningApi) -> None:
    body = request(size=0, attendance=[{"start": "2026-01-01T00:00:00"}], colour="red")
    answer = api.browser(Role.CUSTOMER, "nordbeton").post("/trial-runs", json=body)

    errors = problem(answer, 422)["errors"]
    assert isinstance(errors, list)
    assert {each["pointer"] for each in errors} == {
        "/size",
        "/attendance/0/start",
        "/attendance/0/end",
        "/colour",
    }


@pytest.mark.parametrize("content", [b"{", b"", b"[" * 100_000, b'{"size": 1e999}', b"\xff\xfe"])
def test_a_body_that_is_no_json_is_a_problem(api: RunningApi, content: bytes) -> None:
    answer = api.browser(Role.CUSTOMER, "nordbeton").post(
        "/trial-runs", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in {400, 422}
    problem(answer, answer.status_code)


def test_a_body_above_a_megabyte_is_refused_by_its_length(api: RunningApi) -> None:
    answer = api.client().post("/session", content=b"x" * 1_000_001)

    assert problem(answer, 413)["code"] == "content_too_large"


def test_a_body_above_a_megabyte_is_refused_while_it_comes_in_chunks(api: RunningApi) -> None:
    chunks = (b"x" * 100_000 for _ in range(50))
    answer = api.client().post(
        "/session", content=chunks, headers={"Content-Type": "application/json"}
    )

    assert problem(answer, 413)["code"] == "content_too_large"


def test_an_unforeseen_error_tells_nothing_but_its_request_id(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        msg = "the secret recipe"
        raise RuntimeError(msg)

    monkeypatch.setattr("pilotline_api.plant.endpoints.plant_view", broken)
    answer = api.browser(Role.OPERATOR).get("/plant")

    assert problem(answer, 500)["code"] == "internal_error"
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


def test_a_well_formed_request_id_is_kept_and_another_is_replaced(api: RunningApi) -> None:
    kept = api.client().get("/session", headers={"X-Request-Id": "trace-12345678"})
    replaced = api.client().get("/session", headers={"X-Request-Id": "<script>"})

    assert kept.headers["x-request-id"] == "trace-12345678"
    assert replaced.headers["x-request-id"] != "<script>"


def test_answers_carry_the_headers_that_keep_pages_to_themselves(api: RunningApi) -> None:
    headers = api.client().get("/session").headers

    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "{own}"},
    ],
)
def test_a_page_of_another_site_cannot_act_for_a_person(
    api: RunningApi, headers: dict[str, str]
) -> None:
    with httpx.Client(base_url=f"{api.address}/api/v1", trust_env=False) as browser:
        browser.cookies.set("pilotline_session", api.sign_in(Role.CUSTOMER, "nordbeton"))
        sent = {name: value.format(own=api.address) for name, value in headers.items()}
        answer = browser.post("/trial-runs", json=request(), headers=sent)

    assert problem(answer, 403)["code"] == "cross_site"


def test_a_request_that_names_no_origin_at_all_changes_nothing(api: RunningApi) -> None:
    with httpx.Client(base_url=f"{api.address}/api/v1", trust_env=False) as script:
        script.cookies.set("pilotline_session", api.sign_in(Role.CUSTOMER, "nordbeton"))
        assert script.post("/trial-runs", json=request()).status_code == 403
        assert script.get("/trial-runs").status_code == 200


def test_errors_are_described_as_problems_in_the_openapi_document(api: RunningApi) -> None:
    document = api.client().get("/openapi.json").json()

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            described = operation["responses"]["default"]["content"]
            assert list(described) == ["application/problem+json"], (method, path)
            assert "422" not in operation["responses"]
    assert "HTTPValidationError" not in json.dumps(document)
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids))
