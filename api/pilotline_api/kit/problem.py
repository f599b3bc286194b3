"""Problem documents: every error leaves as application/problem+json (RFC 9457)."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from pilotline_api.errors import (
    ContentTooLarge,
    FieldError,
    NotFound,
    Problem,
    Unavailable,
    Unprocessable,
)
from pilotline_api.kit.request_id import current_request_id
from pilotline_api.kit.schema import View

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger("pilotline.api")


class FieldErrorView(View):
    """One wrong field of a request."""

    pointer: str
    code: str
    message: str


class ProblemView(View):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldErrorView]
    request_id: str


def document(
    *, status: int, title: str, detail: str, code: str, errors: Sequence[FieldError] = ()
) -> dict[str, Any]:
    """Return a problem document for the current request."""
    return {
        "type": f"urn:pilotline:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [
            {"pointer": each.pointer, "code": each.code, "message": each.message} for each in errors
        ],
        "request_id": current_request_id(),
    }


def answer(problem: Problem) -> JSONResponse:
    """Return the response of a problem."""
    body = document(
        status=problem.status,
        title=problem.title,
        detail=problem.detail,
        code=problem.code,
        errors=problem.errors,
    )
    return JSONResponse(
        {**body, **problem.members},
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _database)


async def _problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - Starlette types handlers by Exception
    return answer(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    wrong = [
        FieldError(_pointer(each["loc"]), str(each["type"]), str(each["msg"]))
        for each in error.errors()
    ]
    fields = ", ".join(each.pointer for each in wrong)
    return answer(Unprocessable(f"Correct these fields and send again: {fields}.", errors=wrong))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == HTTPStatus.NOT_FOUND:
        return answer(NotFound())
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return answer(ContentTooLarge(error.detail))
    status = HTTPStatus(error.status_code)
    body = document(
        status=status,
        title=status.phrase,
        detail=str(error.detail),
        code=status.name.lower(),
    )
    return JSONResponse(
        body, status_code=status, headers=dict(error.headers or {}), media_type=MEDIA_TYPE
    )


async def _database(_request: Request, error: Exception) -> JSONResponse:
    _log.error("api.database_unavailable", error=str(error))
    return answer(Unavailable("The database did not answer in time; send the request again."))


def _pointer(location: Sequence[int | str]) -> str:
    source, *path = location
    if source == "body":
        return "/" + "/".join(str(part) for part in path)
    return f"{source}:{'/'.join(str(part) for part in path)}"
