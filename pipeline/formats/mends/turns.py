"""Turns: their roles, their order, the form of their contents. Named as the rewrites of a build."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pipeline.formats.fitting.merging import short_call_id
from pipeline.formats.format import Mend
from pipeline.formats.mends.places import Places, calls_in, each_message, lists_in, messages_in

__all__ = [
    "calls_renamed",
    "empty_texts_dropped",
    "parts_joined",
    "roles_renamed",
    "systems_joined",
    "tail_dropped",
    "texts_in_parts",
    "turns_merged",
]

_Object = dict[str, Any]


def roles_renamed(places: Places, names: Mapping[str, str]) -> Mend:
    """Roles that go by another name here."""

    def rename(message: _Object) -> bool:
        role = message.get("role")
        if not isinstance(role, str) or role not in names:
            return False
        message["role"] = names[role]
        return True

    told = ", ".join(f"{old} is {new}" for old, new in names.items())
    return each_message(
        "roles_renamed", f"Roles get the name that is taken: {told}", places, rename
    )


def tail_dropped(places: Places, role: str = "assistant") -> Mend:
    """What follows the last answer of a conversation: it teaches nothing."""

    def apply(line: _Object) -> Iterator[str]:
        for pointer, messages in [*lists_in(line, places)][:1]:
            last = max((at for at, one in enumerate(messages) if _is(one, role)), default=-1)
            if last >= 0 and last < len(messages) - 1:
                del messages[last + 1 :]
                yield f"{pointer}/{last + 1}"

    return Mend("tail_dropped", "What follows the assistant's last message goes", apply)


def systems_joined(places: Places) -> Mend:
    """System messages at the beginning as one, with a blank line between them."""
    says = "System messages at the beginning become one, a blank line between them"
    return _merging("systems_joined", says, places, ("system",))


def turns_merged(places: Places) -> Mend:
    """Turns of one speaker that follow one another, as one, with a blank line between them."""
    says = "Turns of one speaker that follow one another become one, a blank line between them"
    return _merging("turns_merged", says, places, ("user", "assistant"))


def parts_joined(places: Places) -> Mend:
    """Contents of texts alone as one text, with nothing between them."""
    says = "Contents of texts alone become one text"
    return each_message("parts_joined", says, places, _join_parts)


def texts_in_parts(places: Places) -> Mend:
    """Texts as parts, where a line has contents in parts as well."""

    def apply(line: _Object) -> Iterator[str]:
        every = [*messages_in(line, places)]
        if any(isinstance(one.get("content"), list) for _, one in every):
            for pointer, one in every:
                if isinstance(one.get("content"), str):
                    one["content"] = [{"type": "text", "text": one["content"]}]
                    yield f"{pointer}/content"

    return Mend("texts_in_parts", "Texts become parts where other contents are parts", apply)


def empty_texts_dropped(places: Places) -> Mend:
    """An empty content beside calls."""
    says = "An empty text beside calls goes"
    return each_message("empty_texts_dropped", says, places, _drop_empty)


def calls_renamed(places: Places) -> Mend:
    """Ids of calls as nine letters and digits, as the build renames them."""

    def apply(line: _Object) -> Iterator[str]:
        names: dict[str, str] = {}
        for pointer, call in calls_in(line, places):
            yield from _rename(pointer, call, "id", lambda old: short_call_id(old, names))
        for pointer, message in messages_in(line, places):
            yield from _rename(pointer, message, "tool_call_id", lambda old: names.get(old, old))

    return Mend("calls_renamed", "Ids of calls become nine letters and digits", apply)


def _rename(pointer: str, found: _Object, key: str, rename: Callable[[str], str]) -> Iterator[str]:
    old = found.get(key)
    if isinstance(old, str):
        found[key] = rename(old)
        if found[key] != old:
            yield f"{pointer}/{key}"


def _merging(name: str, says: str, places: Places, roles: tuple[str, ...]) -> Mend:
    def apply(line: _Object) -> Iterable[str]:
        changed: list[str] = []
        for pointer, messages in [*lists_in(line, places)][:1]:
            merged: list[Any] = []
            for at, one in enumerate(messages):
                content = _joined(merged[-1], one, roles) if merged else None
                if content is None:
                    merged.append(one)
                else:
                    merged[-1] = {**merged[-1], "content": content}
                    changed.append(f"{pointer}/{at}")
            messages[:] = merged
        return changed

    return Mend(name, says, apply)


def _joined(one: Any, other: Any, roles: tuple[str, ...]) -> Any:
    """The content of both messages; None where they are not to be one."""
    if not isinstance(one, dict) or not isinstance(other, dict) or one.get("role") not in roles:
        return None
    if "tool_calls" in one or not one.get("content") or not other.get("content"):
        return None
    if one | {"content": ""} != other | {"content": ""}:
        return None
    match one["content"], other["content"]:
        case str(text), str(more):
            return f"{text}\n\n{more}"
        case [*parts], [*more] if all(map(_is_part, parts + more)):
            return [*parts, {"type": "text", "text": "\n\n"}, *more]
        case [{"text": str(text), **rest}], [{"text": str(more), **others}] if not rest | others:
            return [{"text": f"{text}\n\n{more}"}]
        case [*parts], [*more] if all(map(_is_block, parts + more)):
            return [*parts, {"text": "\n\n"}, *more]
        case _:
            return None


def _is_part(part: Any) -> bool:
    """Whether it is text or an image as OpenAI writes them."""
    return isinstance(part, dict) and part.get("type") in ("text", "image_url")


def _is_block(block: Any) -> bool:
    """Whether it is text or an image as Converse writes them."""
    return isinstance(block, dict) and block.keys() <= {"text", "image"} and len(block) == 1


def _join_parts(message: _Object) -> bool:
    content = message.get("content")
    if not isinstance(content, list) or not content or not all(map(_is_text, content)):
        return False
    message["content"] = "".join(part["text"] for part in content)
    return True


def _is_text(part: Any) -> bool:
    return (
        isinstance(part, dict)
        and part.keys() == {"type", "text"}
        and part["type"] == "text"
        and isinstance(part["text"], str)
    )


def _drop_empty(message: _Object) -> bool:
    if message.get("content") != "" or not message.get("tool_calls"):
        return False
    del message["content"]
    return True


def _is(message: Any, role: str) -> bool:
    return isinstance(message, dict) and message.get("role") == role
