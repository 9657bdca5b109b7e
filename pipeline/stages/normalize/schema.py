"""The run's result_schema, and the notices about it that the platform wrote into the prompt.

A notice is taken out only where the JSON in it equals the run's own schema, so a user's words are
never eaten.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

__all__ = ["ResultSchema", "read_schema", "without_notice"]

_NOTICE = re.compile(
    r"(?:IMPORTANT: ){0,2}"
    r"(?:(?:When not calling tools, the|The) (?:answer|output) must be a JSON object"
    r" using the following JSON Schema:\n"
    r"|only answer using JSON, and respecting the schema included below, between the"
    r" <response_schema> tags\. <response_schema>"
    r"|Only answer with JSON matching this schema: "
    r"|You must answer using the following JSONSchema\..{0,200}?<schema>)",
    re.DOTALL,
)
_ENDS = ("</response_schema>", "</schema>")
_FILL = "Fill all appropriate fields in the JSON output."


class ResultSchema(Struct, frozen=True):
    """A JSON Schema that answers had to follow."""

    value: dict[str, Any]
    compact: Raw
    """The same as JSON without white space, keys in stored order."""


def read_schema(field: Raw | UnsetType) -> ResultSchema | None:
    """The schema itself; None where there is none, or only a reference to one (`$uri`)."""
    return None if field is UNSET else _read_schema(bytes(field))


@lru_cache(maxsize=256)
def _read_schema(data: bytes) -> ResultSchema | None:
    value = msgspec.json.decode(data)
    if not isinstance(value, dict) or "$uri" in value:
        return None
    return ResultSchema(value, Raw(msgspec.json.encode(value)))


def without_notice(text: str, schema: ResultSchema, *, in_system: bool) -> str:
    """The text without the notice at its end that repeats the schema, if there is one."""
    if in_system and (text == _FILL or text.endswith("\n" + _FILL)):
        return text.removesuffix(_FILL).rstrip()
    if not text.rstrip().endswith(("}", ">")):
        return text
    for notice in _NOTICE.finditer(text):
        quoted = text[notice.end() :].strip()
        for end in _ENDS:
            quoted = quoted.removesuffix(end)
        if _equals(quoted, schema.value):
            return text[: notice.start()].rstrip()
    return text


def _equals(quoted: str, value: dict[str, Any]) -> bool:
    try:
        return bool(msgspec.json.decode(quoted) == value)
    except (msgspec.DecodeError, RecursionError):
        return False
