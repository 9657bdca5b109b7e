"""Claude messages: `{messages: [{role, content}], system?}` of blocks that have a `type` key.

The form that Bedrock had in 2024 (`system` is one string, with safety text at its end) and that
of Vertex AI and Anthropic (`system` is a list of blocks). Blocks of text, images, text documents,
`tool_use` and `tool_result` are read, the model's thinking is left out, other documents are
refused. Marks of caching are ignored.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.records import ContentPart, Rejected, TextPart
from pipeline.stages.normalize.draft import Call, Draft, Turn, refuse, refuse_shape, text_turn
from pipeline.stages.normalize.images import read_image_data, read_image_url

__all__ = ["read_claude"]


class _Source(Struct):
    type: str
    media_type: str | None = None
    data: str | UnsetType = UNSET
    url: str | UnsetType = UNSET


class _Block(Struct):
    type: str
    text: str | UnsetType = UNSET
    source: _Source | UnsetType = UNSET
    id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    input: dict[str, Any] | UnsetType = UNSET
    tool_use_id: str | UnsetType = UNSET
    content: "str | list[_Block] | None" = None


class _Message(Struct):
    role: Literal["user", "assistant"]
    content: str | list[_Block]


class _SystemBlock(Struct):
    text: str
    type: Literal["text"] = "text"


class _Prompt(Struct):
    messages: list[_Message]
    system: str | list[_SystemBlock] | None = None


_DECODER = msgspec.json.Decoder(_Prompt)
_LEFT_OUT = {"thinking", "redacted_thinking"}


def read_claude(prompt: Raw) -> Draft | Rejected:
    """The draft of a Claude request."""
    try:
        read = _DECODER.decode(prompt)
    except msgspec.ValidationError as error:
        return refuse_shape(error, "$.prompt")
    system = read.system or []
    turns = (
        [text_turn("system", system)]
        if isinstance(system, str)
        else [text_turn("system", block.text) for block in system]
    )
    for index, message in enumerate(read.messages):
        if rejected := _read_message(message, f"$.prompt.messages[{index}].content", turns):
            return rejected
    if isinstance(read.system, str):
        return Draft(turns, important="tail")
    return Draft(turns, hides_safety=True)


def _read_message(message: _Message, path: str, turns: list[Turn]) -> Rejected | None:
    """Adds the message's turns: results of tools first, then what was said beside them."""
    if isinstance(message.content, str):
        turns.append(text_turn(message.role, message.content))
        return None
    said = Turn(message.role, [])
    for index, block in enumerate(message.content):
        match _read_block(block, message.role, f"{path}[{index}]"):
            case Rejected() as rejected:
                return rejected
            case Call() as call:
                said.calls += (call,)
            case Turn() as result:
                turns.append(result)
            case None:
                continue
            case part:
                said.parts.append(part)
    if said.parts or said.calls:
        turns.append(said)
    return None


def _read_block(block: _Block, role: str, path: str) -> ContentPart | Call | Turn | Rejected | None:
    match block.type:
        case "text" if block.text is not UNSET:
            return TextPart(block.text)
        case "image" | "document" if block.source is not UNSET:
            return _read_source(block.source, block.type, f"{path}.source")
        case "tool_use" if role == "assistant":
            return _read_call(block, path)
        case "tool_result" if role == "user":
            return _read_result(block, path)
        case kind if kind in _LEFT_OUT:
            return None
    said = f"a block of type {block.type!r} in a turn of role {role}"
    return refuse("unsupported_content", said, path)


def _read_source(source: _Source, kind: str, path: str) -> ContentPart | Rejected:
    if source.type == "text" and source.data is not UNSET:
        return TextPart(source.data)
    if kind == "document":
        said = f"a document of type {source.media_type or source.type!r}"
        return refuse("unsupported_content", said, path)
    if source.type == "url" and source.url is not UNSET:
        return read_image_url(source.url, f"{path}.url")
    if source.type == "base64" and source.data is not UNSET:
        return read_image_data(source.media_type or "", source.data, f"{path}.data")
    return refuse("unsupported_content", f"an image from {source.type!r}", path)


def _read_call(block: _Block, path: str) -> Call | Rejected:
    if block.id is UNSET or block.name is UNSET or block.input is UNSET:
        return refuse("unsupported_content", "a tool_use without id, name or input", path)
    return Call(block.id, block.name, block.input)


def _read_result(block: _Block, path: str) -> Turn | Rejected:
    if block.tool_use_id is UNSET:
        return refuse("orphan_tool_result", "a tool's result that names no call", path)
    if not isinstance(block.content, list):
        return Turn("tool", [TextPart(block.content or "")], answers=block.tool_use_id)
    parts: list[ContentPart] = []
    for index, inner in enumerate(block.content):
        match _read_block(inner, "tool", f"{path}.content[{index}]"):
            case Rejected() as rejected:
                return rejected
            case Call() | Turn() | None:
                continue
            case part:
                parts.append(part)
    return Turn("tool", parts, answers=block.tool_use_id)
