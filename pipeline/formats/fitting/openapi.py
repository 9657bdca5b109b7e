"""A tool's JSON Schema as Google spells it: types in capitals, `nullable` for the null type.

Words and types: google.cloud.aiplatform_v1.types.Schema (google-cloud-aiplatform 2.7.0, read
2026-11-26). What a schema may not say there, `reducing` takes out. Imports nothing of the package.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["NO_PARAMETERS", "from_openapi", "to_openapi"]

_Schema = dict[str, Any]

NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}
"""Of a tool without parameters; on Google's wire they are left out."""

_CAMEL = {
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "min_length": "minLength",
    "max_length": "maxLength",
    "property_ordering": "propertyOrdering",
    "additional_properties": "additionalProperties",
    "any_of": "anyOf",
}


def to_openapi(schema: _Schema) -> _Schema:
    """A reduced schema as Google writes it: types in capitals, `nullable` for the null type."""
    wire: _Schema = {}
    for word, value in schema.items():
        match word:
            case "type":
                one = value[0] if isinstance(value, list) else value
                wire["type"] = one.upper()
                if one is not value:
                    wire["nullable"] = True
            case "properties":
                wire[word] = {name: to_openapi(of) for name, of in value.items()}
            case "items":
                wire[word] = to_openapi(value)
            case "anyOf":
                wire[word] = [to_openapi(option) for option in value]
            case "enum":
                wire[word] = [one for one in value if one is not None]
            case _:
                wire[word] = value
    return wire


def from_openapi(wire: _Schema) -> _Schema:
    """A schema of Google's as JSON Schema; in a line, words may be in camel or snake case."""
    schema: _Schema = {}
    for key, value in wire.items():
        match _CAMEL.get(key, key):
            case "type":
                schema["type"] = value.lower()
            case "properties":
                schema["properties"] = {name: from_openapi(of) for name, of in value.items()}
            case "items":
                schema["items"] = from_openapi(value)
            case "anyOf":
                schema["anyOf"] = [from_openapi(option) for option in value]
            case "ref":
                schema["$ref"] = value.replace("#/defs/", "#/$defs/", 1)
            case "defs":
                schema["$defs"] = {name: from_openapi(of) for name, of in value.items()}
            case "nullable":
                continue
            case word:
                schema[word] = value
    return _with_null(schema) if wire.get("nullable") else schema


def _with_null(schema: _Schema) -> _Schema:
    if "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema
