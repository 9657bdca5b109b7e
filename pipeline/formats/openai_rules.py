"""The rules of an OpenAI chat line that no JSON Schema can say. Imports `format`.

OpenAI documents that a record needs a trained assistant message, and how tool messages answer
calls; that the last message is the assistant's is our own rule: what follows teaches nothing.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from pipeline.formats.format import Limits, Problem

__all__ = ["break_rules"]

_Message = dict[str, Any]


def break_rules(line: dict[str, Any], limits: Limits) -> Iterator[Problem]:
    """Every broken rule of a line that follows the schema."""
    messages: list[_Message] = line["messages"]
    if messages[-1]["role"] != "assistant":
        pointer = f"/messages/{len(messages) - 1}/role"
        yield Problem("last-message", pointer, "the last message is not the assistant's")
    if not any(one["role"] == "assistant" and one.get("weight", 1) for one in messages):
        said = "no assistant message has a weight, so nothing is trained"
        yield Problem("nothing-to-train", "/messages", said)
    yield from _check_tools(messages)
    yield from _check_images(messages, limits)


def _check_tools(messages: list[_Message]) -> Iterator[Problem]:
    """Every result answers a call of the turn before it; every call has its result."""
    waiting: dict[str, str] = {}
    for at, message in enumerate(messages):
        if not waiting and "tool_calls" not in message and message["role"] != "tool":
            continue
        if message["role"] == "tool":
            if waiting.pop(message["tool_call_id"], None) is None:
                pointer = f"/messages/{at}/tool_call_id"
                yield Problem("orphan-result", pointer, "answers no open call of the turn before")
            continue
        yield from _unanswered(waiting)
        waiting.clear()
        for number, call in enumerate(message.get("tool_calls", ())):
            pointer = f"/messages/{at}/tool_calls/{number}"
            if call["id"] in waiting:
                yield Problem("call-id", f"{pointer}/id", "is the id of another call of this turn")
            waiting[call["id"]] = pointer
            if not _is_object(call["function"]["arguments"]):
                place = f"{pointer}/function/arguments"
                yield Problem("arguments", place, "does not hold a JSON object")
    if messages[-1]["role"] != "assistant":
        yield from _unanswered(waiting)


def _unanswered(waiting: dict[str, str]) -> Iterator[Problem]:
    return (Problem("call-without-result", at, "has no result") for at in waiting.values())


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def _check_images(messages: list[_Message], limits: Limits) -> Iterator[Problem]:
    seen = 0
    for at, message in enumerate(messages):
        if not isinstance(message.get("content"), list):
            continue
        for number, part in enumerate(message["content"]):
            if part["type"] != "image_url":
                continue
            seen += 1
            pointer = f"/messages/{at}/content/{number}"
            if limits.max_images is not None and seen == limits.max_images + 1:
                said = f"is image number {seen}; {limits.max_images} are taken in one example"
                yield Problem("images", pointer, said)
            size = _bytes_of(part["image_url"]["url"])
            if limits.max_image_bytes is not None and size > limits.max_image_bytes:
                said = f"has {size:,} bytes; {limits.max_image_bytes:,} are taken"
                yield Problem("image-bytes", f"{pointer}/image_url/url", said)


def _bytes_of(url: str) -> int:
    """Bytes of a data URL's image, to within the padding; 0 for an address."""
    return len(url) * 3 // 4 if url.startswith("data:") else 0
