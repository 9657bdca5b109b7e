"""Fireworks' line as OpenAI's: without what Fireworks' pages add, OpenAI's oracles judge it.

Taken out: a weight of the example, weights of messages that are not the assistant's, and
reasoning. Put in: ids of calls and results that have none.
"""

import json
from typing import Any

from tests.oracles.judges import openai_package, openai_schema
from tests.oracles.oracle import one_line, read_json, without

__all__ = ["judge_schema", "judge_types"]


def judge_types(line: bytes) -> str | None:
    """By the types of the `openai` package."""
    try:
        return openai_package.judge_chat(_as_openai(read_json(line)))
    except ValueError as error:
        return one_line(error)


def judge_schema(line: bytes) -> str | None:
    """By OpenAI's schema."""
    try:
        return openai_schema.judge_chat(_as_openai(read_json(line)))
    except ValueError as error:
        return one_line(error)


def _as_openai(value: Any) -> bytes:
    if isinstance(value, dict):
        if isinstance(value.get("weight"), int | float):
            value = without(value, "weight")
        if isinstance(value.get("messages"), list):
            value = {**value, "messages": [_message(one) for one in value["messages"]]}
    return json.dumps(value).encode()


def _message(message: Any) -> Any:
    match message:
        case {"role": "assistant"}:
            message = _without_text(message, "reasoning_content")
            if isinstance(message.get("tool_calls"), list):
                calls = [_with_id(call, "id") for call in message["tool_calls"]]
                message = {**message, "tool_calls": calls}
        case {"role": "tool"}:
            message = _with_id(_without_weight(message), "tool_call_id")
        case {"role": "user" | "system"}:
            message = _without_weight(message)
    return message


def _without_text(message: dict[str, Any], key: str) -> dict[str, Any]:
    return without(message, key) if isinstance(message.get(key), str | None) else message


def _without_weight(message: dict[str, Any]) -> dict[str, Any]:
    return without(message, "weight") if message.get("weight") in (0, 1) else message


def _with_id(value: Any, key: str) -> Any:
    return {key: "call", **value} if isinstance(value, dict) else value
