"""Gemini contents: `{contents: [{role, parts}], system?}`.

Of the parts, text, images, `functionCall` and `functionResponse` are read, the model's thoughts are
left out, everything else is refused. A call usually has no id: its result names the function, and
results are paired with calls in order. In 2024 system text stood among the user's parts and
cannot be told from it; it stays there, unless the interaction's templates tell it. A talk of 2024
lost its order: what the user said later was added to the earlier turn, and the model came last.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.records import ContentPart, ImagePart, Rejected, TextPart
from pipeline.stages.normalize.draft import Call, Draft, Turn, refuse, refuse_shape, text_turn
from pipeline.stages.normalize.images import read_image_data, to_base64

__all__ = ["read_gemini"]


class _FunctionCall(Struct, forbid_unknown_fields=True):
    name: str
    args: dict[str, Any] | None = None
    id: str | None = None


class _FunctionResponse(Struct, forbid_unknown_fields=True):
    name: str
    response: Any
    id: str | None = None


class _InlineData(Struct, rename="camel"):
    mime_type: str
    data: Any


class _FileData(Struct, rename="camel"):
    mime_type: str
    file_uri: str


class _Part(Struct, forbid_unknown_fields=True, rename="camel"):
    text: str | UnsetType = UNSET
    function_call: _FunctionCall | UnsetType = UNSET
    function_response: _FunctionResponse | UnsetType = UNSET
    inline_data: _InlineData | UnsetType = UNSET
    file_data: _FileData | UnsetType = UNSET
    thought: bool = False
    thought_signature: str | None = None


class _Content(Struct, forbid_unknown_fields=True):
    role: Literal["user", "model", "function"]
    parts: list[_Part]


class _System(Struct, forbid_unknown_fields=True):
    parts: list[_Part]
    role: str | None = None


class _Prompt(Struct):
    contents: list[_Content]
    system: _System | None = None


_DECODER = msgspec.json.Decoder(_Prompt)


def read_gemini(prompt: Raw) -> Draft | Rejected:
    """The draft of a Gemini request."""
    try:
        read = _DECODER.decode(prompt)
    except msgspec.ValidationError as error:
        return refuse_shape(error, "$.prompt")
    turns: list[Turn] = []
    for index, part in enumerate(read.system.parts if read.system else ()):
        if part.text is UNSET:
            where = f"$.prompt.system.parts[{index}]"
            return refuse("unsupported_content", "a system part that is no text", where)
        turns.append(text_turn("system", part.text))
    for index, content in enumerate(read.contents):
        match _read_content(content, f"$.prompt.contents[{index}].parts"):
            case Rejected() as rejected:
                return rejected
            case more:
                turns += more
    if read.system is None and turns and turns[-1].role == "assistant":
        said = "the order of the turns was lost: the model's stand last"
        return refuse("ambiguous_prompt", said, "$.prompt.contents")
    lost = "system text stands among the user's parts" if read.system is None else None
    return Draft(turns, hides_safety=True, roles_lost=lost)


def _read_content(content: _Content, path: str) -> list[Turn] | Rejected:
    """Results of tools first, then what the user said beside them."""
    turns: list[Turn] = []
    said = Turn("assistant" if content.role == "model" else "user", [])
    calls: list[Call] = []
    for index, part in enumerate(content.parts):
        if part.thought:
            continue
        match _read_part(part, content.role, f"{path}[{index}]"):
            case Call() as call:
                calls.append(call)
            case Turn() as result:
                turns.append(result)
            case Rejected() as rejected:
                return rejected
            case None:
                continue
            case read:
                said.parts.append(read)
    said.calls = tuple(calls)
    return [*turns, said] if said.parts or said.calls else turns


def _read_part(part: _Part, role: str, path: str) -> ContentPart | Call | Turn | Rejected | None:
    if part.text is not UNSET:
        return TextPart(part.text)
    if part.function_call is not UNSET:
        if role != "model":
            return refuse("unsupported_content", "a functionCall in a user turn", path)
        call = part.function_call
        return Call(call.id or call.name, call.name, call.args or {})
    if part.function_response is not UNSET:
        if role == "model":
            return refuse("unsupported_content", "a functionResponse in a model turn", path)
        response = part.function_response
        text = msgspec.json.encode(response.response).decode()
        return Turn("tool", [TextPart(text)], answers=response.id or response.name)
    if part.inline_data is not UNSET:
        inline = part.inline_data
        data = to_base64(inline.data)
        where = f"{path}.inlineData.data"
        return (
            refuse("unsupported_content", "a file without data", where)
            if data is None
            else read_image_data(inline.mime_type, data, where)
        )
    if part.file_data is not UNSET:
        file = part.file_data
        if file.mime_type.startswith("image/"):
            return ImagePart(mime_type=file.mime_type, url=file.file_uri)
        return refuse("unsupported_content", f"a file of type {file.mime_type!r}", path)
    is_mark = part.thought_signature is not None
    return None if is_mark else refuse("unsupported_content", "a part without content", path)
