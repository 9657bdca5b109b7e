"""The API's description: complete, true to the routes, and a page that loads nothing."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from litestar.routes import HTTPRoute
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from pipeline.studio import EmbeddedStudio
from pipeline.studio.app import make_app
from pipeline.studio.document.openapi import make_document
from pipeline.studio.document.operations import OPERATIONS

UNDESCRIBED = {"/api/v1/openapi.json", "/docs"}
"""The description itself."""
EVERYWHERE = {"400", "401", "405", "408", "413", "415", "429", "500", "503"}


@pytest.fixture(scope="module")
def document(http: Any) -> Any:
    answer = http.get("/api/v1/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            yield method, path, one


def test_every_route_of_the_api_is_described_and_nothing_else(
    studio: EmbeddedStudio, document: Any
) -> None:
    routes = {
        (method.lower(), re.sub(r"{(\w+):\w+}", r"{\1}", route.path))
        for route in make_app(studio.studio).routes
        if isinstance(route, HTTPRoute) and route.path.startswith(("/api/v1", "/token", "/.well"))
        for method in route.methods - {"OPTIONS", "HEAD"}
        if route.path not in UNDESCRIBED
    }
    assert {(method, path) for method, path, _ in operations(document)} == routes
    assert set(OPERATIONS) == routes


def test_every_operation_has_an_id_of_its_own_a_summary_and_a_tag(document: Any) -> None:
    found = [one for _, _, one in operations(document)]
    assert len({one["operationId"] for one in found}) == len(found)
    tags = {tag["name"] for tag in document["tags"]}
    assert all(set(one["tags"]) <= tags and one["summary"] for one in found)


def test_every_operation_with_a_token_lists_every_refusal(document: Any) -> None:
    for _, path, one in operations(document):
        if path.startswith("/api/v1"):
            assert set(one["responses"]) >= EVERYWHERE
            assert "security" not in one
        if "{" in path:
            assert "404" in one["responses"]
    assert document["security"] == [{"token": []}]
    changing = ("add", "build", "dataset", "start", "cancel")
    for word in changing:
        assert (
            "409" in document["paths"][f"/api/v1/training/{{session}}/{word}"]["post"]["responses"]
        )


def test_every_parameter_and_schema_is_told_and_every_reference_leads_somewhere(
    document: Any,
) -> None:
    for _, _, one in operations(document):
        for parameter in one["parameters"]:
            assert "$ref" in parameter or parameter["description"]
    for ref in re.findall(r"'\$ref': '#/([^']+)'", str(document)):
        target = document
        for word in ref.split("/"):
            target = target[word]
        assert target


def test_examples_fit_their_schemas(document: Any) -> None:
    uri = "urn:studio"
    registry = Registry().with_resource(uri, Resource(document, DRAFT202012))
    checked = 0
    for name, schema in document["components"]["schemas"].items():
        pointer = {"$ref": f"{uri}#/components/schemas/{name}"}
        validator = jsonschema.Draft202012Validator(pointer, registry=registry)
        for example in schema.get("examples", ()):
            validator.validate(example)
            checked += 1
    assert checked >= 18


def test_the_document_is_made_once_and_not_changed() -> None:
    before = str(make_document())
    assert str(make_document()) == before


def test_the_page_shows_every_operation_and_loads_nothing(http: Any, document: Any) -> None:
    answer = http.get("/docs")
    assert answer.status_code == 200
    page = answer.text
    for method, path, one in operations(document):
        assert f'id="{one["operationId"]}"' in page
        assert f"<code>{path}</code>" in page
        assert method.upper() in page
    assert "<script" not in page
    assert re.findall(r"""(?:src|action|data)\s*=|@import|url\(""", page) == []
    assert {link for link in re.findall(r'href="([^"]+)"', page) if not link.startswith("#")} == {
        "/api/v1/openapi.json"
    }
    for link in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{link}"' in page
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_word_of_the_page_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.studio.document import page  # noqa: PLC0415 (its document is replaced)

    evil = "<script>alert('x')</script>\"&"
    schema = {"type": evil, "examples": [{"a": evil}]}
    good = {"200": {"content": {"application/json": {"schema": schema}}}}
    shown = {
        "operationId": evil, "tags": [evil], "summary": evil, "description": evil,
        "parameters": [{"name": evil, "in": evil, "schema": schema, "description": evil}],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {**good, "404": {"description": evil}},
    }  # fmt: skip
    document = {
        "info": {"title": evil, "description": evil},
        "tags": [{"name": evil, "description": evil}],
        "paths": {evil: {"get": shown}},
        "components": {"schemas": {evil: schema}},
    }
    monkeypatch.setattr(page, "make_document", lambda: document)
    text = page.make_page.__wrapped__()
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 12
