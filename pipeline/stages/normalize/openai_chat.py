"""OpenAI chat messages: `[{role, content, tool_calls?, tool_call_id?}]`.

The form of 2024 (content is always a list of parts), that of 2025 (system content as a string,
role `tool`), o1's `developer` for `system`, every other provider's array of the same keys, and
the chat protocol's object `{_is_openai_chat_completions, messages}`. Mistral's SDK writes the
same in camelCase, which is read too.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, structs

from pipeline.records import ContentPart, Rejected, Role, TextPart
from pipeline.stages.normalize.draft import (
    Call,
    Draft,
    Turn,
    read_parts,
    refuse,
    refuse_shape,
)
from pipeline.stages.normalize.images import read_image_url

__all__ = ["read_arguments", "read_chat_object", "read_openai_chat"]


class _Text(Struct, tag_field="type", tag="text", forbid_unknown_fields=True):
    text: str
    cache_control: Raw | UnsetType = UNSET


class _Url(Struct, forbid_unknown_fields=True):
    url: str
    detail: str | None = None


class _Image(Struct, tag_field="type", tag="image_url", forbid_unknown_fields=True):
    image_url: _Url | str | UnsetType = UNSET
    imageUrl: _Url | str | UnsetType = UNSET  # noqa: N815


class _Function(Struct, forbid_unknown_fields=True):
    name: str
    arguments: str | dict[str, Any]


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
    toolCalls: list[_ToolCall] | None = None  # noqa: N815
    toolCallId: str | None = None  # noqa: N815
    name: str | None = None
    refusal: None = None
    prefix: bool = False
    """Mistral's mark of an assistant turn that the answer goes on from."""


class _Chat(Struct):
    messages: list[_Item]


_ARRAY = msgspec.json.Decoder(list[_Item])
_OBJECT = msgspec.json.Decoder(_Chat)


def read_openai_chat(prompt: Raw) -> Draft | Rejected:
    """The draft of a chat array."""
    try:
        items = _ARRAY.decode(prompt)
    except msgspec.ValidationError as error:
        return refuse_shape(error, "$.prompt")
    return _read_items(items, "$.prompt")


def read_chat_object(prompt: Raw) -> Draft | Rejected:
    """The draft of an object with chat `messages`: the chat protocol, Mistral, Llama on Vertex."""
    try:
        items = _OBJECT.decode(prompt).messages
    except msgspec.ValidationError as error:
        return refuse_shape(error, "$.prompt")
    draft = _read_items(items, "$.prompt.messages")
    return draft if isinstance(draft, Rejected) else structs.replace(draft, hides_safety=True)


def _read_items(items: list[_Item], path: str) -> Draft | Rejected:
    turns: list[Turn] = []
    for index, item in enumerate(items):
        match _read_item(item, f"{path}[{index}]"):
            case Rejected() as rejected:
                return rejected
            case turn:
                turns.append(turn)
    plain = not any(isinstance(item.content, list) for item in items)
    return Draft(turns, important="later" if plain else "own")


def _read_item(item: _Item, path: str) -> Turn | Rejected:
    answers = item.tool_call_id or item.toolCallId
    if item.role == "tool" and answers is None:
        return refuse("orphan_tool_result", "a tool's result that names no call", path)
    made = item.tool_calls or item.toolCalls
    if made and item.role != "assistant":
        return refuse("unsupported_content", f"tool_calls of role {item.role}", path)
    parts = read_parts(item.content, f"{path}.content", _read_part)
    if isinstance(parts, Rejected):
        return parts
    calls = _read_calls(made, f"{path}.tool_calls") if made else ()
    if isinstance(calls, Rejected):
        return calls
    role: Role = "system" if item.role == "developer" else item.role
    return Turn(role, parts, calls, answers, item.name)


def _read_part(part: _Text | _Image, path: str) -> ContentPart | Rejected:
    if isinstance(part, _Text):
        return TextPart(part.text)
    address = part.imageUrl if part.image_url is UNSET else part.image_url
    if address is UNSET:
        return refuse("unsupported_content", "an image without image_url", path)
    return read_image_url(address if isinstance(address, str) else address.url, f"{path}.image_url")


def _read_calls(calls: list[_ToolCall], path: str) -> tuple[Call, ...] | Rejected:
    read: list[Call] = []
    for index, call in enumerate(calls):
        given = call.function.arguments
        arguments = given if isinstance(given, dict) else read_arguments(given)
        if arguments is None:
            where = f"{path}[{index}].function.arguments"
            return refuse("unsupported_content", "arguments that are no JSON object", where)
        read.append(Call(call.id, call.function.name, arguments))
    return tuple(read)


def read_arguments(text: str) -> dict[str, Any] | None:
    """The arguments of a call that stand as JSON text; None where it is no object's."""
    try:
        value = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
