"""Rules on messages and tools as TRL takes them. Imports `format`, `open_calls` and its kin.

TRL itself refuses little: a chat template loses or spoils what it does not expect, and `datasets`
what it cannot put into columns. So these are rules of our own, each with what was seen to happen
(docs/trl.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from pipeline.formats.format import Problem, Rule
from pipeline.formats.rules.open_calls import OpenCall, OpenCalls
from pipeline.formats.rules.tools import TOOL_RULES
from pipeline.formats.rules.turns import SYSTEM_FIRST
from pipeline.formats.schemas import SchemaCheck, pointer_to

__all__ = [
    "ANSWER",
    "TRL_RULES",
    "answer_stands_alone",
    "messages_survive",
    "tools_survive",
]

_Message = dict[str, Any]
_INTEGERS = range(-(1 << 63), 1 << 64)
"""What ujson reads."""
_DECIMALS = 10
"""What ujson writes."""
_LOST = 1e-6
"""A number that changes by a larger part of itself has become another one."""

TRL_RULES: Mapping[str, Rule] = {
    "system-first": Rule(
        SYSTEM_FIRST.says,
        SYSTEM_FIRST.fix,
        why="the templates of Qwen 3.5 and later stop the training at another one, gpt-oss's "
        "leaves it out in silence",
    ),
    **{name: TOOL_RULES[name] for name in ("orphan-result", "call-without-result", "call-id")},
    "result-name": Rule(
        "A tool's result has the name of the call that it answers",
        "give it that name, or the id of its own call",
        why="some templates write the name beside the result, others go by the id",
    ),
    "number": Rule(
        "A number in the arguments of a call fits into 64 bits and into 10 decimals",
        "round the number, or leave the line out",
        why="datasets (4.7 to 5.2) reads lines of different keys with ujson, which rounds after "
        "the tenth decimal; at a larger integer it gives up, and the arguments of the whole file "
        "are filled with nulls",
    ),
    "tools": Rule(
        "A string of tools holds a list of JSON schemas as TRL's page shows them",
        "write the list with a JSON library and put it in as a string",
        why="TRL decodes the string and hands it to the template",
    ),
}

ANSWER = Rule(
    "An answer begins and ends with the assistant's message",
    "move the boundary between prompt and answer, or drop what follows the last answer",
    why="all of it is trained, whoever says it",
)


def messages_survive(**parts: Sequence[_Message]) -> list[Problem]:
    """`system-first`, and every rule on calls and their results, of parts that follow each other.

    A part is named as it is in the line.
    """
    found: list[Problem] = []
    waiting: OpenCalls[str] = OpenCalls()
    role = ""
    for name, messages in parts.items():
        for number, message in enumerate(messages):
            before, role = role, message["role"]
            if role == "tool":
                found += _close(message, f"/{name}/{number}", waiting)
                continue
            if role == "system" and before:
                said = "is a system message that is not the first message"
                found.append(Problem("system-first", f"/{name}/{number}/role", said))
            if waiting:
                found += _unanswered(waiting)
            if "tool_calls" in message:
                found += _open(message, f"/{name}/{number}/tool_calls", waiting)
    return found if role == "assistant" else [*found, *_unanswered(waiting)]


def answer_stands_alone(messages: Sequence[_Message], at: str) -> Iterator[Problem]:
    """`answer`: what answers a prompt begins and ends with the assistant's message."""
    if messages[0]["role"] != "assistant":
        yield Problem("answer", f"{at}/0/role", f"begins with {messages[0]['role']}")
    if messages[-1]["role"] != "assistant":
        number = len(messages) - 1
        yield Problem("answer", f"{at}/{number}/role", f"ends with {messages[-1]['role']}")


def tools_survive(line: Mapping[str, Any]) -> tuple[Problem, ...]:
    """`tools`: what a string of tools holds."""
    tools = line.get("tools")
    return _in_string(tools) if isinstance(tools, str) else ()


def _open(message: _Message, at: str, waiting: OpenCalls[str]) -> Iterator[Problem]:
    for number, call in enumerate(message["tool_calls"]):
        pointer = f"{at}/{number}"
        if waiting.open(OpenCall(call.get("id"), call["function"]["name"], pointer)):
            yield Problem("call-id", f"{pointer}/id", "is the id of another call of this turn")
        arguments = call["function"]["arguments"]
        if not all(map(_survives, arguments.values())):
            yield from _lost_numbers(arguments, f"{pointer}/function/arguments")


def _close(message: _Message, at: str, waiting: OpenCalls[str]) -> Iterator[Problem]:
    ident, name = message.get("tool_call_id"), message.get("name")
    call = waiting.close(ident, name)
    if call is None:
        said = "" if ident is None and name is None else "/name" if ident is None else _ID
        yield Problem("orphan-result", f"{at}{said}", "answers no open call of the turn before")
    elif name not in (None, call.name):
        yield Problem("result-name", f"{at}/name", f"answers a call of {call.name!r}")


_ID = "/tool_call_id"


def _unanswered(waiting: OpenCalls[str]) -> Iterator[Problem]:
    return (Problem("call-without-result", at, "has no result") for at in waiting.close_all())


def _survives(value: Any) -> bool:
    if isinstance(value, float):
        return abs(round(value, _DECIMALS) - value) <= _LOST * abs(value)
    if isinstance(value, int):
        return value in _INTEGERS
    if isinstance(value, dict):
        return all(map(_survives, value.values()))
    return not isinstance(value, list) or all(map(_survives, value))


def _lost_numbers(value: Any, at: str) -> Iterator[Problem]:
    match value:
        case dict():
            for key, one in value.items():
                yield from _lost_numbers(one, at + pointer_to([key]))
        case list():
            for number, one in enumerate(value):
                yield from _lost_numbers(one, f"{at}/{number}")
        case int() if not _survives(value):
            yield Problem("number", at, "is an integer of more than 64 bits")
        case float() if not _survives(value):
            yield Problem("number", at, f"is {round(value, _DECIMALS)} after ten decimals")


@lru_cache(maxsize=256)
def _in_string(tools: str) -> tuple[Problem, ...]:
    """The same tools stand in thousands of lines."""
    try:
        problems = SchemaCheck("trl-tools").problems(msgspec.json.decode(tools))
    except (msgspec.DecodeError, RecursionError):
        return (Problem("tools", "/tools", "does not hold JSON"),)
    return tuple(
        Problem("tools", "/tools", f"{one.pointer or 'the list'} in the string {one.reason}")
        for one in problems
    )
