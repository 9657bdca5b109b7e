"""The forms of an evaluation item: a talk of any provider, or a benchmark's own fields.

Nothing is trained on an item, so it is read leniently: what is no text is passed over. The
answer, which stands last, is left out. Imports `records`.
"""

from typing import Any

import msgspec

from pipeline.records import Message, Role

__all__ = ["INPUT_FIELDS", "TALK_FIELDS", "read_question"]

TALK_FIELDS = ("messages", "contents", "conversations", "conversation")
"""Where a document keeps its turns: chat lines and Converse, Gemini, ShareGPT."""
INPUT_FIELDS = ("prompt", "question", "problem", "query", "instruction", "input", "text")
"""Where a benchmark keeps what it asks, the first that is there; `input` belongs to an
`instruction`."""
_SYSTEM_FIELDS = ("system", "systemInstruction", "system_instruction")
_TEXT_FIELDS = ("text", "value", "content", "parts", "toolResult", "tool_result")
_IMAGE_FIELDS = (
    "image_url", "url", "image", "source", "inlineData", "inline_data", "data", "bytes",
    "fileData", "file_data", "fileUri", "file_uri",
)  # fmt: skip
"""Where a part keeps an image's bytes or address: they count as its words, as a run's do."""
_FIELDS = (*_TEXT_FIELDS, *_IMAGE_FIELDS)
_SPEAKER_FIELDS = ("role", "from", "author")
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "model": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "ai": "assistant",
    "tool": "tool",
    "function": "tool",
    "function_call_output": "tool",
}


def read_question(document: Any) -> tuple[Message, ...]:
    """The turns of a decoded document up to its answer; none where it holds no text."""
    match document:
        case str():
            return _spoken([Message("user", document)])
        case [dict(), *_]:
            return _spoken([_turn(one) for one in document if isinstance(one, dict)])
        case dict():
            return _of_fields(document)
    return ()


def _of_fields(document: dict[str, Any]) -> tuple[Message, ...]:
    for name in TALK_FIELDS:
        if found := read_question(document.get(name)):
            return (*_system(document), *found)
    for name in INPUT_FIELDS:
        if found := read_question(document.get(name)):
            more = document.get("input") if name == "instruction" else None
            return (*_system(document), *found, *read_question(more))
    return ()


def _system(document: dict[str, Any]) -> tuple[Message, ...]:
    texts = (_text(document.get(name)) for name in _SYSTEM_FIELDS)
    return tuple(Message("system", text) for text in texts if text)


def _turn(turn: dict[str, Any]) -> Message:
    named = next((turn[key] for key in _SPEAKER_FIELDS if isinstance(turn.get(key), str)), "user")
    calls = turn.get("tool_calls")
    words = [_text(turn), *(map(_call, calls) if isinstance(calls, list) else ())]
    return Message(_ROLES.get(named.lower(), "user"), "\n".join(filter(None, words)))


def _call(call: Any) -> str:
    """A call as `stages.inputs` writes one: the tool's name and its arguments."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return ""
    arguments = function.get("arguments")
    said = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    return f"{function.get('name')} {said}"


def _text(value: Any) -> str:
    """The words inside a content: a text, a part that holds one, an image, or a list of them."""
    match value:
        case str():
            return value.partition(";base64,")[2] if value.startswith("data:") else value
        case list():
            return "\n".join(filter(None, map(_text, value)))
        case dict():
            texts = (_text(value[key]) for key in _FIELDS if key in value)
            return next(filter(None, texts), "")
    return ""


def _spoken(messages: list[Message]) -> tuple[Message, ...]:
    """The messages with words in them, without those of the assistant at their end."""
    spoken = [one for one in messages if isinstance(one.content, str) and one.content.strip()]
    while spoken and spoken[-1].role == "assistant":
        spoken.pop()
    return tuple(spoken)
