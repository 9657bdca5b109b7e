"""Rewrites of calls and of what tools gave back, for lines that have no ids of calls.

Each takes the turns and the list in which a rewrite is named. Imports `records`, `carries`.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pipeline.formats.fitting.carries import Rewrite
from pipeline.records import Message, ToolCall

__all__ = ["compact_results", "number_calls"]

_Turns = tuple[Message, ...]


class _Waiting(Struct):
    """A call of the turn before, and whether its result came."""

    old: str
    call: ToolCall
    answered: bool = False


def number_calls(turns: _Turns, rewrites: list[Rewrite]) -> _Turns:
    """Calls as `call_1`, `call_2` and so on; results in the order of their calls, with their names.

    A result that answers no open call stays as it is, behind those that do.
    """
    numbered: list[Message] = []
    waiting: list[_Waiting] = []
    results: list[tuple[int, Message]] = []
    made = 0
    for message in turns:
        if message.role == "tool":
            results.append(_answer(message, waiting))
            continue
        numbered += _in_order(results, rewrites)
        results = []
        waiting = [
            _Waiting(call.id, replace(call, id=f"call_{made + number}"))
            for number, call in enumerate(message.tool_calls, 1)
        ]
        made += len(waiting)
        calls = tuple([one.call for one in waiting])
        numbered.append(
            message if calls == message.tool_calls else replace(message, tool_calls=calls)
        )
    numbered += _in_order(results, rewrites)
    return _unless_same(turns, numbered, rewrites)


def compact_results(turns: _Turns, rewrites: list[Rewrite]) -> _Turns:
    """What tools gave back; a JSON object without white space, and each of its keys once."""
    compacted = [_compact(one, rewrites) if one.role == "tool" else one for one in turns]
    same = all(new is old for new, old in zip(compacted, turns, strict=True))
    return turns if same else tuple(compacted)


def _answer(message: Message, waiting: list[_Waiting]) -> tuple[int, Message]:
    """The place of the call that the message answers, and the message with its id and name."""
    for place, one in enumerate(waiting):
        if one.old == message.tool_call_id and not one.answered:
            one.answered = True
            if (message.tool_call_id, message.name) == (one.call.id, one.call.name):
                return place, message
            return place, replace(message, tool_call_id=one.call.id, name=one.call.name)
    return len(waiting), message


def _in_order(results: list[tuple[int, Message]], rewrites: list[Rewrite]) -> Iterable[Message]:
    ordered = sorted(results, key=lambda result: result[0])
    if ordered != results:
        rewrites.append("results_ordered")
    return [message for _, message in ordered]


def _unless_same(turns: _Turns, numbered: list[Message], rewrites: list[Rewrite]) -> _Turns:
    if all(new is old for new, old in zip(numbered, turns, strict=True)):
        return turns
    if _ids(numbered) != _ids(turns):
        rewrites.append("calls_numbered")
    if sorted(_names(numbered)) != sorted(_names(turns)):
        rewrites.append("results_named")
    return tuple(numbered)


def _ids(turns: Iterable[Message]) -> list[str]:
    return [call.id for message in turns for call in message.tool_calls]


def _names(turns: Iterable[Message]) -> list[str]:
    return [message.name or "" for message in turns if message.role == "tool"]


def _compact(message: Message, rewrites: list[Rewrite]) -> Message:
    if not isinstance(message.content, str):
        return message
    compact = _without_space(message.content)
    if compact == message.content:
        return message
    rewrites.append("results_compacted")
    return replace(message, content=compact)


def _without_space(text: str) -> str:
    """The text; a JSON object as msgspec writes it."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else text
