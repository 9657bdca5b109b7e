"""Whether what a tool takes is said in JSON Schema. Imports `format` and `schemas`."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from pipeline.formats.format import Problem
from pipeline.formats.schemas import pointer_to

__all__ = ["is_json_schema"]

_DRAFTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-04/schema#",
)
"""A schema of any of them will do: hardly one says which it follows."""


def is_json_schema(schema: dict[str, Any], at: str) -> Iterator[Problem]:
    """`input-schema`: what the newest draft has against a schema that follows none of them.

    The schema's own `$schema` is not looked at: a strange one would be fetched.
    """
    if "$schema" not in schema and jsonschema_rs.meta.is_valid(schema):
        return
    first: jsonschema_rs.ValidationError | None = None
    for draft in _DRAFTS:
        try:
            jsonschema_rs.meta.validate({**schema, "$schema": draft})
        except jsonschema_rs.ValidationError as error:
            first = first or error
        else:
            return
    if first is not None:
        pointer = at + pointer_to(first.instance_path)
        yield Problem("input-schema", pointer, f"is no JSON Schema: {first.message}")
