"""Where messages, calls, tools and parts lie in lines as OpenAI writes them. Imports `format`.

The walks go over what has the right shape and pass over what has not: a line is broken, after all.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from pipeline.formats.format import Mend

__all__ = [
    "CHAT",
    "COMPLETION",
    "PAIR",
    "TRL_PAIR",
    "Places",
    "calls_in",
    "each_message",
    "lists_in",
    "messages_in",
    "parts_in",
    "tools_in",
]

_Object = dict[str, Any]
_Placed = Iterator[tuple[str, _Object]]


class Places(Struct, frozen=True):
    """Paths of a format's lists."""

    messages: tuple[tuple[str, ...], ...]
    """Lists of messages; the first is the conversation, others are answers to it."""
    tools: tuple[str, ...]


CHAT = Places(messages=(("messages",),), tools=("tools",))
"""A line with `messages` and `tools`."""
PAIR = Places(
    messages=(("input", "messages"), ("preferred_output",), ("non_preferred_output",)),
    tools=("input", "tools"),
)
"""A preference as OpenAI writes it."""
COMPLETION = Places(messages=(("prompt",), ("completion",)), tools=("tools",))
"""A prompt and its completion as TRL has them."""
TRL_PAIR = Places(messages=(("prompt",), ("chosen",), ("rejected",)), tools=("tools",))
"""A preference as TRL has it."""


def lists_in(line: _Object, places: Places) -> Iterator[tuple[str, list[Any]]]:
    """The lists of messages that there are, with their pointers."""
    for path in places.messages:
        found = _at(line, path)
        if isinstance(found, list):
            yield "/" + "/".join(path), found


def messages_in(line: _Object, places: Places) -> _Placed:
    """Every message."""
    for pointer, messages in lists_in(line, places):
        yield from _objects(pointer, messages)


def calls_in(line: _Object, places: Places) -> _Placed:
    """Every call of a tool."""
    for pointer, message in messages_in(line, places):
        yield from _objects(f"{pointer}/tool_calls", message.get("tool_calls"))


def parts_in(line: _Object, places: Places) -> _Placed:
    """Every part of a content."""
    for pointer, message in messages_in(line, places):
        yield from _objects(f"{pointer}/content", message.get("content"))


def tools_in(line: _Object, places: Places) -> _Placed:
    """Every tool on offer."""
    yield from _objects("/" + "/".join(places.tools), _at(line, places.tools))


def each_message(name: str, says: str, places: Places, change: Callable[[_Object], bool]) -> Mend:
    """A repair of single messages; `change` says whether it changed one."""

    def apply(line: _Object) -> Iterable[str]:
        return [pointer for pointer, one in messages_in(line, places) if change(one)]

    return Mend(name, says, apply)


def _objects(pointer: str, found: Any) -> _Placed:
    if isinstance(found, list):
        for number, one in enumerate(found):
            if isinstance(one, dict):
                yield f"{pointer}/{number}", one


def _at(line: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        line = line.get(step) if isinstance(line, dict) else None
    return line
