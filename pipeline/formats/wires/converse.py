"""Turns and tools as Amazon's Converse writes them: to and from our own.

Every content is a list of blocks. Results of tools are blocks of a user's turn, with what the
user says beside them; we have a message for each. Imports `records`.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.records import ContentPart, ImagePart, Message, TextPart, Tool, ToolCall

__all__ = [
    "ENCODER",
    "WireText",
    "WireTools",
    "WireTurn",
    "decode_system",
    "decode_tools",
    "decode_turns",
    "encode_system",
    "encode_tools",
    "encode_turns",
]

ENCODER = msgspec.json.Encoder()


class WireText(Struct, frozen=True):
    """A text of the system prompt."""

    text: str


class _Location(Struct, frozen=True):
    uri: str


class _Source(Struct, frozen=True, rename="camel"):
    s3_location: _Location


class _Image(Struct, frozen=True):
    format: str
    source: _Source


class _Reasoning(Struct, frozen=True, rename="camel"):
    reasoning_text: WireText


class _ToolUse(Struct, frozen=True, rename="camel"):
    tool_use_id: str
    name: str
    input: dict[str, Any]


class _ResultPart(Struct, frozen=True, omit_defaults=True):
    text: str | UnsetType = UNSET
    json: dict[str, Any] | UnsetType = UNSET
    image: _Image | UnsetType = UNSET


class _ToolResult(Struct, frozen=True, rename="camel"):
    tool_use_id: str
    content: tuple[_ResultPart, ...]


class _Block(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One of them is there."""

    text: str | UnsetType = UNSET
    image: _Image | UnsetType = UNSET
    reasoning_content: _Reasoning | UnsetType = UNSET
    tool_use: _ToolUse | UnsetType = UNSET
    tool_result: _ToolResult | UnsetType = UNSET


class WireTurn(Struct, frozen=True):
    """A turn of the user or the assistant."""

    role: Literal["user", "assistant"]
    content: tuple[_Block, ...]


class _InputSchema(Struct, frozen=True):
    json: dict[str, Any]


class _ToolSpec(Struct, frozen=True, omit_defaults=True, rename="camel"):
    name: str
    description: str | UnsetType = UNSET
    input_schema: _InputSchema = _InputSchema({})


class _Tool(Struct, frozen=True, rename="camel"):
    tool_spec: _ToolSpec


class WireTools(Struct, frozen=True):
    """The tools on offer (`toolConfig`)."""

    tools: tuple[_Tool, ...]


def encode_system(messages: Iterable[Message]) -> tuple[WireText, ...]:
    """The texts of the system messages."""
    return tuple(
        [
            WireText(part.text)
            for message in messages
            if message.role == "system"
            for part in _parts(message)
            if isinstance(part, TextPart)
        ]
    )


def encode_turns(messages: Iterable[Message]) -> tuple[WireTurn, ...]:
    """The turns, system messages apart.

    Results of tools stand in one turn with what the user says before or after them.
    """
    turns: list[WireTurn] = []
    before = ""
    for message in messages:
        if message.role == "system":
            continue
        if message.role == "assistant":
            turns.append(WireTurn("assistant", tuple(_assistant_blocks(message))))
        elif before in ("user", "tool") and "tool" in (before, message.role):
            turns[-1] = WireTurn("user", (*turns[-1].content, *_user_blocks(message)))
        else:
            turns.append(WireTurn("user", _user_blocks(message)))
        before = message.role
    return tuple(turns)


def encode_tools(tools: tuple[Tool, ...]) -> WireTools | UnsetType:
    """The tools on offer; unset where there are none."""
    return WireTools(tuple([_Tool(_tool_spec(tool)) for tool in tools])) if tools else UNSET


def decode_system(texts: tuple[WireText, ...]) -> tuple[Message, ...]:
    """The system message, its content in parts where there are several texts."""
    parts = tuple([TextPart(one.text) for one in texts])
    return (Message("system", _content(parts)),) if parts else ()


def decode_turns(turns: Iterable[WireTurn]) -> Iterator[Message]:
    """Our own messages; a tool's result gets its name from the call that it answers."""
    names: dict[str, str] = {}
    for turn in turns:
        if turn.role == "user":
            yield from _decode_user(turn.content, names)
        else:
            message = _decode_assistant(turn.content)
            names |= {call.id: call.name for call in message.tool_calls}
            yield message


def decode_tools(tools: WireTools | UnsetType) -> tuple[Tool, ...]:
    """Our own tools."""
    if isinstance(tools, UnsetType):
        return ()
    specs = [tool.tool_spec for tool in tools.tools]
    return tuple(
        Tool(spec.name, spec.input_schema.json, spec.description or None) for spec in specs
    )


def _parts(message: Message) -> tuple[ContentPart, ...]:
    if isinstance(message.content, str):
        return (TextPart(message.content),)
    return message.content or ()


def _user_blocks(message: Message) -> tuple[_Block, ...]:
    if message.role == "tool":
        parts = tuple([_result_part(part) for part in _parts(message)])
        return (_Block(tool_result=_ToolResult(message.tool_call_id or "", parts)),)
    return tuple([_block(part) for part in _parts(message)])


def _assistant_blocks(message: Message) -> Iterator[_Block]:
    if message.reasoning is not None:
        yield _Block(reasoning_content=_Reasoning(WireText(message.reasoning)))
    for part in _parts(message):
        yield _block(part)
    for call in message.tool_calls:
        yield _Block(tool_use=_ToolUse(call.id, call.name, call.arguments))


def _block(part: ContentPart) -> _Block:
    return _Block(part.text) if isinstance(part, TextPart) else _Block(image=_image(part))


def _result_part(part: ContentPart) -> _ResultPart:
    if isinstance(part, TextPart):
        return _ResultPart(part.text)
    return _ResultPart(image=_image(part))


def _image(image: ImagePart) -> _Image:
    kind = (image.mime_type or "").removeprefix("image/")
    return _Image(kind, _Source(_Location(image.url or "")))


def _tool_spec(tool: Tool) -> _ToolSpec:
    described = UNSET if tool.description is None else tool.description
    return _ToolSpec(tool.name, described, _InputSchema(tool.parameters))


def _content(parts: tuple[ContentPart, ...]) -> str | tuple[ContentPart, ...] | None:
    """One text as itself, nothing as None."""
    if len(parts) == 1 and isinstance(parts[0], TextPart):
        return parts[0].text
    return parts or None


def _decode_user(blocks: tuple[_Block, ...], names: dict[str, str]) -> Iterator[Message]:
    for is_result, some in groupby(blocks, lambda block: block.tool_result is not UNSET):
        if is_result:
            yield from (_decode_result(block, names) for block in some)
        else:
            yield Message("user", _content(tuple(map(_decode_part, some))))


def _decode_result(block: _Block, names: dict[str, str]) -> Message:
    result = block.tool_result
    assert not isinstance(result, UnsetType)
    ident = result.tool_use_id
    content = _content(tuple(map(_decode_result_part, result.content)))
    return Message("tool", content, tool_call_id=ident, name=names.get(ident))


def _decode_result_part(part: _ResultPart) -> ContentPart:
    """Its text; JSON as compact text."""
    if isinstance(part.text, str):
        return TextPart(part.text)
    return TextPart(ENCODER.encode(part.json).decode())


def _decode_part(block: _Block) -> ContentPart:
    if isinstance(block.text, str):
        return TextPart(block.text)
    assert not isinstance(block.image, UnsetType)
    image = block.image
    return ImagePart(f"image/{image.format}", url=image.source.s3_location.uri)


def _decode_assistant(blocks: tuple[_Block, ...]) -> Message:
    reasoning: str | None = None
    texts: list[TextPart] = []
    calls: list[ToolCall] = []
    for block in blocks:
        if isinstance(block.text, str):
            texts.append(TextPart(block.text))
        elif not isinstance(block.tool_use, UnsetType):
            call = block.tool_use
            calls.append(ToolCall(call.tool_use_id, call.name, call.input))
        elif not isinstance(block.reasoning_content, UnsetType):
            reasoning = block.reasoning_content.reasoning_text.text
    return Message("assistant", _content(tuple(texts)), tuple(calls), reasoning=reasoning)
