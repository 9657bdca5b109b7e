"""Rules on blocks as Amazon's Converse writes them: their order, calls of tools, their results.

A function takes decoded turns that follow the schema, and gives every problem. The rules beside
them have no source yet: a format cites its own page. Imports `format`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.formats.format import Problem, Rule

__all__ = [
    "BLOCK_RULES",
    "blocks_are_in_order",
    "blocks_of",
    "calls_are_on_offer",
    "results_answer_calls",
    "texts_are_not_empty",
    "tools_are_named_once",
]

_Turn = dict[str, Any]
_Tools = Sequence[dict[str, Any]]
_RANK = {"reasoningContent": 0, "text": 1, "toolUse": 2}

BLOCK_RULES: Mapping[str, Rule] = {
    "block-order": Rule(
        "In the assistant's turn reasoning, one block, precedes text, and text precedes calls",
        "join the reasoning in one block and put it first, put the calls last",
        why="Converse answers in this order, so the model is never asked for another",
    ),
    "call-without-result": Rule(
        "Every call has its result in the user's next turn",
        "add the result, or end the line with the call",
        why="Converse refuses such a conversation, so no model will ever see one",
    ),
}
"""Our own rules: no page states them."""


def blocks_of(kind: str, turns: Sequence[_Turn]) -> Iterator[tuple[str, Any]]:
    """Every block of this kind: its pointer and what it holds."""
    for number, turn in enumerate(turns):
        yield from _blocks_in(kind, turn, number)


def texts_are_not_empty(turns: Sequence[_Turn]) -> Iterator[Problem]:
    """`empty-text`: where a turn has text and no image, not all of it is empty."""
    for number, turn in enumerate(turns):
        texts = [block["text"] for block in turn["content"] if "text" in block]
        if texts and not any(texts) and not any("image" in block for block in turn["content"]):
            yield Problem("empty-text", f"/messages/{number}/content", "has no text but empty text")


def blocks_are_in_order(turns: Sequence[_Turn]) -> Iterator[Problem]:
    """`block-order`: reasoning once, then text, then calls."""
    for number, turn in enumerate(turns):
        before = -1
        for place, block in enumerate(turn["content"] if turn["role"] == "assistant" else ()):
            (kind,) = block
            rank = _RANK[kind]
            if rank < before or rank == before == 0:
                pointer = f"/messages/{number}/content/{place}/{kind}"
                yield Problem("block-order", pointer, "does not stand at its place in the turn")
            before = max(before, rank)


def tools_are_named_once(tools: _Tools) -> Iterator[Problem]:
    """`tool-name`: no two tools on offer have one name."""
    seen: set[str] = set()
    for number, tool in enumerate(tools):
        name = tool["toolSpec"]["name"]
        if name in seen:
            pointer = f"/toolConfig/tools/{number}/toolSpec/name"
            yield Problem("tool-name", pointer, "is the name of another tool")
        seen.add(name)


def calls_are_on_offer(turns: Sequence[_Turn], tools: _Tools) -> Iterator[Problem]:
    """`undeclared-tool`: the tool of every call is on offer."""
    names = {tool["toolSpec"]["name"] for tool in tools}
    for pointer, call in blocks_of("toolUse", turns):
        if call["name"] not in names:
            yield Problem("undeclared-tool", f"{pointer}/name", "is no tool of toolConfig")


def results_answer_calls(turns: Sequence[_Turn]) -> Iterator[Problem]:
    """`call-id`, `orphan-result` and `call-without-result`."""
    made: set[str] = set()
    waiting: dict[str, str] = {}
    for number, turn in enumerate(turns):
        if turn["role"] == "user":
            for pointer, result in _blocks_in("toolResult", turn, number):
                if waiting.pop(result["toolUseId"], None) is None:
                    said = "answers no open call of the turn before"
                    yield Problem("orphan-result", f"{pointer}/toolUseId", said)
            yield from (_unanswered(at) for at in waiting.values())
        waiting.clear()
        for pointer, call in _blocks_in("toolUse", turn, number):
            if call["toolUseId"] in made:
                yield Problem("call-id", f"{pointer}/toolUseId", "is the id of an earlier call")
            made.add(call["toolUseId"])
            waiting[call["toolUseId"]] = pointer


def _unanswered(pointer: str) -> Problem:
    return Problem("call-without-result", pointer, "has no result in the next turn")


def _blocks_in(kind: str, turn: _Turn, number: int) -> Iterator[tuple[str, Any]]:
    for place, block in enumerate(turn["content"]):
        if kind in block:
            yield f"/messages/{number}/content/{place}/{kind}", block[kind]
