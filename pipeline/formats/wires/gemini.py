"""Contents as Google writes them: to and from our own messages and tools.

A part is text, a file at an address, a call of a function or its response. A line of Google's may
be in camel or snake case; ours are in camel case. Imports `records`, `openapi`.

What a tool gave back is a JSON object on the wire (google.cloud.aiplatform_v1.types
.FunctionResponse: "output" holds the output; without it the whole object is the output). So a text
that is a JSON object is that object, and every other text stands under "output". A JSON object
that has "output" and nothing else is put under "output" too, or it would come back as another.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.fitting.openapi import NO_PARAMETERS, from_openapi, to_openapi
from pipeline.records import ContentPart, ImagePart, Message, TextPart, Tool, ToolCall

__all__ = [
    "ENCODER",
    "WireContent",
    "WireTool",
    "decode_contents",
    "decode_system",
    "decode_tools",
    "either",
    "encode_contents",
    "encode_system",
    "encode_tools",
]

ENCODER = msgspec.json.Encoder()


class _File(Struct, frozen=True, rename="camel"):
    mime_type: str
    file_uri: str


class _Call(Struct, frozen=True):
    name: str
    args: dict[str, Any]


class _Response(Struct, frozen=True):
    name: str
    response: dict[str, Any]


class _Part(Struct, frozen=True, omit_defaults=True, rename="camel"):
    text: str | UnsetType = UNSET
    file_data: _File | UnsetType = UNSET
    function_call: _Call | UnsetType = UNSET
    function_response: _Response | UnsetType = UNSET


class WireContent(Struct, frozen=True):
    """One turn."""

    role: Literal["system", "user", "model"]
    parts: list[_Part]


class _Declaration(Struct, frozen=True, omit_defaults=True):
    name: str
    description: str | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET


class WireTool(Struct, frozen=True, rename="camel"):
    """All tools on offer."""

    function_declarations: list[_Declaration]


def encode_system(messages: Sequence[Message]) -> WireContent | UnsetType:
    """The system message, which comes first, if there is one."""
    if not messages or messages[0].role != "system":
        return UNSET
    return WireContent("system", _encode_parts(messages[0]))


def encode_contents(messages: Iterable[Message]) -> list[WireContent]:
    """The other messages; results of tools that follow one another are one content."""
    contents: list[WireContent] = []
    results: list[_Part] = []
    for message in messages:
        if message.role == "tool":
            if not results:
                contents.append(WireContent("user", results))
            results.append(_encode_result(message))
            continue
        results = []
        if message.role != "system":
            role: Literal["user", "model"] = "user" if message.role == "user" else "model"
            contents.append(WireContent(role, _encode_parts(message)))
    return contents


def encode_tools(tools: Sequence[Tool]) -> list[WireTool]:
    """The tools; a tool without parameters has none on the wire."""
    return [WireTool([_encode_tool(tool) for tool in tools])] if tools else []


def decode_system(system: Mapping[str, Any] | None) -> tuple[Message, ...]:
    """Our own system messages, one for every part: each is a paragraph of its own."""
    return tuple(Message("system", part["text"]) for part in system["parts"]) if system else ()


def decode_contents(contents: Iterable[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Our own messages; text behind a call comes before it.

    Calls are `call_1`, `call_2` and so on; a response goes with the first open call of the turn
    before that has its name. A file that is no image comes as one, with its media type.
    """
    messages: list[Message] = []
    waiting: list[ToolCall] = []
    made = 0
    for content in contents:
        said: list[ContentPart] = []
        calls: list[ToolCall] = []
        answered = False
        for part in content["parts"]:
            if (text := part.get("text")) is not None:
                said.append(TextPart(text))
            elif (file := either(part, "fileData", "file_data")) is not None:
                said.append(_decode_file(file))
            elif (call := either(part, "functionCall", "function_call")) is not None:
                made += 1
                calls.append(ToolCall(f"call_{made}", call["name"], call.get("args", {})))
            else:
                response = either(part, "functionResponse", "function_response")
                messages.append(_decode_result(response, waiting))
                answered = True
        if said or calls or not answered:
            role: Literal["user", "assistant"] = (
                "assistant" if content.get("role") == "model" else "user"
            )
            messages.append(Message(role, _content(said), tuple(calls)))
            waiting = calls
    return tuple(messages)


def decode_tools(tools: Iterable[Mapping[str, Any]]) -> tuple[Tool, ...]:
    """Our own tools."""
    return tuple(
        _decode_tool(declaration)
        for tool in tools
        for declaration in either(tool, "functionDeclarations", "function_declarations") or ()
    )


def either(node: Mapping[str, Any], camel: str, snake: str) -> Any:
    """The value of a key in camel or in snake case; None where there is neither."""
    return node[camel] if camel in node else node.get(snake)


def _encode_parts(message: Message) -> list[_Part]:
    content = message.content
    if isinstance(content, str):
        parts = [_Part(content)]
    else:
        parts = [_encode_part(part) for part in content or ()]
    parts += [_Part(function_call=_Call(one.name, one.arguments)) for one in message.tool_calls]
    return parts


def _encode_part(part: ContentPart) -> _Part:
    if isinstance(part, TextPart):
        return _Part(part.text)
    return _Part(file_data=_File(part.mime_type or "", part.url or ""))


def _encode_result(message: Message) -> _Part:
    text = message.content if isinstance(message.content, str) else ""
    return _Part(function_response=_Response(message.name or "", _as_object(text)))


def _as_object(text: str) -> dict[str, Any]:
    """The object for a text: itself, if it is one without white space; else one that holds it."""
    if not text.startswith("{"):
        return {"output": text}
    try:
        value: dict[str, Any] = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {"output": text}
    if ENCODER.encode(value).decode() != text:
        return {"output": text}
    return {"output": value} if value.keys() == {"output"} else value


def _encode_tool(tool: Tool) -> _Declaration:
    described = UNSET if tool.description is None else tool.description
    if tool.parameters == NO_PARAMETERS:
        return _Declaration(tool.name, described)
    return _Declaration(tool.name, described, to_openapi(tool.parameters))


def _content(parts: list[ContentPart]) -> str | tuple[ContentPart, ...] | None:
    if len(parts) == 1 and isinstance(parts[0], TextPart):
        return parts[0].text
    return tuple(parts) if parts else None


def _decode_file(file: Mapping[str, Any]) -> ImagePart:
    mime_type = either(file, "mimeType", "mime_type")
    return ImagePart(mime_type=mime_type, url=either(file, "fileUri", "file_uri"))


def _decode_result(response: Mapping[str, Any], waiting: list[ToolCall]) -> Message:
    name = response["name"]
    call = next((one for one in waiting if one.name == name), None)
    if call is not None:
        waiting.remove(call)
    text = _as_text(response["response"])
    return Message("tool", text, tool_call_id=call.id if call else "", name=name)


def _as_text(response: dict[str, Any]) -> str:
    value = response["output"] if response.keys() == {"output"} else response
    return value if isinstance(value, str) else ENCODER.encode(value).decode()


def _decode_tool(declaration: Mapping[str, Any]) -> Tool:
    parameters = declaration.get("parameters")
    if parameters is not None:
        schema = from_openapi(parameters)
    else:
        as_it_is = either(declaration, "parametersJsonSchema", "parameters_json_schema")
        schema = dict(NO_PARAMETERS) if as_it_is is None else as_it_is
    return Tool(declaration["name"], schema, declaration.get("description"))
