"""Bedrock Converse: `{messages, system?, toolConfig?}` of blocks that have no `type` key.

Blocks of text, images, `toolUse` and `toolResult` are read, cache points and reasoning are left
out, documents are read where they are text, videos are refused. The prompts that Bedrock Nova
had in 2024 are of the same form.
"""

from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.records import ContentPart, ImagePart, Rejected, TextPart, Tool
from pipeline.stages.normalize.draft import Call, Draft, Turn, refuse, refuse_shape, text_turn
from pipeline.stages.normalize.images import read_document, read_image_data, to_base64

__all__ = ["read_converse"]


class _ToolUse(Struct, forbid_unknown_fields=True, rename="camel"):
    tool_use_id: str
    name: str
    input: dict[str, Any]


class _Location(Struct, rename="camel"):
    uri: str


class _Source(Struct, rename={"s3_location": "s3Location"}):
    bytes: Any = UNSET
    text: str | UnsetType = UNSET
    s3_location: _Location | UnsetType = UNSET


class _File(Struct):
    format: str
    source: _Source
    name: str | None = None


class _ResultBlock(Struct, forbid_unknown_fields=True):
    text: str | UnsetType = UNSET
    json: Any = UNSET
    image: _File | UnsetType = UNSET
    document: _File | UnsetType = UNSET


class _ToolResult(Struct, forbid_unknown_fields=True, rename="camel"):
    tool_use_id: str
    content: list[_ResultBlock]
    status: str | None = None


class _Block(Struct, forbid_unknown_fields=True, rename="camel"):
    text: str | UnsetType = UNSET
    image: _File | UnsetType = UNSET
    document: _File | UnsetType = UNSET
    tool_use: _ToolUse | UnsetType = UNSET
    tool_result: _ToolResult | UnsetType = UNSET
    cache_point: Raw | UnsetType = UNSET
    reasoning_content: Raw | UnsetType = UNSET


class _SystemBlock(Struct, forbid_unknown_fields=True, rename="camel"):
    text: str | UnsetType = UNSET
    cache_point: Raw | UnsetType = UNSET


class _Message(Struct, forbid_unknown_fields=True):
    role: Literal["user", "assistant"]
    content: list[_Block]


class _Prompt(Struct, rename={"tool_config": "toolConfig"}):
    messages: list[_Message]
    system: list[_SystemBlock] | None = None
    tool_config: Raw | UnsetType = UNSET


class _InputSchema(Struct, forbid_unknown_fields=True):
    json: dict[str, Any]


class _ToolSpec(Struct, rename={"input_schema": "inputSchema"}):
    name: str
    input_schema: _InputSchema
    description: str | None = None


class _ToolEntry(Struct, forbid_unknown_fields=True, rename="camel"):
    tool_spec: _ToolSpec | UnsetType = UNSET
    cache_point: Raw | UnsetType = UNSET


class _ToolConfig(Struct):
    tools: list[_ToolEntry] = []


_DECODER = msgspec.json.Decoder(_Prompt)
_TOOL_DECODER = msgspec.json.Decoder(_ToolConfig | None)


def read_converse(prompt: Raw) -> Draft | Rejected:
    """The draft of a Converse request."""
    try:
        read = _DECODER.decode(prompt)
    except msgspec.ValidationError as error:
        return refuse_shape(error, "$.prompt")
    try:
        tools = () if read.tool_config is UNSET else _read_tools(bytes(read.tool_config))
    except msgspec.ValidationError as error:
        return refuse_shape(error, "$.prompt.toolConfig")
    turns = [text_turn("system", one.text) for one in read.system or () if one.text is not UNSET]
    for index, message in enumerate(read.messages):
        if rejected := _read_message(message, f"$.prompt.messages[{index}].content", turns):
            return rejected
    return Draft(turns, tools, important="tail", hides_safety=True)


@lru_cache(maxsize=256)
def _read_tools(config: bytes) -> tuple[Tool, ...]:
    """Runs of one interaction repeat their tools byte for byte."""
    read = _TOOL_DECODER.decode(config)
    specs = [entry.tool_spec for entry in read.tools] if read else []
    return tuple(
        Tool(spec.name, spec.input_schema.json, spec.description)
        for spec in specs
        if spec is not UNSET
    )


def _read_message(message: _Message, path: str, turns: list[Turn]) -> Rejected | None:
    """Adds the message's turns: results of tools first, then what was said beside them."""
    said = Turn(message.role, [])
    for index, block in enumerate(message.content):
        if block.text is not UNSET:
            said.parts.append(TextPart(block.text))
            continue
        match _read_block(block, message.role, f"{path}[{index}]"):
            case Call() as call:
                said.calls += (call,)
            case Turn() as result:
                turns.append(result)
            case Rejected() as rejected:
                return rejected
            case TextPart() | ImagePart() as part:
                said.parts.append(part)
    if said.parts or said.calls:
        turns.append(said)
    return None


def _read_block(block: _Block, role: str, path: str) -> ContentPart | Call | Turn | Rejected | None:
    if block.tool_use is not UNSET:
        if role != "assistant":
            return refuse("unsupported_content", "a toolUse in a user turn", path)
        use = block.tool_use
        return Call(use.tool_use_id, use.name, use.input)
    if block.tool_result is not UNSET:
        if role != "user":
            return refuse("unsupported_content", "a toolResult in an assistant turn", path)
        return _read_result(block.tool_result, f"{path}.toolResult.content")
    if block.cache_point is not UNSET or block.reasoning_content is not UNSET:
        return None
    return _read_file(block, path)


def _read_result(result: _ToolResult, path: str) -> Turn | Rejected:
    parts: list[ContentPart] = []
    texts: list[str] = []
    for index, block in enumerate(result.content):
        if block.text is not UNSET:
            texts.append(block.text)
        elif block.json is not UNSET:
            texts.append(msgspec.json.encode(block.json).decode())
        else:
            part = _read_file(block, f"{path}[{index}]")
            if isinstance(part, Rejected):
                return part
            parts.append(part)
    said: list[ContentPart] = [TextPart("\n".join(texts))] if texts or not parts else []
    return Turn("tool", said + parts, answers=result.tool_use_id)


def _read_file(block: _Block | _ResultBlock, path: str) -> ContentPart | Rejected:
    if block.image is not UNSET:
        return _read_image(block.image, f"{path}.image")
    if block.document is UNSET:
        return refuse("unsupported_content", "a block without content", path)
    file = block.document
    if file.source.text is not UNSET:
        return TextPart(file.source.text)
    return read_document(file.format, file.source.bytes, f"{path}.document")


def _read_image(file: _File, path: str) -> ContentPart | Rejected:
    mime_type = f"image/{file.format}"
    if file.source.s3_location is not UNSET:
        return ImagePart(mime_type=mime_type, url=file.source.s3_location.uri)
    data = to_base64(file.source.bytes)
    if data is None:
        return refuse("unsupported_content", "an image without bytes", f"{path}.source")
    return read_image_data(mime_type, data, f"{path}.source.bytes")
