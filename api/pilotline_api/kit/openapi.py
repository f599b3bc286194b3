"""The OpenAPI document: readable operation ids, and problems where FastAPI describes its own."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from pilotline_api.kit.problem import MEDIA_TYPE, ProblemView

_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def operation_id(route: APIRoute) -> str:
    """Return ``tag-function`` for a route, such as ``session-sign_in``."""
    tag = route.tags[0] if route.tags else "api"
    return f"{tag}-{route.name}"


def install(app: FastAPI) -> None:
    """Let `app` describe every error as a problem document."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(plain())
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    model = ProblemView.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(model.pop("$defs", {}))
    schemas["ProblemView"] = model
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    described = {
        "description": "A problem",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemView"}}},
    }
    for path in schema["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = described
    return schema
