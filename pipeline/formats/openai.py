"""OpenAI chat fine-tuning: `{"messages": [...], "tools": [...]}`, tool arguments as a string.

Sources, read 2026-11-23: OpenAI's OpenAPI document (FineTuneChatRequestInput) and the guides
supervised-fine-tuning and vision-fine-tuning at developers.openai.com/api/docs/guides. Its
deprecated functions (`function_call`, role `function`) are refused: write tools. Imports
`records` and the shared files of this room.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.format import Limits, Problem, Source
from pipeline.formats.openai_rules import break_rules
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
    name: str | UnsetType = UNSET


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


_GUIDE = Source(
    "https://developers.openai.com/api/docs/guides/supervised-fine-tuning", "2026-11-23"
)
_VISION = Source("https://developers.openai.com/api/docs/guides/vision-fine-tuning", "2026-11-23")
_OPENAPI = Source("https://github.com/openai/openai-openapi, POST /files", "2026-11-23")


class OpenAIChat:
    """The chat format with tools and images."""

    name = "openai"
    file_suffix = ".jsonl"
    limits = Limits(
        min_examples=10,
        max_file_bytes=512_000_000,
        max_images=10,
        max_image_bytes=10_000_000,
        sources={
            "min_examples": _GUIDE,
            "max_file_bytes": _OPENAPI,
            "max_images": _VISION,
            "max_image_bytes": _VISION,
        },
    )

    def encode(self, record: ChatRecord) -> bytes:
        """The record's line. What the format has no place for, `response_schema`, stays out."""
        line = _Line(
            messages=tuple([_encode_message(message) for message in record.messages]),
            tools=tuple([_encode_tool(tool) for tool in record.tools]),
        )
        return _ENCODER.encode(line)

    def decode(self, line: bytes) -> ChatRecord:
        """The record of an accepted line; a tool's result gets its name from the call.

        `weight`, `detail` of images, `strict` and `parallel_tool_calls` have no place in a record.
        """
        read = _DECODER.decode(line)
        names: dict[str, str] = {}
        messages: list[Message] = []
        for message in read.messages:
            names |= {call.id: call.function.name for call in message.tool_calls}
            messages.append(_decode_message(message, names))
        return ChatRecord(tuple(messages), tuple(_decode_tool(tool) for tool in read.tools))

    def check(self, line: bytes) -> tuple[Problem, ...]:
        """The schema first; then the rules that no schema can say."""
        try:
            value = msgspec.json.decode(line)
            problems = _SCHEMA.problems(value)
        except RecursionError:
            return (Problem("json", "", "nests too deeply to be read"),)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return (Problem("json", "", f"is no JSON: {error}"),)
        return problems or tuple(break_rules(value, self.limits))


def _encode_message(message: Message) -> _Message:
    content = message.content
    if isinstance(content, str) and not message.tool_calls and message.name is None:
        return _Message(message.role, content, (), _or_unset(message.tool_call_id))
    return _Message(
        role=message.role,
        content=_encode_parts(content) if isinstance(content, tuple) else _or_unset(content),
        tool_calls=tuple([_encode_call(call) for call in message.tool_calls]),
        tool_call_id=_or_unset(message.tool_call_id),
        name=_or_unset(message.name) if message.role != "tool" else UNSET,
    )


def _encode_call(call: ToolCall) -> _Call:
    arguments = _ENCODER.encode(call.arguments).decode()
    return _Call(call.id, "function", _Function(call.name, arguments))


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
    answers = _or_none(message.tool_call_id)
    return Message(
        role=message.role,
        content=_decode_parts(content) if isinstance(content, tuple) else _or_none(content),
        tool_calls=tuple(
            ToolCall(call.id, call.function.name, msgspec.json.decode(call.function.arguments))
            for call in message.tool_calls
        ),
        tool_call_id=answers,
        name=_or_none(message.name) if answers is None else names.get(answers),
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
        description=_or_none(function.description),
    )
