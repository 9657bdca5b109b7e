"""The JSON Schemas that ship with the package, as validators, and the sentences of what fails.

Lives on `pipeline/schemas/` of the installed package, or `schemas/` beside it in a checkout. A
schema may refer to one beside it by its file's name. Imports nothing of the package.
"""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import msgspec
from msgspec import Struct

__all__ = ["Problem", "SchemaCheck", "pointer_to"]

_FOLDERS = (files("pipeline") / "schemas", Path(__file__).parents[2] / "schemas")
_SUFFIX = ".schema.json"
_HOME = "https://trainset.invalid/schemas/"
"""Where references between schemas are resolved; nothing is ever fetched."""
_LONGEST_REASON = 300


class Problem(Struct, frozen=True):
    """A broken rule of a line."""

    rule: str
    """A short stable name, for counting."""
    pointer: str
    """JSON pointer (RFC 6901) of the place; empty for the whole line."""
    reason: str
    """What is wrong there, as the end of a sentence."""


class SchemaCheck:
    """One schema: whether a value follows it, and where it does not."""

    def __init__(self, name: str) -> None:
        """Of `schemas/<name>.schema.json`, which is read at the first use."""
        self._name = name

    def problems(self, value: Any) -> tuple[Problem, ...]:
        """Every place where the value does not follow the schema; the verdict comes first."""
        validator = _validator(self._name)
        if validator.is_valid(value):
            return ()
        try:
            found = [_problem(error, value) for error in validator.iter_errors(value)]
        except ValueError:  # more than 255 levels
            found = [Problem("schema", "", "breaks the schema, and nests too deeply to say where")]
        return tuple(sorted(found, key=lambda problem: (problem.pointer, problem.reason)))


def _problem(error: Any, value: Any) -> Problem:
    for step in error.instance_path:
        value = value[step]
    pointer = pointer_to(error.instance_path)
    schema, keyword = _broken_schema(error.absolute_keyword_location)
    reason = schema.get("x-reason") or _sentence(error, keyword, schema.get(keyword), value)
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}..."
    return Problem("schema", pointer, reason)


def _sentence(error: Any, keyword: str, asked: Any, value: Any) -> str:
    """What is wrong, in the words of the `jsonschema` package, which give all that was allowed."""
    match keyword:
        case "required":
            return f"{error.kind.property!r} is a required property"
        case "additionalProperties" if error.kind.name == "additionalProperties":
            strange = sorted(error.kind.unexpected)
            names = ", ".join(map(repr, strange))
            verb = "was" if len(strange) == 1 else "were"
            return f"Additional properties are not allowed ({names} {verb} unexpected)"
        case "const":
            return f"{asked!r} was expected"
        case "type":
            types = asked if isinstance(asked, list) else [asked]
            return f"{value!r} is not of type {', '.join(map(repr, types))}"
        case "minItems" | "minLength" | "maxItems" | "maxLength":
            too = "should be non-empty" if asked == 1 else "is too short"
            return f"{value!r} {too if keyword.startswith('min') else 'is too long'}"
        case _ if keyword in _SENTENCES:
            return _SENTENCES[keyword].format(value, asked)
        case _:
            return str(error.message)


_SENTENCES = {
    "enum": "{!r} is not one of {!r}",
    "pattern": "{!r} does not match {!r}",
    "anyOf": "{!r} is not valid under any of the given schemas",
    "oneOf": "{!r} is not valid under any of the given schemas",
    "not": "{!r} should not be valid under {!r}",
}


@cache
def _broken_schema(location: str) -> tuple[dict[str, Any], str]:
    """The schema that a value breaks, and the keyword, by their URI."""
    address, _, pointer = location.partition("#")
    steps = [unquote(step).replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]
    schema = _beside(address)
    for step in steps[1:-1]:
        schema = schema[int(step)] if isinstance(schema, list) else schema[step]
    return (schema, steps[-1]) if isinstance(schema, dict) else ({}, steps[-1])


def pointer_to(steps: Iterable[str | int]) -> str:
    """The JSON pointer of the place at the end of these steps."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


@cache
def _schema(name: str) -> Any:
    for folder in _FOLDERS:
        path = folder / f"{name}{_SUFFIX}"
        if path.is_file():
            return {"$id": f"{_HOME}{name}{_SUFFIX}", **msgspec.json.decode(path.read_bytes())}
    raise FileNotFoundError(f"schemas/{name}{_SUFFIX} is missing from the installation")


def _beside(address: str) -> Any:
    """The schema that another one refers to."""
    return _schema(address.removeprefix(_HOME).removesuffix(_SUFFIX))


@cache
def _validator(name: str) -> Any:
    return jsonschema_rs.validator_for(_schema(name), retriever=_beside)
