"""OpenAI Responses items: `[{type: message|function_call|function_call_output|reasoning, ...}]`.

Messages hold `input_text`, `output_text` and `input_image` parts, or one string; the model's
reasoning is left out; files are refused, whole or cut.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

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
from pipeline.stages.normalize.openai_chat import read_arguments

__all__ = ["read_responses"]


class _Part(Struct):
    type: str
    text: str | UnsetType = UNSET
    image_url: str | UnsetType = UNSET
    filename: str | None = None


class _Item(Struct):
    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] | UnsetType = UNSET
    content: str | list[_Part] | None = None
    call_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET
    output: Any = None


_DECODER = msgspec.json.Decoder(list[_Item])
_PARTS = list[_Part]
_TEXTS = {"input_text", "output_text", "text"}


def read_responses(prompt: Raw) -> Draft | Rejected:
    """The draft of a list of Responses items."""
    try:
        items = _DECODER.decode(prompt)
    except msgspec.ValidationError as error:
        return refuse_shape(error, "$.prompt")
    turns: list[Turn] = []
    for index, item in enumerate(items):
        match _read_item(item, f"$.prompt[{index}]"):
            case Rejected() as rejected:
                return rejected
            case Turn() as turn:
                turns.append(turn)
    return Draft(turns)


def _read_item(item: _Item, path: str) -> Turn | Rejected | None:
    match item.type:
        case "message":
            return _read_message(item, path)
        case "function_call":
            return _read_call(item, path)
        case "function_call_output":
            return _read_result(item, path)
        case "reasoning":
            return None
    return refuse("unsupported_content", f"an item of type {item.type!r}", f"{path}.type")


def _read_message(item: _Item, path: str) -> Turn | Rejected:
    if item.role is UNSET:
        return refuse("unsupported_content", "a message without a role", f"{path}.role")
    parts = read_parts(item.content, f"{path}.content", _read_part)
    if isinstance(parts, Rejected):
        return parts
    role: Role = "system" if item.role == "developer" else item.role
    return Turn(role, parts)


def _read_part(part: _Part, path: str) -> ContentPart | Rejected:
    if part.type in _TEXTS and part.text is not UNSET:
        return TextPart(part.text)
    if part.type == "input_image" and part.image_url is not UNSET:
        return read_image_url(part.image_url, f"{path}.image_url")
    if part.type == "input_file":
        kind = (part.filename or "").rpartition(".")[2]
        return refuse("unsupported_content", f"a file of type {kind!r}", path)
    return refuse("unsupported_content", f"a part of type {part.type!r}", path)


def _read_call(item: _Item, path: str) -> Turn | Rejected:
    if item.call_id is UNSET or item.name is UNSET or item.arguments is UNSET:
        said = "a function_call without call_id, name or arguments"
        return refuse("unsupported_content", said, path)
    arguments = read_arguments(item.arguments)
    if arguments is None:
        said = "arguments that are no JSON object"
        return refuse("unsupported_content", said, f"{path}.arguments")
    return Turn("assistant", [], (Call(item.call_id, item.name, arguments),))


def _read_result(item: _Item, path: str) -> Turn | Rejected:
    if item.call_id is UNSET:
        return refuse("orphan_tool_result", "a tool's result that names no call", path)
    try:
        output = msgspec.convert(item.output, str | _PARTS)
    except msgspec.ValidationError as error:
        return refuse_shape(error, f"{path}.output")
    parts = read_parts(output, f"{path}.output", _read_part)
    return parts if isinstance(parts, Rejected) else Turn("tool", parts, answers=item.call_id)
