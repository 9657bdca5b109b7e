"""The tokens of the tools on offer: OpenAI's constants around their texts.

The rule of the cookbook (openai/openai-cookbook, examples/How_to_count_tokens_with_tiktoken.ipynb,
part 7, read 2026-11-26), which is written for flat parameters: name, type, description and choices
of each. What else a parameter says (items, properties of its own, bounds) is counted as compact
JSON, for which there is no official word. Imports `records`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.records import Tool

__all__ = ["ToolRule", "tool_texts"]

_ENCODER = msgspec.json.Encoder()
_OWN = ("type", "description", "enum")


class ToolRule(Struct, frozen=True):
    """Tokens that stand around the texts of tools."""

    tool: int
    """Before each tool: 7 in gpt-4o and later, 10 in gpt-4 and gpt-3.5."""
    parameters: int = 3
    """Before the parameters of a tool that has any."""
    parameter: int = 3
    choices: int = -3
    """Beside the choices of a parameter."""
    choice: int = 3
    end: int = 12
    """Once, after all tools."""


def tool_texts(tools: Sequence[Tool], rule: ToolRule) -> tuple[int, list[str]]:
    """The tokens around the texts, and the texts; nothing without tools."""
    if not tools:
        return 0, []
    fixed = rule.end
    texts: list[str] = []
    for tool in tools:
        fixed += rule.tool
        texts.append(f"{tool.name}:{_unstopped(tool.description)}")
        properties = tool.parameters.get("properties")
        if not isinstance(properties, dict) or not properties:
            continue
        fixed += rule.parameters
        for name, schema in properties.items():
            more, said = _parameter(name, schema, rule)
            fixed += more
            texts += said
    return fixed, texts


def _parameter(name: str, schema: Any, rule: ToolRule) -> tuple[int, list[str]]:
    if not isinstance(schema, dict):
        return rule.parameter, [f"{name}:{_text(schema)}:"]
    line = f"{name}:{_text(schema.get('type', ''))}:{_unstopped(schema.get('description'))}"
    choices = schema.get("enum")
    rest = {key: value for key, value in schema.items() if key not in _OWN}
    texts = [line, *_choices(choices)]
    fixed = rule.parameter
    if isinstance(choices, list):
        fixed += rule.choices + rule.choice * len(choices)
    return fixed, [*texts, _text(rest)] if rest else texts


def _choices(choices: Any) -> Iterator[str]:
    if isinstance(choices, list):
        yield from map(_text, choices)


def _unstopped(description: Any) -> str:
    """The description without the stop at its end, as the cookbook has it."""
    return "" if description is None else _text(description).removesuffix(".")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _ENCODER.encode(value).decode()
