"""OpenAI chat arrays: `[{role, content, tool_calls?, tool_call_id?}]`.

The form of 2024 (content is always a list of parts), that of 2025 (system content as a string,
role `tool`), o1's `developer` for `system`, and every other provider's array of the same keys.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.records import ContentPart, Rejected, Role, TextPart
from pipeline.stages.normalize.draft import Call, Draft, Turn, refuse, refuse_shape
from pipeline.stages.normalize.images import read_image_url

__all__ = ["read_openai_chat"]


class _Text(Struct, tag_field="type", tag="text", forbid_unknown_fields=True):
    text: str
    cache_control: Raw | UnsetType = UNSET


class _Url(Struct, forbid_unknown_fields=True):
    url: str
    detail: str | None = None


class _Image(Struct, tag_field="type", tag="image_url", forbid_unknown_fields=True):
    image_url: _Url


class _Function(Struct, forbid_unknown_fields=True):
    name: str
    arguments: str


class _ToolCall(Struct, forbid_unknown_fields=True):
    id: str
    function: _Function
    type: Literal["function"] = "function"
    index: int | None = None


class _Item(Struct, forbid_unknown_fields=True):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Text | _Image] | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    refusal: None = None


_DECODER = msgspec.json.Decoder(list[_Item])


def read_openai_chat(prompt: Raw) -> Draft | Rejected:
    """The draft of a chat array."""
    try:
        items = _DECODER.decode(prompt)
    except msgspec.ValidationError as error:
        return refuse_shape(error, "$.prompt")
    turns: list[Turn] = []
    for index, item in enumerate(items):
        match _read_item(item, f"$.prompt[{index}]"):
            case Rejected() as rejected:
                return rejected
            case turn:
                turns.append(turn)
    return Draft(turns)


def _read_item(item: _Item, path: str) -> Turn | Rejected:
    if item.role == "tool" and item.tool_call_id is None:
        return refuse("orphan_tool_result", "a tool's result that names no call", path)
    if item.tool_calls and item.role != "assistant":
        return refuse("unsupported_content", f"tool_calls of role {item.role}", path)
    parts = _read_content(item.content, f"{path}.content")
    if isinstance(parts, Rejected):
        return parts
    calls = _read_calls(item.tool_calls, f"{path}.tool_calls") if item.tool_calls else ()
    if isinstance(calls, Rejected):
        return calls
    role: Role = "system" if item.role == "developer" else item.role
    return Turn(role, parts, calls, item.tool_call_id, item.name)


def _read_content(
    content: str | list[_Text | _Image] | None, path: str
) -> list[ContentPart] | Rejected:
    if content is None:
        return []
    if isinstance(content, str):
        return [TextPart(content)]
    parts: list[ContentPart] = []
    for index, part in enumerate(content):
        if isinstance(part, _Text):
            parts.append(TextPart(part.text))
        elif (image := read_image_url(part.image_url.url)) is not None:
            parts.append(image)
        else:
            where = f"{path}[{index}].image_url.url"
            return refuse("unsupported_content", "an image that is neither base64 nor a URL", where)
    return parts


def _read_calls(calls: list[_ToolCall], path: str) -> tuple[Call, ...] | Rejected:
    read: list[Call] = []
    for index, call in enumerate(calls):
        arguments = _read_arguments(call.function.arguments)
        if arguments is None:
            where = f"{path}[{index}].function.arguments"
            return refuse("unsupported_content", "arguments that are no JSON object", where)
        read.append(Call(call.id, call.function.name, arguments))
    return tuple(read)


def _read_arguments(text: str) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
