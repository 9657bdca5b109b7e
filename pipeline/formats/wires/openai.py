"""Messages and tools as OpenAI writes them, which many providers copy: to and from our own.

Tool arguments are a string, images an address or a data URL. Imports `records`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from pipeline.records import (
    ContentPart,
    ImagePart,
    Message,
    Role,
    TextPart,
    Tool,
    ToolCall,
)

__all__ = [
    "ENCODER",
    "WireMessage",
    "WireTool",
    "bare_images",
    "decode_messages",
    "decode_tools",
    "encode_message",
    "encode_tools",
    "or_none",
    "or_unset",
]

T = TypeVar("T")
ENCODER = msgspec.json.Encoder()


class _Function(Struct, frozen=True):
    name: str
    arguments: str


class WireCall(Struct, frozen=True, kw_only=True):
    """A call, its arguments as JSON in a string."""

    id: str = ""
    """Empty where the line leaves it out, as some providers' own examples do."""
    type: Literal["function"]
    function: _Function


class _Url(Struct, frozen=True, omit_defaults=True):
    url: str
    detail: str | UnsetType = UNSET


class _TextPart(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class _ImagePart(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: _Url | str
    """Mistral's page writes the bare address."""


class WireMessage(Struct, frozen=True, omit_defaults=True):
    """One message; what a message does not have is not written."""

    role: Role
    content: str | tuple[_TextPart | _ImagePart, ...] | UnsetType | None = UNSET
    tool_calls: tuple[WireCall, ...] | None = ()
    tool_call_id: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    weight: float | UnsetType | None = UNSET
    reasoning_content: str | UnsetType | None = UNSET
    reasoning: str | UnsetType | None = UNSET
    """Together's first word for `reasoning_content`."""


class _ToolFunction(Struct, frozen=True, omit_defaults=True):
    name: str
    description: str | UnsetType | None = UNSET
    parameters: dict[str, Any] | UnsetType | None = UNSET
    strict: bool | UnsetType | None = UNSET


class WireTool(Struct, frozen=True):
    """A tool on offer."""

    type: Literal["function"]
    function: _ToolFunction


def encode_message(message: Message) -> WireMessage:
    """A message as it is written."""
    content = message.content
    if isinstance(content, str) and not message.tool_calls and message.name is None:
        return WireMessage(
            message.role,
            content,
            (),
            or_unset(message.tool_call_id),
            weight=or_unset(message.weight),
            reasoning_content=or_unset(message.reasoning),
        )
    return WireMessage(
        role=message.role,
        content=_encode_parts(content) if isinstance(content, tuple) else or_unset(content),
        tool_calls=tuple([_encode_call(call) for call in message.tool_calls]),
        tool_call_id=or_unset(message.tool_call_id),
        name=or_unset(message.name) if message.role != "tool" else UNSET,
        weight=or_unset(message.weight),
        reasoning_content=or_unset(message.reasoning),
    )


def bare_images(message: WireMessage) -> WireMessage:
    """The message with its images as bare addresses."""
    content = message.content
    if not isinstance(content, tuple):
        return message
    bare = [
        part
        if isinstance(part, _TextPart) or isinstance(part.image_url, str)
        else _ImagePart(part.image_url.url)
        for part in content
    ]
    return replace(message, content=tuple(bare))


def encode_tools(tools: Iterable[Tool]) -> tuple[WireTool, ...]:
    """Tools as they are written."""
    return tuple([_encode_tool(tool) for tool in tools])


def decode_messages(messages: Iterable[WireMessage]) -> tuple[Message, ...]:
    """Our own messages; a tool's result gets its name from the call that it answers.

    Calls without an id are numbered; a result without one answers the first open call.
    """
    names: dict[str, str] = {}
    decoded: list[Message] = []
    for message in _with_ids(tuple(messages)):
        names |= {call.id: call.function.name for call in message.tool_calls or ()}
        decoded.append(_decode_message(message, names))
    return tuple(decoded)


def decode_tools(tools: Iterable[WireTool]) -> tuple[Tool, ...]:
    """Our own tools; parameters that were left out are an empty schema."""
    return tuple(_decode_tool(tool) for tool in tools)


def or_unset(value: T | None) -> T | UnsetType:
    """Unset where there is nothing."""
    return UNSET if value is None else value


def or_none(value: T | UnsetType | None) -> T | None:
    """Nothing where it is unset."""
    return None if isinstance(value, UnsetType) else value


def _encode_call(call: ToolCall) -> WireCall:
    arguments = ENCODER.encode(call.arguments).decode()
    return WireCall(id=call.id, type="function", function=_Function(call.name, arguments))


def _encode_parts(parts: tuple[ContentPart, ...]) -> tuple[_TextPart | _ImagePart, ...]:
    return tuple(
        _TextPart(part.text)
        if isinstance(part, TextPart)
        else _ImagePart(_Url(_url(part), or_unset(part.detail)))
        for part in parts
    )


def _url(image: ImagePart) -> str:
    if image.url is not None:
        return image.url
    return f"data:{image.mime_type};base64,{image.data}"


def _encode_tool(tool: Tool) -> WireTool:
    described, strict = or_unset(tool.description), or_unset(tool.strict)
    return WireTool("function", _ToolFunction(tool.name, described, tool.parameters, strict))


def _with_ids(messages: Sequence[WireMessage]) -> Sequence[WireMessage]:
    ids = [call.id for message in messages for call in message.tool_calls or ()]
    ids += [one.tool_call_id or "" for one in messages if one.role == "tool"]
    if all(ids):
        return messages
    free = (name for name in map("call_{}".format, count(1)) if name not in ids)
    opened: list[str] = []
    return [_with_id(message, opened, free) for message in messages]


def _with_id(message: WireMessage, opened: list[str], free: Iterator[str]) -> WireMessage:
    if message.tool_calls:
        calls = tuple(
            [one if one.id else replace(one, id=next(free)) for one in message.tool_calls]
        )
        opened[:] = [call.id for call in calls]
        return replace(message, tool_calls=calls)
    if message.role != "tool":
        return message
    answers = message.tool_call_id or (opened[0] if opened else next(free))
    opened[:] = [one for one in opened if one != answers]
    return replace(message, tool_call_id=answers)


def _decode_message(message: WireMessage, names: dict[str, str]) -> Message:
    content = message.content
    answers, weight = or_none(message.tool_call_id), or_none(message.weight)
    reasoning = or_none(message.reasoning_content)
    return Message(
        role=message.role,
        content=_decode_parts(content) if isinstance(content, tuple) else or_none(content),
        tool_calls=tuple(
            ToolCall(call.id, call.function.name, msgspec.json.decode(call.function.arguments))
            for call in message.tool_calls or ()
        ),
        tool_call_id=answers,
        name=or_none(message.name) if answers is None else names.get(answers),
        weight=None if weight is None else 1 if weight else 0,
        reasoning=or_none(message.reasoning) if reasoning is None else reasoning,
    )


def _decode_parts(parts: tuple[_TextPart | _ImagePart, ...]) -> tuple[ContentPart, ...]:
    return tuple(
        TextPart(part.text) if isinstance(part, _TextPart) else _decode_image(part.image_url)
        for part in parts
    )


def _decode_image(image: _Url | str) -> ImagePart:
    if isinstance(image, str):
        image = _Url(image)
    head, found, data = image.url.partition(";base64,")
    detail = or_none(image.detail)
    if found and head.startswith("data:"):
        return ImagePart(mime_type=head.removeprefix("data:"), data=data, detail=detail)
    return ImagePart(url=image.url, detail=detail)


def _decode_tool(tool: WireTool) -> Tool:
    function = tool.function
    return Tool(
        name=function.name,
        parameters=or_none(function.parameters) or {},
        description=or_none(function.description),
        strict=or_none(function.strict),
    )
