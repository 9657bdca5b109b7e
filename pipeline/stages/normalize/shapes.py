"""Which shape a stored prompt has: told by its structure, never by date or provider.

A new shape is a file with a reader and a row in `READERS`. Imports the shapes' files.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.records import Rejected
from pipeline.stages.normalize.claude import read_claude
from pipeline.stages.normalize.converse import read_converse
from pipeline.stages.normalize.draft import Reader, refuse
from pipeline.stages.normalize.gemini import read_gemini
from pipeline.stages.normalize.openai_chat import read_chat_object, read_openai_chat
from pipeline.stages.normalize.responses import read_responses
from pipeline.stages.normalize.segments import read_segments
from pipeline.stages.normalize.text_prompt import read_text_prompt

__all__ = ["READERS", "Shape", "Told", "tell_shape"]

Shape = Literal[
    "one string of a text model",
    "Gemini contents",
    "a chat protocol object",
    "Claude messages",
    "Bedrock Converse messages",
    "messages of Mistral or Vertex Llama",
    "OpenAI Responses items",
    "bare prompt segments",
    "an OpenAI chat array",
]
"""Every shape that can be told apart, in the words of a rejection's detail."""

READERS: Mapping[Shape, Reader] = {
    "one string of a text model": read_text_prompt,
    "Gemini contents": read_gemini,
    "a chat protocol object": read_chat_object,
    "Claude messages": read_claude,
    "Bedrock Converse messages": read_converse,
    "messages of Mistral or Vertex Llama": read_chat_object,
    "OpenAI Responses items": read_responses,
    "bare prompt segments": read_segments,
    "an OpenAI chat array": read_openai_chat,
}

_RESPONSES_TYPES = {"message", "function_call", "function_call_output", "reasoning"}
_SEGMENT_ROLES = {"safety", "negative", "mask"}
_SEGMENT_KEYS = {"tool_use_id", "files", "thought_signature"}
_MEDIA_KEYS = {"inputPrompt", "mediaSource", "prompt", "negative", "mask", "instances"}
_CHAT_ROLES = {"system", "tool", "developer"}
_WRAPPED = "_arrayConversation"
"""The key under which the platform keeps a conversation that is an array."""

_OTHER_ARRAYS = re.compile(
    rb'"(?:message|function_call|function_call_output|reasoning|input_\w+|safety|negative|mask'
    rb'|tool_use_id|files|thought_signature)"'
)
"""A chat array with none of these words needs no closer look."""


class _Item(Struct):
    type: Any = None
    role: Any = None
    content: Raw | UnsetType = UNSET


class Told(Struct, frozen=True):
    """A prompt whose shape was told."""

    shape: Shape
    prompt: bytes
    """The prompt without the platform's wrapper, if it had one."""


_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Raw]])
_LIST = msgspec.json.Decoder(list[Raw])
_ITEM = msgspec.json.Decoder(_Item)
_TYPES = msgspec.json.Decoder(list[_Item])


def tell_shape(prompt: bytes) -> Told | Rejected:
    """The shape of a prompt's JSON, or where it is none of those known."""
    try:
        match prompt[:1]:
            case b'"':
                return Told("one string of a text model", prompt)
            case b"[":
                return Told(_shape_of_array(prompt), prompt)
            case b"{":
                return _tell_object(prompt)
    except msgspec.ValidationError as error:
        where = str(error).partition("`$")[2].rstrip("`")
        return _unknown("items of the prompt are no objects", f"$.prompt{where}")
    kind = type(msgspec.json.decode(prompt)).__name__
    return _unknown(f"the prompt is a {kind}", "$.prompt")


def _unknown(said: str, path: str) -> Rejected:
    return refuse("unknown_prompt_shape", said, path)


def _tell_object(data: bytes) -> Told | Rejected:
    prompt = _OBJECT.decode(data)
    if _WRAPPED in prompt:
        inner = bytes(prompt[_WRAPPED])
        return Told(_shape_of_array(inner), inner)
    if "contents" in prompt:
        return Told("Gemini contents", data)
    if "_is_openai_chat_completions" in prompt:
        return Told("a chat protocol object", data)
    if media := _MEDIA_KEYS.intersection(prompt):
        said = "the request of a video or image model"
        return refuse("unsupported_content", said, f"$.prompt.{min(media)}")
    if "messages" not in prompt:
        keys = ", ".join(sorted(prompt)[:_SHOWN_KEYS])
        return _unknown(f"an object with the keys {keys or 'none'}", "$.prompt")
    shape = _shape_of_messages(prompt["messages"], has_system="system" in prompt)
    if shape is None:
        return _unknown("messages of no form that is known", "$.prompt.messages")
    return Told(shape, data)


_SHOWN_KEYS = 12


def _shape_of_messages(messages: Raw, *, has_system: bool) -> Shape | None:
    """Told by the first block of content that there is, and by the roles before it."""
    plain = False
    for message in _LIST.decode(messages):
        item = _ITEM.decode(message)
        if isinstance(item.role, str) and item.role in _CHAT_ROLES:
            return "messages of Mistral or Vertex Llama"
        match None if item.content is UNSET else msgspec.json.decode(item.content):
            case str():
                plain = True
            case [dict() as block, *_] as blocks:
                if any(_has_url(one) for one in blocks):
                    return "messages of Mistral or Vertex Llama"
                return "Claude messages" if "type" in block else "Bedrock Converse messages"
            case [] | None:
                continue
            case _:
                return None
    if not plain:
        return "Claude messages" if has_system else None
    return "Claude messages" if has_system else "messages of Mistral or Vertex Llama"


_URL_TYPES = ("image_url", "input_audio")


def _has_url(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") in _URL_TYPES


def _shape_of_array(prompt: bytes) -> Shape:
    if not _OTHER_ARRAYS.search(prompt):
        return "an OpenAI chat array"
    items = _TYPES.decode(prompt)
    if any(item.type in _RESPONSES_TYPES for item in items if isinstance(item.type, str)):
        return "OpenAI Responses items"
    if any(item.role in _SEGMENT_ROLES for item in items if isinstance(item.role, str)):
        return "bare prompt segments"
    if any(_SEGMENT_KEYS.intersection(item) for item in _OBJECTS.decode(prompt)):
        return "bare prompt segments"
    if any(_has_input_parts(item) for item in items):
        return "OpenAI Responses items"
    return "an OpenAI chat array"


def _has_input_parts(item: _Item) -> bool:
    content = None if item.content is UNSET else msgspec.json.decode(item.content)
    parts = content if isinstance(content, list) else []
    types = [part.get("type") for part in parts if isinstance(part, dict)]
    return any(isinstance(one, str) and one.startswith("input_") for one in types)
