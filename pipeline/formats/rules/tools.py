"""Rules on calls of tools and their results, as OpenAI writes them. Imports `format`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from pipeline.formats.format import Problem, Rule

__all__ = ["TOOL_RULES", "results_answer_calls"]

_Message = dict[str, Any]

TOOL_RULES: Mapping[str, Rule] = {
    "orphan-result": Rule(
        "A tool's result answers an open call of the turn before it",
        "give it the id of that call, or leave the result out",
        why="a provider renders it into the prompt of a call that was never made",
    ),
    "call-without-result": Rule(
        "Every call has its result before the conversation goes on",
        "add the tool's message, or end the line with the call",
        why="chat endpoints refuse such a conversation, so no model will ever see one",
    ),
    "call-id": Rule(
        "Calls of one turn have ids of their own",
        "name each call of the turn differently",
        why="a result could not be told to its call",
    ),
    "arguments": Rule(
        "The arguments of a call are a JSON object, as a string",
        "write the object with a JSON library and put it in as a string",
        why="the model would learn to call with what no tool can read",
    ),
}
"""Our own rules: no provider's page states them, chat endpoints hold to them."""


def results_answer_calls(messages: Sequence[_Message], at: str = "/messages") -> Iterator[Problem]:
    """Every result answers a call of the turn before it; every call has its result.

    A result that names no call answers the first open one.
    """
    waiting: dict[str, str] = {}
    for number, message in enumerate(messages):
        if not waiting and "tool_calls" not in message and message["role"] != "tool":
            continue
        if message["role"] == "tool":
            yield from _close_call(message, f"{at}/{number}", waiting)
            continue
        yield from _unanswered(waiting)
        waiting.clear()
        yield from _open_calls(message, f"{at}/{number}", waiting)
    if messages and messages[-1]["role"] != "assistant":
        yield from _unanswered(waiting)


def _close_call(message: _Message, at: str, waiting: dict[str, str]) -> Iterator[Problem]:
    named = message.get("tool_call_id")
    if waiting.pop(named or next(iter(waiting), ""), None) is None:
        place = f"{at}/tool_call_id" if named else at
        yield Problem("orphan-result", place, "answers no open call of the turn before")


def _open_calls(message: _Message, at: str, waiting: dict[str, str]) -> Iterator[Problem]:
    for number, call in enumerate(message.get("tool_calls") or ()):
        pointer = f"{at}/tool_calls/{number}"
        name = call.get("id") or pointer
        if name in waiting:
            yield Problem("call-id", f"{pointer}/id", "is the id of another call of this turn")
        waiting[name] = pointer
        if not _is_object(call["function"]["arguments"]):
            place = f"{pointer}/function/arguments"
            yield Problem("arguments", place, "does not hold a JSON object")


def _unanswered(waiting: dict[str, str]) -> Iterator[Problem]:
    return (Problem("call-without-result", at, "has no result") for at in waiting.values())


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return False
