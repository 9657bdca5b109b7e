"""OpenAI chat fine-tuning: `{"messages": [...], "tools": [...]}`, tool arguments as a string.

Sources, read 2026-11-23: OpenAI's OpenAPI document (FineTuneChatRequestInput) and
developers.openai.com/api/docs/guides/supervised-fine-tuning and /vision-fine-tuning.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.format import Limits, Problem
from pipeline.formats.schemas import SchemaCheck
from pipeline.records import (
    ChatRecord,
    ContentPart,
    ImagePart,
    Message,
    Role,
    TextPart,
    Tool,
    ToolCall,
)

__all__ = ["OpenAIChat"]


class _Function(Struct, frozen=True):
    name: str
    arguments: str


class _Call(Struct, frozen=True):
    id: str
    type: Literal["function"]
    function: _Function


class _Url(Struct, frozen=True):
    url: str


class _TextPart(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class _ImagePart(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: _Url


class _Message(Struct, frozen=True, omit_defaults=True):
    role: Role
    content: str | tuple[_TextPart | _ImagePart, ...] | UnsetType | None = UNSET
    tool_calls: tuple[_Call, ...] = ()
    tool_call_id: str | UnsetType = UNSET


class _ToolFunction(Struct, frozen=True, omit_defaults=True):
    name: str
    description: str | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET


class _Tool(Struct, frozen=True):
    type: Literal["function"]
    function: _ToolFunction


class _Line(Struct, frozen=True, omit_defaults=True):
    messages: tuple[_Message, ...]
    tools: tuple[_Tool, ...] = ()


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Line)
_SCHEMA = SchemaCheck("openai-chat")


class OpenAIChat:
    """The chat format with tools and images."""

    name = "openai"
    file_suffix = ".jsonl"
    limits = Limits(min_examples=10, max_file_bytes=512 << 20)
    """10 examples: the guide; 512 MB a file: the OpenAPI document, `POST /files`."""

    def encode(self, record: ChatRecord) -> bytes:
        """The record's line; what the format has no place for (response_schema) stays out."""
        line = _Line(
            messages=tuple(map(_encode_message, record.messages)),
            tools=tuple(map(_encode_tool, record.tools)),
        )
        return _ENCODER.encode(line)

    def decode(self, line: bytes) -> ChatRecord:
        """The record of an accepted line; a tool result gets its function's name from the call."""
        read = _DECODER.decode(line)
        names = {
            call.id: call.function.name for message in read.messages for call in message.tool_calls
        }
        return ChatRecord(
            messages=tuple(_decode_message(message, names) for message in read.messages),
            tools=tuple(_decode_tool(tool) for tool in read.tools),
        )

    def check(self, line: bytes) -> tuple[Problem, ...]:
        """The schema first; then the rules that no schema can say."""
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return (Problem("json", "", f"is no JSON: {error}"),)
        problems = _SCHEMA.problems(value)
        return problems or tuple(_rules(value))


def _encode_message(message: Message) -> _Message:
    content = message.content
    return _Message(
        role=message.role,
        content=_encode_parts(content) if isinstance(content, tuple) else _or_unset(content),
        tool_calls=tuple(
            _Call(
                call.id, "function", _Function(call.name, _ENCODER.encode(call.arguments).decode())
            )
            for call in message.tool_calls
        ),
        tool_call_id=_or_unset(message.tool_call_id),
    )


def _or_unset(value: str | None) -> str | UnsetType:
    return UNSET if value is None else value


def _or_none(value: str | UnsetType | None) -> str | None:
    return None if value is UNSET else value


def _encode_parts(parts: tuple[ContentPart, ...]) -> tuple[_TextPart | _ImagePart, ...]:
    return tuple(
        _TextPart(part.text) if isinstance(part, TextPart) else _ImagePart(_Url(_url(part)))
        for part in parts
    )


def _url(image: ImagePart) -> str:
    if image.url is not None:
        return image.url
    return f"data:{image.mime_type};base64,{image.data}"


def _encode_tool(tool: Tool) -> _Tool:
    function = _ToolFunction(tool.name, _or_unset(tool.description), tool.parameters)
    return _Tool("function", function)


def _decode_message(message: _Message, names: dict[str, str]) -> Message:
    content = message.content
    ident = None if message.tool_call_id is UNSET else message.tool_call_id
    return Message(
        role=message.role,
        content=_decode_parts(content) if isinstance(content, tuple) else _or_none(content),
        tool_calls=tuple(
            ToolCall(call.id, call.function.name, msgspec.json.decode(call.function.arguments))
            for call in message.tool_calls
        ),
        tool_call_id=ident,
        name=names.get(ident) if ident is not None else None,
    )


def _decode_parts(parts: tuple[_TextPart | _ImagePart, ...]) -> tuple[ContentPart, ...]:
    return tuple(
        TextPart(part.text) if isinstance(part, _TextPart) else _decode_image(part.image_url.url)
        for part in parts
    )


def _decode_image(url: str) -> ImagePart:
    head, found, data = url.partition(";base64,")
    if found and head.startswith("data:"):
        return ImagePart(mime_type=head.removeprefix("data:"), data=data)
    return ImagePart(url=url)


def _decode_tool(tool: _Tool) -> Tool:
    function = tool.function
    return Tool(
        name=function.name,
        parameters={} if function.parameters is UNSET else function.parameters,
        description=None if function.description is UNSET else function.description,
    )


def _rules(value: dict[str, Any]) -> list[Problem]:
    messages = value["messages"]
    problems: list[Problem] = []
    if messages[-1]["role"] != "assistant":
        problems.append(
            Problem("last-message", f"/messages/{len(messages) - 1}/role", "is not assistant")
        )
    if not any(m["role"] == "assistant" and m.get("weight", 1) == 1 for m in messages):
        problems.append(Problem("nothing-to-train", "/messages", "no assistant message has weight"))
    return problems + _tool_rules(messages)


def _tool_rules(messages: list[dict[str, Any]]) -> list[Problem]:
    """Every result answers a call of the turn before it; every call has its result."""
    problems: list[Problem] = []
    waiting: dict[str, str] = {}
    for at, message in enumerate(messages):
        if message["role"] == "tool":
            if waiting.pop(message["tool_call_id"], None) is None:
                pointer = f"/messages/{at}/tool_call_id"
                problems.append(Problem("orphan-result", pointer, "answers no call before it"))
            continue
        problems += _unanswered(waiting)
        waiting = {}
        for number, call in enumerate(message.get("tool_calls", ())):
            pointer = f"/messages/{at}/tool_calls/{number}"
            waiting[call["id"]] = pointer
            if not _is_object(call["function"]["arguments"]):
                problems.append(
                    Problem("arguments", f"{pointer}/function/arguments", "is no JSON object")
                )
    return problems


def _unanswered(waiting: dict[str, str]) -> list[Problem]:
    return [
        Problem("call-without-result", pointer, "has no result") for pointer in waiting.values()
    ]


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
