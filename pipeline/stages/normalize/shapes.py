"""Which shape a stored prompt has: told by its structure, never by date or provider.

A new shape is a file with a reader and a row in `READERS`. Imports the shapes' files.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.stages.normalize.converse import read_converse
from pipeline.stages.normalize.draft import Reader
from pipeline.stages.normalize.gemini import read_gemini
from pipeline.stages.normalize.openai_chat import read_openai_chat

__all__ = ["READERS", "Shape", "shape_of"]

Shape = Literal[
    "one string of a text model",
    "Gemini contents",
    "a chat protocol object",
    "a request of a video or image model",
    "Claude messages",
    "Bedrock Converse messages",
    "messages of Mistral or Vertex Llama",
    "OpenAI Responses items",
    "bare prompt segments",
    "an OpenAI chat array",
]
"""Every shape that can be told apart, in the words of a rejection's detail."""

READERS: Mapping[Shape, Reader] = {
    "an OpenAI chat array": read_openai_chat,
    "Bedrock Converse messages": read_converse,
    "Gemini contents": read_gemini,
}
"""The shapes that are read in this version."""

_RESPONSES_TYPES = {"message", "function_call", "function_call_output", "reasoning"}
_SEGMENT_ROLES = {"safety", "negative", "mask"}
_MEDIA_KEYS = ("inputPrompt", "mediaSource", "prompt", "negative", "mask")


_OTHER_ARRAYS = re.compile(
    rb'"(?:message|function_call|function_call_output|reasoning|input_\w+|safety|negative|mask)"'
)
"""A chat array with none of these words needs no closer look."""


class _Item(Struct):
    type: Any = None
    role: Any = None
    content: Raw | UnsetType = UNSET


_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_ITEM = msgspec.json.Decoder(_Item)
_ITEMS = msgspec.json.Decoder(list[_Item])


def shape_of(prompt: bytes) -> Shape | None:
    """The shape of a prompt's JSON; None where it is none of those known."""
    try:
        match prompt[:1]:
            case b'"':
                return "one string of a text model"
            case b"[":
                return _shape_of_array(prompt)
            case b"{":
                return _shape_of_object(_OBJECT.decode(prompt))
    except msgspec.ValidationError:
        return None
    return None


def _shape_of_object(prompt: dict[str, Raw]) -> Shape | None:
    if "contents" in prompt:
        return "Gemini contents"
    if "_is_openai_chat_completions" in prompt:
        return "a chat protocol object"
    if any(key in prompt for key in _MEDIA_KEYS):
        return "a request of a video or image model"
    return _shape_of_messages(prompt["messages"]) if "messages" in prompt else None


def _shape_of_messages(messages: Raw) -> Shape | None:
    """Told by the first block of content that there is."""
    for message in _LIST.decode(messages):
        item = _ITEM.decode(message)
        match None if item.content is UNSET else msgspec.json.decode(item.content):
            case str():
                return "messages of Mistral or Vertex Llama"
            case [dict() as block, *_]:
                return "Claude messages" if "type" in block else "Bedrock Converse messages"
            case []:
                continue
            case _:
                return None
    return None


def _shape_of_array(prompt: bytes) -> Shape:
    if not _OTHER_ARRAYS.search(prompt):
        return "an OpenAI chat array"
    items = _ITEMS.decode(prompt)
    if any(item.type in _RESPONSES_TYPES for item in items if isinstance(item.type, str)):
        return "OpenAI Responses items"
    if any(item.role in _SEGMENT_ROLES for item in items if isinstance(item.role, str)):
        return "bare prompt segments"
    if any(_has_input_parts(item) for item in items):
        return "OpenAI Responses items"
    return "an OpenAI chat array"


def _has_input_parts(item: _Item) -> bool:
    content = None if item.content is UNSET else msgspec.json.decode(item.content)
    parts = content if isinstance(content, list) else []
    types = [part.get("type") for part in parts if isinstance(part, dict)]
    return any(isinstance(one, str) and one.startswith("input_") for one in types)
