"""Whether what a tool takes is said in JSON Schema. Imports `format` and `schemas`."""

from collections.abc import Iterator, Sequence
from typing import Any

import jsonschema_rs

from pipeline.formats.format import Problem
from pipeline.formats.schemas import pointer_to

__all__ = ["ANY_DRAFT", "DRAFT_7", "is_json_schema"]

DRAFT_7 = ("http://json-schema.org/draft-07/schema#",)
ANY_DRAFT = (
    "https://json-schema.org/draft/2020-12/schema",
    *DRAFT_7,
    "http://json-schema.org/draft-04/schema#",
)
"""A schema of any of them will do: hardly one says which it follows."""


def is_json_schema(
    schema: dict[str, Any],
    at: str,
    *,
    drafts: Sequence[str] = ANY_DRAFT,
    rule: str = "input-schema",
) -> Iterator[Problem]:
    """`rule`: what the first draft has against a schema that follows none of them.

    The schema's own `$schema` is not looked at: a strange one would be fetched.
    """
    if any(jsonschema_rs.meta.is_valid({**schema, "$schema": draft}) for draft in drafts):
        return
    try:
        jsonschema_rs.meta.validate({**schema, "$schema": drafts[0]})
    except jsonschema_rs.ValidationError as error:
        pointer = at + pointer_to(error.instance_path)
        yield Problem(rule, pointer, f"is no JSON Schema: {error.message}")
