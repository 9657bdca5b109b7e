"""Bedrock Converse: `{messages, system?, toolConfig?}` of blocks that have no `type` key.

Blocks of text, `toolUse` and `toolResult` (text and json) are read, cache points and reasoning
are left out, images, documents and videos are refused. The prompts that Bedrock Nova had in 2024
are of the same form.
"""

from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.records import Rejected, TextPart, Tool
from pipeline.stages.normalize.draft import Call, Draft, Turn, refuse, refuse_shape, text_turn

__all__ = ["read_converse"]


class _ToolUse(Struct, forbid_unknown_fields=True, rename="camel"):
    tool_use_id: str
    name: str
    input: dict[str, Any]


class _ResultBlock(Struct, forbid_unknown_fields=True):
    text: str | UnsetType = UNSET
    json: Any = UNSET


class _ToolResult(Struct, forbid_unknown_fields=True, rename="camel"):
    tool_use_id: str
    content: list[_ResultBlock]
    status: str | None = None


class _Block(Struct, forbid_unknown_fields=True, rename="camel"):
    text: str | UnsetType = UNSET
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
    return Draft(turns, tools)


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
    if said.parts or said.calls:
        turns.append(said)
    return None


def _read_block(block: _Block, role: str, path: str) -> Call | Turn | Rejected | None:
    if block.tool_use is not UNSET:
        if role != "assistant":
            return refuse("unsupported_content", "a toolUse in a user turn", path)
        use = block.tool_use
        return Call(use.tool_use_id, use.name, use.input)
    if block.tool_result is not UNSET:
        if role != "user":
            return refuse("unsupported_content", "a toolResult in an assistant turn", path)
        result = block.tool_result
        text = "\n".join([_result_text(one) for one in result.content])
        return Turn("tool", [TextPart(text)], answers=result.tool_use_id)
    if block.cache_point is not UNSET or block.reasoning_content is not UNSET:
        return None
    return refuse("unsupported_content", "a block without content", path)


def _result_text(block: _ResultBlock) -> str:
    if block.text is not UNSET:
        return block.text
    return "" if block.json is UNSET else msgspec.json.encode(block.json).decode()
