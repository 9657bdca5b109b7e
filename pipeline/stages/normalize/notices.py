"""What the platform put into a prompt by itself: schema notices, safety prefixes, prefills.

A notice is taken out only where the JSON that follows it equals the run's own result_schema, so
a user's words are never eaten. The wordings are those of the platform's published drivers (read
2026-11-23).
"""

import re
from typing import Any

import msgspec

from pipeline.stages.normalize.turns import Turn

__all__ = ["PREFILLS", "strip_notices"]

PREFILLS = ("{", "```json")
"""What drivers put as a last assistant turn so that the model goes on with JSON."""

_SAFETY = "DO NOT IGNORE - IMPORTANT: "
_FILL = "Fill all appropriate fields in the JSON output."
_TOOL = "TOOL: "
_OPENINGS = (
    "The answer must be a JSON object using the following JSON Schema:",
    "the answer must be a JSON object using the following JSON Schema:",
    "The output must be a JSON object using the following JSON Schema:",
    "the output must be a JSON object using the following JSON Schema:",
    (
        "only answer using JSON, and respecting the schema included below, between the "
        "<response_schema> tags."
    ),
    "Only answer with JSON matching this schema:",
    "You must answer using the following JSONSchema.",
)
_LEADS = re.compile(r"(When not calling tools,\s*)?$")
_IMPORTANT = re.compile(r"(IMPORTANT:\s*){0,2}$")
_WRAPPING = re.compile(r"^\s*(?:<(response_schema|schema)>)?\s*(.*?)\s*(?:</\1>)?\s*$", re.DOTALL)


def strip_notices(turns: list[Turn], schema: Any) -> list[Turn]:
    """The turns without what was injected; turns that held nothing else are gone."""
    cleaned = (_clean(turn, schema) for turn in turns)
    return [turn for turn in cleaned if turn.parts or turn.calls]


def _clean(turn: Turn, schema: Any) -> Turn:
    if turn.role not in ("system", "user"):
        return turn
    parts = [
        _clean_text(part, turn.role, schema) if isinstance(part, str) else part
        for part in turn.parts
    ]
    return Turn(turn.role, [part for part in parts if part != ""], turn.calls, turn.tool_call_id)


def _clean_text(text: str, role: str, schema: Any) -> str:
    if role == "system":
        text = text.removeprefix(_SAFETY)
    if schema is None:
        return text
    if role == "system":
        while text.startswith(_TOOL):
            text = text.removeprefix(_TOOL)
        if text.rstrip().endswith(_FILL):
            text = text.rstrip().removesuffix(_FILL).rstrip()
    return _without_notice(text, schema)


def _without_notice(text: str, schema: Any) -> str:
    for opening in _OPENINGS:
        before, found, after = text.rpartition(opening)
        if found and _is_schema(after, schema):
            before = _LEADS.sub("", before)
            return _IMPORTANT.sub("", before).rstrip()
    return text


def _is_schema(text: str, schema: Any) -> bool:
    match = _WRAPPING.match(text)
    if match is None:
        return False
    try:
        return bool(msgspec.json.decode(match[2]) == schema)
    except (msgspec.DecodeError, RecursionError):
        return False
