"""A run's document as a person reads it: who said what, and the few facts beside it.

Knows no provider: whatever has a role and a text is shown as that, and what is not understood is
shown as JSON. Nothing here says what a build would make of it. Pure.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

__all__ = ["ShownRun", "Turn", "read_run", "snippet"]

_TEXT = 20_000
"""Characters of one text."""
_TURNS = 200
_DEEP = 12
_ROLES = ("role", "author")
_TEXTS = ("text", "value", "input_text", "output_text", "content", "parts")


class Turn(Struct, frozen=True):
    """Something that was said."""

    role: str
    """Empty where nobody is named."""
    text: str
    left_out: int = 0
    """Characters that are not shown."""


class ShownRun(Struct, frozen=True):
    """A run to look at."""

    prompt: list[Turn]
    answer: list[Turn]
    parameters: Turn | None
    error: Turn | None
    facts: list[tuple[str, str]]


def read_run(raw: bytes) -> ShownRun:
    """The run; a document that cannot be read is shown as it is."""
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return ShownRun([_turn("", raw[: _TEXT * 4].decode(errors="replace"))], [], None, None, [])
    return ShownRun(
        prompt=_turns(document.get("prompt"), ""),
        answer=_turns(document.get("result"), "assistant"),
        parameters=_as_json(document.get("parameters")),
        error=_as_json(document.get("error")),
        facts=list(_facts(document)),
    )


def snippet(turns: list[Turn], role: str, length: int = 140) -> str:
    """The beginning of what that role said last, else of what was said at all, on one line."""
    chosen = [turn for turn in turns if turn.role == role] or turns
    text = " ".join(chosen[-1].text[: length * 4].split()) if chosen else ""
    return text if len(text) <= length else text[: length - 1] + "…"


def _facts(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    names = {
        "status": "status",
        "finish_reason": "finish reason",
        "modelId": "model",
        "interaction": "interaction",
        "environment": "environment",
        "created_at": "created",
        "updated_at": "updated",
        "token_use": "tokens",
        "tags": "tags",
    }
    for field, name in names.items():
        value = document.get(field)
        if isinstance(value, dict) and field in ("interaction", "environment"):
            value = value.get("name") or value.get("id")
        if value is None or value in ("", [], {}):
            continue
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = ", ".join(value)
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        yield name, text[:500]


def _turns(value: Any, role: str) -> list[Turn]:
    return list(islice(_said(value, role, 0), _TURNS))


def _said(value: Any, role: str, depth: int) -> Iterator[Turn]:
    """Walk through a prompt or an answer, whatever its form."""
    if value is None or value in ("", [], {}):
        return
    if depth > _DEEP:
        yield _turn(role, "…")
        return
    if isinstance(value, str):
        yield _turn(role, value)
    elif isinstance(value, list):
        yield from _listed(value, role, depth)
    elif isinstance(value, dict):
        yield from _held(value, role, depth)
    else:
        yield _turn(role, msgspec.json.encode(value).decode())


def _listed(items: list[Any], role: str, depth: int) -> Iterator[Turn]:
    """Turns one after another; parts of one turn are put together."""
    texts: list[str] = []
    for item in items:
        if isinstance(item, dict) and _role(item) is not None:
            yield from _joined(texts, role)
            yield from _said(item, role, depth + 1)
        else:
            texts += [turn.text for turn in _said(item, role, depth + 1)]
    yield from _joined(texts, role)


def _held(value: dict[str, Any], role: str, depth: int) -> Iterator[Turn]:
    own = _role(value)
    said = own if own is not None else role
    if own is None:
        for name in ("messages", "contents"):
            if isinstance(value.get(name), list):
                yield from _said(value.get("system"), "system", depth + 1)
                yield from _said(value[name], role, depth + 1)
                return
    for name in _TEXTS:
        if isinstance(value.get(name), str | list | dict):
            yield from _said(value[name], said, depth + 1)
            break
    else:
        if own is None or len(value) > 1:
            yield _turn(said, _pretty(value))
        return
    for name in ("tool_calls", "toolCalls"):
        if value.get(name):
            yield _turn(f"{said} calls", _pretty(value[name]))


def _role(value: dict[str, Any]) -> str | None:
    for name in _ROLES:
        if isinstance(value.get(name), str):
            return str(value[name])
    return None


def _joined(texts: list[str], role: str) -> Iterator[Turn]:
    if texts:
        yield _turn(role, "\n".join(texts))
        texts.clear()


def _as_json(value: Any) -> Turn | None:
    return None if value is None or value == {} else _turn("", _pretty(value))


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _turn(role: str, text: str) -> Turn:
    return Turn(role[:60], text[:_TEXT], max(0, len(text) - _TEXT))
