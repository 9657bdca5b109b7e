"""Rewrites of a conversation's turns: systems joined, turns merged, calls renamed, parts made.

Each takes the turns and the list in which a rewrite is named. Imports `records`, `carries`.
"""

from hashlib import sha256

from msgspec.structs import replace

from pipeline.formats.fitting.carries import Rewrite
from pipeline.records import ContentPart, Message, TextPart

__all__ = [
    "join_systems",
    "merge_turns",
    "put_system_into_user",
    "put_texts_in_parts",
    "rename_calls",
    "short_call_id",
]

_Turns = tuple[Message, ...]
_Content = str | tuple[ContentPart, ...] | None
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def join_systems(turns: _Turns, rewrites: list[Rewrite]) -> _Turns:
    """The system messages at the beginning as one, a blank line between them."""
    count = next((at for at, one in enumerate(turns) if one.role != "system"), len(turns))
    if count < 2:  # noqa: PLR2004 (one is joined already)
        return turns
    rewrites.append("systems_joined")
    first = turns[0]
    for other in turns[1:count]:
        first = replace(first, content=_joined(first.content, other.content))
    return (first, *turns[count:])


def put_system_into_user(turns: _Turns, rewrites: list[Rewrite]) -> _Turns:
    """The first message, a system one, before the words of the first user turn."""
    system, rest = turns[0], list(turns[1:])
    rewrites.append("system_into_user")
    for at, message in enumerate(rest):
        if message.role == "user":
            rest[at] = replace(message, content=_joined(system.content, message.content))
            return tuple(rest)
    return (replace(system, role="user"), *rest)


def merge_turns(turns: _Turns, rewrites: list[Rewrite]) -> _Turns:
    """Turns of the user, or of the assistant, that follow one another, as one.

    Turns that call tools, tools' results, and turns of different weight or name stay as they are.
    """
    merged: list[Message] = []
    for message in turns:
        if merged and _are_one(merged[-1], message):
            content = _joined(merged[-1].content, message.content)
            reasoning = _joined(merged[-1].reasoning, message.reasoning)
            merged[-1] = replace(merged[-1], content=content, reasoning=reasoning)
        else:
            merged.append(message)
    if len(merged) == len(turns):
        return turns
    rewrites.append("turns_merged")
    return tuple(merged)


def rename_calls(turns: _Turns, rewrites: list[Rewrite]) -> _Turns:
    """Ids of calls as nine letters and digits, drawn from the old ones and their order."""
    names: dict[str, str] = {}
    renamed = [_rename(message, names) for message in turns]
    if all(new is old for new, old in zip(renamed, turns, strict=True)):
        return turns
    rewrites.append("calls_renamed")
    return tuple(renamed)


def put_texts_in_parts(lists: tuple[_Turns, ...], rewrites: list[Rewrite]) -> tuple[_Turns, ...]:
    """Every text as a part, where any turn of the lists has its content in parts."""
    contents = [type(one.content) for turns in lists for one in turns]
    if tuple not in contents or str not in contents:
        return lists
    rewrites.append("texts_in_parts")
    return tuple(tuple(map(_in_parts, turns)) for turns in lists)


def _in_parts(message: Message) -> Message:
    if not isinstance(message.content, str):
        return message
    return replace(message, content=(TextPart(message.content),))


def _are_one(one: Message, other: Message) -> bool:
    return (
        one.role == other.role
        and one.role in ("user", "assistant")
        and not one.tool_calls
        and not other.tool_calls
        and (one.weight, one.name) == (other.weight, other.name)
    )


def _joined(one: _Content, other: _Content) -> _Content:
    if isinstance(one, str) and isinstance(other, str):
        return f"{one}\n\n{other}"
    if not one or not other:
        return one or other
    return (*_parts(one), TextPart("\n\n"), *_parts(other))


def _parts(content: str | tuple[ContentPart, ...]) -> tuple[ContentPart, ...]:
    return (TextPart(content),) if isinstance(content, str) else content


def _rename(message: Message, names: dict[str, str]) -> Message:
    if message.tool_calls:
        calls = tuple(replace(one, id=short_call_id(one.id, names)) for one in message.tool_calls)
        return message if calls == message.tool_calls else replace(message, tool_calls=calls)
    if message.tool_call_id is None:
        return message
    renamed = names.get(message.tool_call_id, message.tool_call_id)
    same = renamed == message.tool_call_id
    return message if same else replace(message, tool_call_id=renamed)


def short_call_id(old: str, names: dict[str, str]) -> str:
    """Nine letters and digits for an id; `names`, those of the record so far, gets it too."""
    if _is_nine(old):
        return names.setdefault(old, old)
    if old not in names:
        taken = set(names.values())
        trial = (_nine(f"{old}#{again}") for again in range(len(taken) + 1))
        names[old] = next(name for name in trial if name not in taken)
    return names[old]


def _is_nine(name: str) -> bool:
    return len(name) == 9 and name.isascii() and name.isalnum()  # noqa: PLR2004 (Mistral's form)


def _nine(old: str) -> str:
    number = int.from_bytes(sha256(old.encode()).digest()[:8])
    drawn: list[str] = []
    for _ in range(9):
        number, digit = divmod(number, len(_ALPHABET))
        drawn.append(_ALPHABET[digit])
    return "".join(drawn)
