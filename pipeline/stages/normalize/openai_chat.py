"""OpenAI chat arrays, 2024 and 2025: `[{role, content: text or parts, ...}]`."""

from typing import Any

import msgspec

from pipeline.records import ImagePart, ToolCall
from pipeline.stages.normalize.turns import NotUnderstood, ReadPrompt, Turn, expect, image_of

__all__ = ["read_openai_chat"]

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def read_openai_chat(prompt: list[Any]) -> ReadPrompt:
    """The turns of a chat array."""
    return ReadPrompt([_turn(item, f"prompt[{at}]") for at, item in enumerate(prompt)])


def _turn(item: Any, path: str) -> Turn:
    message = expect(item, dict, path)
    role = message.get("role")
    if role == "tool":
        ident = expect(message.get("tool_call_id"), str, f"{path}.tool_call_id")
        return Turn("tool", _parts(message.get("content"), f"{path}.content"), tool_call_id=ident)
    if role not in _ROLES:
        raise NotUnderstood("unknown_prompt_shape", f"{path}.role", f"is {role!r}")
    content = message.get("content")
    parts = [] if content is None else _parts(content, f"{path}.content")
    calls = message.get("tool_calls") or []
    return Turn(
        _ROLES[role],
        parts,
        [
            _call(call, f"{path}.tool_calls[{at}]")
            for at, call in enumerate(expect(calls, list, f"{path}.tool_calls"))
        ],
    )


def _parts(content: Any, path: str) -> list[str | ImagePart]:
    if isinstance(content, str):
        return [content]
    parts = expect(content, list, path)
    return [_part(part, f"{path}[{at}]") for at, part in enumerate(parts)]


def _part(part: Any, path: str) -> str | ImagePart:
    match part:
        case {"text": str() as text, "type": "text"}:
            return text
        case {"type": "image_url", "image_url": {"url": str() as url}}:
            return image_of(url, f"{path}.image_url.url")
        case {"type": str() as kind}:
            raise NotUnderstood("unsupported_content", path, f"is a part of type {kind}")
        case _:
            raise NotUnderstood("unknown_prompt_shape", path, "is no content part")


def _call(call: Any, path: str) -> ToolCall:
    match call:
        case {
            "id": str() as ident,
            "function": {"name": str() as name, "arguments": str() as text},
        }:
            try:
                arguments = msgspec.json.decode(text)
            except msgspec.DecodeError:
                arguments = None
            if isinstance(arguments, dict):
                return ToolCall(ident, name, arguments)
            raise NotUnderstood(
                "unknown_prompt_shape", f"{path}.function.arguments", "is not a JSON object"
            )
        case _:
            raise NotUnderstood("unknown_prompt_shape", path, "is no function call")
