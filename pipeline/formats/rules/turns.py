"""Rules on the order of turns and on what is trained. Imports `format` and its kin.

A function takes the decoded messages and the pointer of their list, and gives every problem. The
rules beside them have no source yet: a format cites its own page (`cited`).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from pipeline.formats.format import Problem, Rule, Source

__all__ = [
    "ALTERNATION",
    "FIRST_MESSAGE",
    "LAST_MESSAGE",
    "LAST_MESSAGE_OURS",
    "NOTHING_TO_TRAIN",
    "SYSTEM_FIRST",
    "alternates",
    "begins_with",
    "cited",
    "ends_with",
    "system_comes_first",
    "trains_something",
]

_Message = dict[str, Any]

LAST_MESSAGE = Rule("The last message is the assistant's", "drop what follows its last answer")
LAST_MESSAGE_OURS = Rule(
    LAST_MESSAGE.says, LAST_MESSAGE.fix, why="what follows the last answer teaches nothing"
)
NOTHING_TO_TRAIN = Rule(
    "At least one message of the assistant has a weight",
    "leave the line out, or set the weight of an answer to 1",
)
FIRST_MESSAGE = Rule("The first turn is the user's", "leave out what precedes the first question")
ALTERNATION = Rule("Turns of user and assistant alternate", "merge turns that follow one another")
SYSTEM_FIRST = Rule(
    "A system message is the first message", "join the system messages at the beginning"
)


def cited(rule: Rule, source: Source) -> Rule:
    """The rule as a vendor's page has it."""
    return replace(rule, source=source)


def ends_with(role: str, messages: Sequence[_Message], at: str = "/messages") -> Iterator[Problem]:
    """`last-message`: the last message has this role."""
    if messages[-1]["role"] != role:
        pointer = f"{at}/{len(messages) - 1}/role"
        yield Problem("last-message", pointer, f"the last message is not the {_whose(role)}")


def begins_with(
    role: str, messages: Sequence[_Message], at: str = "/messages"
) -> Iterator[Problem]:
    """`first-message`: the first message that is no system message has this role."""
    for number, message in enumerate(messages):
        if message["role"] == "system":
            continue
        if message["role"] != role:
            said = f"the first turn is not the {_whose(role)}"
            yield Problem("first-message", f"{at}/{number}/role", said)
        return


def trains_something(messages: Sequence[_Message], at: str = "/messages") -> Iterator[Problem]:
    """`nothing-to-train`: an assistant message whose weight is not 0."""
    if not any(one["role"] == "assistant" and one.get("weight", 1) for one in messages):
        said = "no assistant message has a weight, so nothing is trained"
        yield Problem("nothing-to-train", at, said)


def alternates(messages: Sequence[_Message], at: str = "/messages") -> Iterator[Problem]:
    """`alternation`: no role twice in a row, system messages and results of tools apart."""
    before = None
    for number, message in enumerate(messages):
        role = message["role"]
        if role == before and role not in ("system", "tool"):
            said = f"follows another turn of the {role}"
            yield Problem("alternation", f"{at}/{number}/role", said)
        before = role


def system_comes_first(messages: Sequence[_Message], at: str = "/messages") -> Iterator[Problem]:
    """`system-first`: there is one system message at most, and it is the first message."""
    for number, message in enumerate(messages):
        if number and message["role"] == "system":
            said = "is a system message that is not the first message"
            yield Problem("system-first", f"{at}/{number}/role", said)


def _whose(role: str) -> str:
    return {"assistant": "assistant's", "user": "user's"}.get(role, f"{role}'s")
