"""The OpenAPI document: the framework's description of the routes, completed and checked.

Imports the handlers' routes and the two files of data beside it.
"""

from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig

from pipeline import __version__
from pipeline.api import API_VERSION, BASE_PATH
from pipeline.studio.document.operations import COMMON_ERRORS, OPERATIONS, TAGS, Operation
from pipeline.studio.document.schemas import ADDED, PARAMETERS, REFINED
from pipeline.studio.handlers import environments, interactions, prompts, runs, training
from pipeline.studio.handlers.tokens import issue_token, list_signing_keys

__all__ = ["API_ROUTES", "make_document", "make_document_bytes"]

API_ROUTES = [
    *training.ROUTES,
    *runs.ROUTES,
    *environments.ROUTES,
    *interactions.ROUTES,
    *prompts.ROUTES,
]
"""The handlers below the base path."""

_ABOUT = (
    "The training API of the Studio. Exchange an API key for a JWT with `POST /token/issue`, and "
    "send it as `Authorization: Bearer`. A path with and without a trailing slash is the same. "
    "Every error is JSON. A 429 whose `x-ratelimit-reason` is `pacing` may be sent again after "
    "`x-ratelimit-retry-ms`, whatever the method: no handler ran. The URLs of uploads and "
    "downloads are signed and need no token."
)
_STATUSES = (
    "created", "building", "prepared", "processing", "completed", "failed", "cancelled",
)  # fmt: skip
_BODIES = (
    "AddRunsBody", "CreateSessionBody", "FindRunsBody", "SearchBody", "SetDatasetBody",
)  # fmt: skip
"""Described as a client of the newest version has to write them."""
_OPEN: dict[str, tuple[list[dict[str, list[str]]], tuple[int, ...]]] = {
    "issueToken": ([{"apiKey": []}], (401, 405, 429, 500, 503)),
    "listSigningKeys": ([], (405, 429, 500, 503)),
}
"""Operations that take no JWT: what they take, and what they refuse with."""


@cache
def make_document_bytes() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(make_document())


@cache
def make_document() -> dict[str, Any]:
    """The document as an object. It is made once: do not change it."""
    document = _described()
    document["info"] = {"title": "Studio training API", "version": __version__}
    document["info"] |= {"description": _ABOUT, "summary": "Runs in, fine-tuned models out."}
    document["servers"] = [{"url": "/"}]
    document["tags"] = [{"name": name, "description": told} for name, told in TAGS.items()]
    document["security"] = [{"token": []}]
    document["components"] = _components(document["components"]["schemas"])
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            _complete(described, OPERATIONS[method, path], path)
    return document


def _described() -> dict[str, Any]:
    """What the framework says of the routes, as plain JSON."""
    unused = {name: Provide(_unused(), sync_to_thread=False) for name in ("caller", "shape")}
    app = Litestar(
        [
            Router(BASE_PATH, route_handlers=API_ROUTES, dependencies=unused),
            issue_token,
            list_signing_keys,
        ],
        dependencies={"studio": Provide(_unused(), sync_to_thread=False)},
        openapi_config=OpenAPIConfig(title="", version="", use_handler_docstrings=True),
        logging_config=None,
    )
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    return plain


def _unused() -> Any:
    def provide() -> None:
        """A stand-in: this app describes and is never called."""

    return provide


def _components(schemas: dict[str, Any]) -> dict[str, Any]:
    for name, refinement in REFINED.items():
        _lay_over(schemas[name], refinement)
    for name in (*_BODIES, "SearchQuery"):
        schemas[name]["additionalProperties"] = False
    schemas["SessionStatus"] = {"type": "string", "enum": [*_STATUSES]}
    bearer = {"type": "http", "scheme": "bearer"}
    return {
        "schemas": dict(sorted((schemas | ADDED).items())),
        "responses": {str(status): _error(status) for status in sorted({*COMMON_ERRORS, 404, 409})},
        "parameters": {"version": _version_parameter()},
        "securitySchemes": {
            "token": bearer | {"bearerFormat": "JWT", "description": "From `POST /token/issue`."},
            "apiKey": bearer | {"description": "An API key: `sk-...`."},
        },
    }


def _complete(described: dict[str, Any], operation: Operation, path: str) -> None:
    described["operationId"] = operation.id
    described["tags"] = [operation.tag]
    text = described.get("description") or ""
    described["summary"] = text.partition("\n")[0].rstrip(".").partition(";")[0]
    security, errors = _OPEN.get(operation.id, (None, COMMON_ERRORS))
    if security is not None:
        described["security"] = security
    good = described["responses"]["200"]
    good.pop("headers", None)
    good["description"] = "Done."
    if operation.answer is not None:
        good["content"] = {"application/json": {"schema": operation.answer}}
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        described["requestBody"] = {"required": False, "content": content}
    described["responses"] = {"200": good} | {
        str(status): {"$ref": f"#/components/responses/{status}"}
        for status in sorted({*errors, *operation.errors})
    }
    _complete_parameters(described, path)


def _complete_parameters(described: dict[str, Any], path: str) -> None:
    parameters = described.setdefault("parameters", [])
    for one in parameters:
        for noise in ("deprecated", "allowEmptyValue", "allowReserved"):
            one.pop(noise, None)
        known = PARAMETERS.get(one["name"], {})
        one["description"] = known.get("description", f"Only those of this {one['name']}.")
        if one["in"] == "query":
            one["schema"] = _in_a_query(one, path)
        elif "example" in known:
            one["example"] = known["example"]
    if path.startswith(BASE_PATH):
        parameters.append({"$ref": "#/components/parameters/version"})


def _in_a_query(parameter: dict[str, Any], path: str) -> dict[str, Any]:
    """A query's schema: no null can be written there, and a session's status is one of seven."""
    if parameter["name"] == "status" and path.startswith(f"{BASE_PATH}/training"):
        return {"$ref": "#/components/schemas/SessionStatus"}
    schema: dict[str, Any] = parameter["schema"]
    kinds = schema.get("oneOf", [schema])
    found: dict[str, Any] = next(one for one in kinds if one.get("type") != "null")
    return {name: int(one) if isinstance(one, float) else one for name, one in found.items()}


def _version_parameter() -> dict[str, Any]:
    return {
        "name": "x-api-version",
        "in": "header",
        "required": False,
        "description": "The platform's version that the client speaks: below 20250925 a run's "
        "result is collapsed, from 20260803 unknown keys of a body are refused.",
        "schema": {"type": "string", "pattern": "^[0-9]{8}$"},
        "example": API_VERSION,
    }


def _error(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
    }
    text = {"schema": {"type": "string"}}
    number = {"schema": {"type": "string", "pattern": "^[0-9]+$"}}
    match status:
        case 401:
            found["headers"] = {"WWW-Authenticate": text}
        case 405:
            found["headers"] = {"Allow": text}
        case 429:
            found["headers"] = {"x-ratelimit-reason": text, "x-ratelimit-retry-ms": number}
            found["headers"] |= {"Retry-After": number}
        case 503:
            found["headers"] = {"Retry-After": number}
    return found


def _lay_over(schema: dict[str, Any], refinement: dict[str, Any]) -> None:
    """Put the refinement's words into the schema; what has another form there gives way to it."""
    if "anyOf" in refinement:
        schema.pop("oneOf", None)
        schema.pop("type", None)
    for name, value in refinement.items():
        below = schema.get(name)
        if "$ref" in refinement:
            schema.clear()
            schema.update(refinement)
            return
        if isinstance(value, dict) and isinstance(below, dict) and below:
            _lay_over(below, value)
        else:
            schema[name] = value
