"""What every prompt shape is read into: turns as they were stored, before any policy.

A shape's reader turns the `prompt` of a run into a `Draft`; what it does not understand it
refuses, with the JSON path. Imports `records`.
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from pipeline.records import ContentPart, RejectCode, Rejected, Role, TextPart, Tool

__all__ = ["Call", "Draft", "Reader", "Turn", "read_parts", "refuse", "refuse_shape", "text_turn"]


class Call(Struct, frozen=True):
    """A tool call. `key` is what its result names: an id, or the tool's name where none is."""

    key: str
    name: str
    arguments: dict[str, object]


class Turn(Struct):
    """One stored turn. A result of a tool is a turn of its own, with role `tool`."""

    role: Role
    parts: list[ContentPart]
    calls: tuple[Call, ...] = ()
    answers: str | None = None
    """The key of the call whose result this is; only on role tool."""
    name: str | None = None
    safety: bool = False
    """Known to be safety text; only on role system."""


class Draft(Struct, frozen=True):
    """A prompt that was understood."""

    turns: list[Turn]
    tools: tuple[Tool, ...] = ()
    important: Literal["own", "later", "tail"] = "own"
    """What `IMPORTANT: ` before system text means: the author's own word; the platform's mark
    of safety text in system turns that follow another turn; or that mark also after a blank
    line inside a system text."""
    hides_safety: bool = False
    """Whether safety text would stand among the user's, without a mark."""
    roles_lost: str | None = None
    """Why the roles cannot be told from the prompt alone (a sentence); the interaction's
    templates may tell them."""


P = TypeVar("P")
Reader = Callable[[Raw], Draft | Rejected]


def text_turn(role: Role, text: str, *, safety: bool = False) -> Turn:
    """A turn of one text."""
    return Turn(role, [TextPart(text)], safety=safety)


def read_parts(
    content: str | Sequence[P] | None, path: str, read: Callable[[P, str], ContentPart | Rejected]
) -> list[ContentPart] | Rejected:
    """The parts of a content that is nothing, a text, or a list; `read` reads one at its path."""
    if content is None:
        return []
    if isinstance(content, str):
        return [TextPart(content)]
    parts: list[ContentPart] = []
    for index, part in enumerate(content):
        found = read(part, f"{path}[{index}]")
        if isinstance(found, Rejected):
            return found
        parts.append(found)
    return parts


def refuse(code: RejectCode, detail: str, path: str | None = None) -> Rejected:
    """A rejection of this stage; `path` is where in the run, from `$`."""
    return Rejected("normalize", code, f"{detail} - at `{path}`" if path else detail)


def refuse_shape(error: msgspec.ValidationError, path: str) -> Rejected:
    """The rejection for a decoder's complaint about the value at `path`: it is not understood."""
    said, _, where = str(error).partition(" - at `$")
    return refuse("unknown_prompt_shape", said, path + where.rstrip("`"))
