"""The `openai` package: its types of messages and tools, read strictly by pydantic.

The types know no `weight`, which only training has: it is taken out of the assistant's messages
first, and OpenAI's schema (`openai_schema`) judges it.
"""

from typing import Any, NotRequired

from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionMessageParam,
    ChatCompletionToolParam,
)
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from tests.oracles.oracle import exhaust, one_line, read_json, without

__all__ = ["judge_chat", "judge_preference"]

_STRICT = ConfigDict(extra="forbid", strict=True)


class _Chat(TypedDict):
    __pydantic_config__ = _STRICT
    messages: list[ChatCompletionMessageParam]
    tools: NotRequired[list[ChatCompletionToolParam]]
    parallel_tool_calls: NotRequired[bool]


class _Preference(TypedDict):
    __pydantic_config__ = _STRICT
    input: _Chat
    preferred_output: list[ChatCompletionAssistantMessageParam]
    non_preferred_output: list[ChatCompletionAssistantMessageParam]


_CHAT = TypeAdapter(_Chat)
_PREFERENCE = TypeAdapter(_Preference)


def judge_chat(line: bytes) -> str | None:
    """A line of supervised fine-tuning."""
    return _judge(_CHAT, line)


def judge_preference(line: bytes) -> str | None:
    """A line of direct preference optimization."""
    return _judge(_PREFERENCE, line)


def _judge(adapter: TypeAdapter[Any], line: bytes) -> str | None:
    try:
        value = _without_weights(read_json(line))
    except ValueError as error:
        return one_line(error)
    try:
        exhaust(adapter.validate_python(value))
    except ValidationError as error:
        return one_line(error)
    return None


def _without_weights(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("messages"), list):
        kept = [
            without(one, "weight")
            if isinstance(one, dict) and one.get("role") == "assistant"
            else one
            for one in value["messages"]
        ]
        value = {**value, "messages": kept}
    if isinstance(value.get("input"), dict):
        value = {**value, "input": _without_weights(value["input"])}
    return value
