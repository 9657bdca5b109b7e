"""The rule that a tool's parameters are a JSON Schema of draft 7. Imports `format`."""

from collections.abc import Iterator, Sequence
from typing import Any

import jsonschema_rs

from pipeline.formats.format import Problem, Rule

__all__ = ["PARAMETERS", "parameters_are_schemas"]

PARAMETERS = Rule(
    "The parameters of a tool are a JSON Schema of draft 7",
    "write them in the words of JSON Schema: integer, not int",
)
"""Without a source yet; a format cites its own page."""
_DRAFT = {"$schema": "http://json-schema.org/draft-07/schema#"}


def parameters_are_schemas(
    tools: Sequence[dict[str, Any]], at: str = "/tools"
) -> Iterator[Problem]:
    """`parameters`: each tool's are a schema."""
    for number, tool in enumerate(tools):
        schema = tool["function"]["parameters"] | _DRAFT
        if not jsonschema_rs.meta.is_valid(schema):
            yield Problem("parameters", f"{at}/{number}/function/parameters", _fault(schema))


def _fault(schema: dict[str, Any]) -> str:
    try:
        jsonschema_rs.meta.validate(schema)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        place = "/".join(map(str, getattr(error, "instance_path", ())))
        said = getattr(error, "message", str(error))
        return f"are no JSON Schema: {place}: {said}" if place else f"are no JSON Schema: {said}"
    return "are no JSON Schema"
