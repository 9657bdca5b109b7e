"""Tools' schemas in the words of OpenAPI, and as Google spells them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats.fitting.openapi import NO_PARAMETERS, from_openapi, to_openapi
from pipeline.formats.fitting.reducing import reduce_schema
from pipeline.formats.schemas import SchemaCheck

ANYTHING = {"anyOf": [{"type": one} for one in ("string", "number", "boolean", "object")]}


def reduced(schema: Any, **beside: Any) -> Any:
    """What becomes of the schema as one property of a tool's parameters."""
    parameters = {"type": "object", "properties": {"a": schema}, **beside}
    return reduce_schema(parameters)["properties"]["a"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, {"type": "string"}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": "null"}, {"type": ["string", "null"]}),
        (
            {"type": ["integer", "string"], "description": "n"},
            {
                "anyOf": [
                    {"type": "integer", "description": "n"},
                    {"type": "string", "description": "n"},
                ]
            },
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "A", "default": None},
            {"type": ["string", "null"], "title": "A", "default": None},
        ),
        (
            {"oneOf": [{"type": "string"}, {"type": "number"}], "description": "n"},
            {
                "anyOf": [
                    {"type": "string", "description": "n"},
                    {"type": "number", "description": "n"},
                ]
            },
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
            {"anyOf": [{"type": ["string", "null"]}, {"type": ["number", "null"]}]},
        ),
        (
            {"anyOf": [{"type": "string"}, {"anyOf": [{"type": "number"}, {"type": "array"}]}]},
            {
                "anyOf": [
                    {"type": "string"},
                    {"type": "number"},
                    {"type": "array", "items": ANYTHING},
                ]
            },
        ),
        (
            {"type": "object", "properties": {"b": {}}, "anyOf": [{"required": ["b"]}]},
            {"type": "object", "properties": {"b": ANYTHING}},
        ),
        (
            {"allOf": [{"type": "string"}, {"minLength": 2}], "maxLength": 9},
            {"type": "string", "minLength": 2, "maxLength": 9},
        ),
        (
            {
                "allOf": [
                    {"properties": {"b": {"type": "string"}}, "required": ["b"]},
                    {"properties": {"c": {"type": "number"}}, "required": ["c", "z"]},
                ]
            },
            {
                "type": "object",
                "properties": {"b": {"type": "string"}, "c": {"type": "number"}},
                "required": ["b", "c"],
            },
        ),
        ({"const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"enum": ["x", None]}, {"type": ["string", "null"], "enum": ["x", None]}),
        ({"enum": [1, 2.5]}, {"type": "number"}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "integer"}),
        ({"type": "string", "enum": ["x", 1]}, {"type": "string"}),
        ({"type": "array"}, {"type": "array", "items": ANYTHING}),
        ({"prefixItems": [{"type": "string"}]}, {"type": "array", "items": ANYTHING}),
        ({"type": "array", "items": {"type": "string"}}, "same"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "same"),
        ({"type": "object", "additionalProperties": False}, "same"),
        ({"additionalProperties": {}}, {"type": "object", "additionalProperties": True}),
        ({"type": "object", "properties": {"b": False}}, {"type": "object", "properties": {}}),
        (
            {"type": "integer", "minimum": 1, "exclusiveMaximum": 3},
            {"type": "integer", "minimum": 1},
        ),
        ({"type": "string", "minLength": "2", "format": 3, "title": None}, {"type": "string"}),
        ({"type": "string", "minLength": True}, {"type": "string"}),
        ({"type": "string", "examples": ["x"], "$comment": "y"}, {"type": "string"}),
        ({}, ANYTHING),
        (True, ANYTHING),
        ({"not": {"type": "string"}}, ANYTHING),
        ({"type": "thing"}, ANYTHING),
        ({"type": 5, "enum": "x", "required": 5, "anyOf": 1}, {"type": "object"}),
    ],
)
def test_a_schema_in_words_of_openapi(schema: Any, expected: Any) -> None:
    assert reduced(schema) == (schema if expected == "same" else expected)


def test_references_are_written_out() -> None:
    defs = {"P": {"type": "string", "description": "of P"}, "a/b": {"type": "number"}}
    assert reduced({"$ref": "#/$defs/P"}, **{"$defs": defs}) == defs["P"]
    told = {"$ref": "#/$defs/P", "description": "told"}
    assert reduced(told, **{"$defs": defs}) == {"type": "string", "description": "told"}
    assert reduced({"$ref": "#/$defs/a~1b"}, **{"$defs": defs}) == {"type": "number"}
    assert reduced({"$ref": "#/$defs/Q"}, **{"$defs": defs}) == ANYTHING
    assert reduced({"$ref": "https://example.com/x"}) == ANYTHING


def test_a_schema_inside_itself_becomes_any_object() -> None:
    tree = {"type": "object", "properties": {"kids": {"items": {"$ref": "#/$defs/T"}}}}
    kids = {"type": "array", "items": {"type": "object"}}
    expected = {"type": "object", "properties": {"kids": kids}}
    assert reduced({"$ref": "#/$defs/T"}, **{"$defs": {"T": tree}}) == expected


def test_schemas_that_name_one_another_do_not_grow_without_end() -> None:
    names = [f"T{number}" for number in range(12)]
    each = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    defs = {name: {"type": "object", "properties": each} for name in names}
    parameters = {"type": "object", "properties": each, "$defs": defs}
    assert len(str(reduce_schema(parameters))) < 2_000_000


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"type": "object"},
        {"type": "object", "properties": {}, "additionalProperties": False, "required": []},
        {"type": "OBJECT", "properties": {}},
        {"type": "string"},
    ],
)
def test_no_parameters(parameters: dict[str, Any]) -> None:
    assert reduce_schema(parameters) == NO_PARAMETERS


def test_parameters_that_may_be_null_are_an_object() -> None:
    parameters = {"type": ["object", "null"], "properties": {"a": {"type": "string"}}}
    assert reduce_schema(parameters) == parameters | {"type": "object"}


def test_googles_spelling() -> None:
    schema = {
        "type": "object",
        "properties": {
            "type": {"type": ["string", "null"], "enum": ["x", None]},
            "b": {"type": "array", "items": {"anyOf": [{"type": "number"}]}, "minItems": 1},
        },
        "required": ["b"],
    }
    wire = {
        "type": "OBJECT",
        "properties": {
            "type": {"type": "STRING", "nullable": True, "enum": ["x"]},
            "b": {"type": "ARRAY", "items": {"anyOf": [{"type": "NUMBER"}]}, "minItems": 1},
        },
        "required": ["b"],
    }
    assert to_openapi(schema) == wire
    assert from_openapi(wire) == schema


def test_a_schema_in_snake_case_with_references_is_read() -> None:
    wire = {
        "type": "object",
        "properties": {"max_items": {"ref": "#/defs/P"}, "b": {"any_of": [{"type": "STRING"}]}},
        "defs": {"P": {"type": "ARRAY", "max_items": 2}},
    }
    assert from_openapi(wire) == {
        "type": "object",
        "properties": {"max_items": {"$ref": "#/$defs/P"}, "b": {"anyOf": [{"type": "string"}]}},
        "$defs": {"P": {"type": "array", "maxItems": 2}},
    }


JSON = st.sampled_from([None, True, 3, -0.5, "x", [], ["a", None], {}, {"type": "string"}, 2**70])
TYPE = st.sampled_from(["string", "NUMBER", "integer", "boolean", "array", "object", "null", "x"])
SCHEMA = st.recursive(
    st.booleans() | st.just({}) | st.builds(lambda one: {"type": one}, TYPE),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": TYPE | st.lists(TYPE, max_size=3) | JSON,
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | JSON,
            "items": inner | JSON,
            "anyOf": st.lists(inner, max_size=3) | JSON,
            "oneOf": st.lists(inner, max_size=3),
            "allOf": st.lists(inner, max_size=2) | JSON,
            "required": st.lists(st.sampled_from("abcd")) | JSON,
            "additionalProperties": inner | JSON,
            "enum": st.lists(st.sampled_from(["x", "y", None, 1]), max_size=3) | JSON,
            "const": JSON,
            "nullable": st.booleans() | JSON,
            "minItems": JSON,
            "minimum": JSON,
            "description": JSON,
            "default": JSON,
            "$ref": st.sampled_from(["#", "#/properties/a", "#/x", "", "#/properties/a/items"]),
            "not": inner,
        },
    ),
    max_leaves=12,
)
CHECK = SchemaCheck("gemini")


@given(SCHEMA)
def test_whatever_the_schema_google_takes_what_it_is_reduced_to(schema: Any) -> None:
    parameters = reduce_schema(schema if isinstance(schema, dict) else {})
    assert reduce_schema(parameters) == parameters
    wire = to_openapi(parameters)
    assert from_openapi(wire) == parameters
    line = {
        "contents": [{"role": "user", "parts": [{"text": "q"}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": wire}]}],
    }
    assert CHECK.problems(line) == ()
