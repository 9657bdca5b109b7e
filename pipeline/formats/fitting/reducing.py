"""A tool's JSON Schema in the words that OpenAPI 3.0 has, as Google's `Schema` takes them.

Words, types and what Vertex refuses: google.cloud.aiplatform_v1.types.Schema
(google-cloud-aiplatform 2.7.0), and langchain-ai/langchain-google issue 1216 on `anyOf`, which
stands alone; both read 2026-11-26. What comes out is JSON Schema still; `openapi` spells it as
Google does. Imports `openapi`.
"""

from typing import Any

from pipeline.formats.fitting.openapi import NO_PARAMETERS

__all__ = ["reduce_schema"]

_Schema = dict[str, Any]

_MOST_NODES = 2_000
"""Of a schema with its references written out; those that come later become any object."""
_CHOICES = frozenset({"anyOf", "oneOf"})
_TYPES = ("string", "number", "integer", "boolean", "array", "object")
_TEXTS = frozenset({"title", "description", "format", "pattern"})
_COUNTS = frozenset(
    {"minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength"}
)
_BOUNDS = frozenset({"minimum", "maximum"})
_ANY = frozenset({"default", "example"})
"""Words that stay where their value is of that kind. `type`, `enum`, `properties`, `required`,
`items`, `additionalProperties` and `anyOf` are looked at one by one."""
_MOST_COUNT = 2**63
_MOST_NUMBER = 1e308


def reduce_schema(parameters: _Schema) -> _Schema:
    """The schema of an object in words that OpenAPI has; other words are left out.

    References are written out (a schema inside itself becomes any object), `oneOf` becomes
    `anyOf`, `allOf` is merged, `const` becomes an `enum`; an `enum` of other things than strings is
    left out, and so is `anyOf` beside a type. What has no type gets one.
    """
    reduced = _Reduction(parameters).reduce(parameters)
    if "object" not in _types(reduced)[0]:
        return dict(NO_PARAMETERS)
    if not reduced.get("properties") and not reduced.get("additionalProperties"):
        return dict(NO_PARAMETERS)
    return reduced | {"type": "object"}


class _Reduction:
    """One schema on its way; references are written out until there are too many nodes."""

    def __init__(self, root: _Schema) -> None:
        self._root = root
        self._left = _MOST_NODES

    def reduce(self, schema: Any, seen: tuple[str, ...] = ()) -> _Schema:
        """The node in words of OpenAPI; `seen`: the references that led to it."""
        self._left -= 1
        if not isinstance(schema, dict):
            return _anything({}, nullable=False)
        schema, seen = self._written_out(schema, seen)
        types, nullable = _types(schema)
        options, null_is_one = _options(schema)
        nullable = nullable or null_is_one
        if types or "properties" in schema or not options:
            if len(types) > 1 and "properties" not in schema:
                options = [{**schema, "type": one} for one in types]
                return self._any_of(options, seen, nullable=nullable)
            return self._one(schema, types, seen, nullable=nullable)
        if len(options) == 1:
            rest = {word: value for word, value in schema.items() if word not in _CHOICES}
            folded = self.reduce({**options[0], **rest}, seen)
            return _or_null(folded) if nullable else folded
        told = _description(schema)
        return self._any_of([{**told, **one} for one in options], seen, nullable=nullable)

    def _any_of(self, options: list[_Schema], seen: tuple[str, ...], *, nullable: bool) -> _Schema:
        """Alternatives, which stand alone in their node and never one in another."""
        reduced = [self.reduce(option, seen) for option in options]
        flat = [inner for one in reduced for inner in one.get("anyOf", [one])]
        return {"anyOf": [_or_null(one) if nullable else one for one in flat]}

    def _written_out(
        self, schema: _Schema, seen: tuple[str, ...]
    ) -> tuple[_Schema, tuple[str, ...]]:
        """The node without a reference and `allOf`, and the references that were followed."""
        reference = schema.get("$ref")
        if isinstance(reference, str):
            rest = {word: value for word, value in schema.items() if word != "$ref"}
            if reference in seen or self._left < 0:
                return {**rest, "type": "object"}, seen
            target = _at(self._root, reference)
            return self._written_out({**target, **rest}, (*seen, reference))
        merged: _Schema = {word: value for word, value in schema.items() if word != "allOf"}
        parts = schema.get("allOf")
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                more, seen = self._written_out(part, seen)
                merged = _merge(merged, more)
        return merged, seen

    def _one(
        self, schema: _Schema, types: list[str], seen: tuple[str, ...], *, nullable: bool
    ) -> _Schema:
        """A node of one type."""
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        values = values if isinstance(values, list) else []
        named = _type_of(schema, types, values)
        if named is None:
            return _anything(schema, nullable=nullable)
        node: _Schema = {}
        for word, value in {"type": None, **schema}.items():
            if word == "type":
                node["type"] = named
            elif word in {"enum", "const"} and named == "string":
                node |= _strings(values)
            elif isinstance(value, dict):
                node |= self._inner(word, value, named, seen)
            elif _stays(word, value):
                node[word] = value
        if named == "array":
            node.setdefault("items", _anything({}, nullable=False))
        if named == "object" and (required := _required(schema, node)):
            node["required"] = required
        return _or_null(node) if nullable else node

    def _inner(self, word: str, value: _Schema, named: str, seen: tuple[str, ...]) -> _Schema:
        """A word that holds schemas; one whose value may be anything stays."""
        match word, named:
            case "properties", "object":
                known = {name: of for name, of in value.items() if of is not False}
                return {word: {name: self.reduce(of, seen) for name, of in known.items()}}
            case "additionalProperties", "object":
                return {word: self.reduce(value, seen) if value else True}
            case "items", "array":
                return {word: self.reduce(value, seen)}
            case (("default" | "example"), _):
                return {word: value}
            case _:
                return {}


def _strings(values: Any) -> _Schema:
    """The enum of a string: only where all of it is text."""
    kept = [one for one in values if one is not None]
    return {"enum": kept} if kept and all(isinstance(one, str) for one in kept) else {}


def _required(schema: _Schema, node: _Schema) -> list[str]:
    named = schema.get("required")
    texts = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    return [one for one in dict.fromkeys(texts) if one in node.get("properties", {})]


def _type_of(schema: _Schema, types: list[str], values: Any) -> str | None:
    """The type of a node, guessed where it names none; None where it may be anything."""
    if types:
        return "object" if "object" in types and "properties" in schema else types[0]
    if any(word in schema for word in ("properties", "additionalProperties", "required")):
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    if _strings(values) or schema.get("type") == "null":
        return "string"
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    return "number" if numbers and len(numbers) == len(values) else None


def _anything(schema: _Schema, *, nullable: bool) -> _Schema:
    told = _description(schema)
    options = [{"type": one, **told} for one in ("string", "number", "boolean", "object")]
    return {"anyOf": [_or_null(one) if nullable else one for one in options]}


def _description(schema: _Schema) -> _Schema:
    told = schema.get("description")
    return {"description": told} if isinstance(told, str) else {}


def _or_null(node: _Schema) -> _Schema:
    """The node, which may be null as well."""
    if "anyOf" in node:
        return {"anyOf": [_or_null(one) for one in node["anyOf"]]}
    if isinstance(node["type"], list):
        return node
    enum = {"enum": [*node["enum"], None]} if "enum" in node else {}
    return node | {"type": [node["type"], "null"]} | enum


def _stays(word: str, value: Any) -> bool:
    if word in _TEXTS:
        return isinstance(value, str)
    if word == "propertyOrdering":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if isinstance(value, bool):
        return word == "additionalProperties" or word in _ANY
    if word in _COUNTS:
        return isinstance(value, int) and abs(value) < _MOST_COUNT
    if word in _BOUNDS:
        return isinstance(value, int | float) and abs(value) < _MOST_NUMBER
    return word in _ANY


def _at(root: _Schema, reference: str) -> _Schema:
    """What a reference inside the schema points at; nothing for one that leads elsewhere."""
    found: Any = root if reference.startswith("#") else None
    for step in reference.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _merge(one: _Schema, other: _Schema) -> _Schema:
    """Both at once: words of the first win, properties and required ones are joined."""
    merged = {**other, **one}
    if isinstance(one.get("properties"), dict) and isinstance(other.get("properties"), dict):
        merged["properties"] = one["properties"] | other["properties"] | one["properties"]
    if isinstance(one.get("required"), list) and isinstance(other.get("required"), list):
        merged["required"] = [*one["required"], *other["required"]]
    return merged


def _options(schema: _Schema) -> tuple[list[_Schema], bool]:
    """What the schema may be, without the null type; and whether that is one of it."""
    options = schema.get("anyOf", schema.get("oneOf"))
    if not isinstance(options, list):
        return [], False
    schemas = [one if isinstance(one, dict) else {} for one in options]
    kept = [one for one in schemas if one.get("type") != "null" and one.get("const", 0) is not None]
    return kept, len(kept) < len(schemas)


def _types(schema: _Schema) -> tuple[list[str], bool]:
    """The types that the schema names, in small letters, without null; and whether null is one."""
    named = schema.get("type")
    several = named if isinstance(named, list) else [named]
    small = [one.lower() for one in several if isinstance(one, str)]
    values = schema.get("enum")
    null_is_one = isinstance(values, list) and None in values
    nullable = schema.get("nullable") is True or "null" in small or null_is_one
    return [one for one in dict.fromkeys(small) if one in _TYPES], nullable
