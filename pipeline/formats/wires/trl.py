"""Messages and tools as TRL's templates read them: to and from our own.

Arguments of calls are objects, and tools JSON in a string: `datasets` makes columns of a file, and
where lists of objects differ from line to line it may fill them with nulls (before 4.7) or take no
key that comes late (docs/trl.md has what was tried). Ids of calls are written, though hardly a
template reads them, so that nothing is lost. Imports `records`, `openai_wire`, `open_calls`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.rules.open_calls import OpenCall, OpenCalls
from pipeline.formats.unread import Unread, columns_beside
from pipeline.formats.wires.openai import (
    ENCODER,
    WireTool,
    decode_tools,
    encode_tools,
    or_none,
    or_unset,
)
from pipeline.records import Message, Role, Tool, ToolCall

__all__ = [
    "TrlMessage",
    "TrlTools",
    "decode_messages",
    "decode_tool_column",
    "encode_messages",
    "encode_tool_column",
    "unread_by_trl",
]

TrlTools = str | tuple[WireTool, ...] | UnsetType | None
"""JSON in a string, as it is written here, or the list itself."""
_TOOLS = msgspec.json.Decoder(tuple[WireTool, ...] | None)


class _Function(Struct, frozen=True):
    name: str
    arguments: dict[str, Any]


class _Call(Struct, frozen=True, omit_defaults=True, kw_only=True):
    id: str | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET
    function: _Function


class TrlMessage(Struct, frozen=True, omit_defaults=True):
    """One message; what a message does not have is not written, for templates ask for keys."""

    role: Role
    content: str | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    thinking: str | UnsetType = UNSET
    """The name of `reasoning_content` in gpt-oss's template; current `transformers` reads both."""
    tool_calls: tuple[_Call, ...] = ()
    name: str | UnsetType = UNSET
    tool_call_id: str | UnsetType = UNSET


def encode_messages(messages: Iterable[Message]) -> tuple[TrlMessage, ...]:
    """Messages as they are written; their contents are texts (`Carries.text_parts`)."""
    return tuple([_encode_message(message) for message in messages])


def encode_tool_column(tools: Sequence[Tool]) -> str | UnsetType:
    """Tools as JSON in a string; nothing where there are none."""
    return ENCODER.encode(encode_tools(tools)).decode() if tools else UNSET


def decode_messages(
    messages: Sequence[TrlMessage], before: Iterable[Message] = ()
) -> tuple[Message, ...]:
    """Our own messages; calls without an id are numbered, apart from those of messages before."""
    taken = {call.id for message in before for call in message.tool_calls}
    taken |= {call.id for one in messages for call in one.tool_calls if isinstance(call.id, str)}
    free = (name for name in map("call_{}".format, count(1)) if name not in taken)
    calls: OpenCalls[str] = OpenCalls()
    return tuple([_decode_message(message, calls, free) for message in messages])


def decode_tool_column(tools: TrlTools) -> tuple[Tool, ...]:
    """Our own tools; what TRL's `return` says of a tool's result has no place in them."""
    read = _TOOLS.decode(tools) if isinstance(tools, str) else or_none(tools)
    return decode_tools(read or ())


def unread_by_trl(*columns: str) -> Unread:
    """Columns beside these, and what TRL's `return` says of a tool's result."""
    beside = columns_beside(*columns)

    def unread(line: dict[str, Any]) -> Iterator[str]:
        yield from beside(line)
        tools = line.get("tools") or ()
        listed = msgspec.json.decode(tools) if isinstance(tools, str) else tools
        if any("return" in tool["function"] for tool in listed or ()):
            yield "return"

    return unread


def _encode_message(message: Message) -> TrlMessage:
    content = message.content
    assert not isinstance(content, tuple)  # fitted: texts are joined, images refused
    return TrlMessage(
        message.role,
        or_unset(content),
        or_unset(message.reasoning),
        tool_calls=tuple([_encode_call(call) for call in message.tool_calls]),
        name=or_unset(message.name),
        tool_call_id=or_unset(message.tool_call_id),
    )


def _encode_call(call: ToolCall) -> _Call:
    return _Call(id=call.id, type="function", function=_Function(call.name, call.arguments))


def _decode_message(message: TrlMessage, calls: OpenCalls[str], free: Iterator[str]) -> Message:
    content = or_none(message.content)
    if message.role == "tool":
        answered = calls.close(or_none(message.tool_call_id), or_none(message.name))
        ident, name = (answered.kept, answered.name) if answered else (next(free), None)
        return Message("tool", content, tool_call_id=ident, name=name)
    calls.close_all()
    reasoning = or_none(message.reasoning_content)
    return Message(
        message.role,
        content,
        tuple([_decode_call(call, calls, free) for call in message.tool_calls]),
        name=or_none(message.name),
        reasoning=or_none(message.thinking) if reasoning is None else reasoning,
    )


def _decode_call(call: _Call, calls: OpenCalls[str], free: Iterator[str]) -> ToolCall:
    said, function = or_none(call.id), call.function
    ident = next(free) if said is None else said
    calls.open(OpenCall(said, function.name, ident))
    return ToolCall(ident, function.name, function.arguments)
