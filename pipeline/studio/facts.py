"""A run's top-level fields as lines of text, which any database finds by equality.

The document itself is bytes, and what databases make of JSON differs: PostgreSQL refuses NUL in
it, SQLite takes true for 1. A field that is null has no line; a list or an object has one that
equals nothing.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Raw

__all__ = ["FULL_INTERACTION", "equal_line", "facts_of", "present_line"]

FULL_INTERACTION = "\ninteraction.prompts=[\n"
"""Part of the facts of a run that holds its interaction in full."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z")
_LONG = 200
_EXACT = 2.0**53


def facts_of(fields: Mapping[str, Raw]) -> str:
    """The lines of a reference's fields, each between newlines."""
    known = {name: bytes(raw) for name, raw in fields.items() if _NAME.match(name)}
    lines = [f"{name}={_line(raw)}" for name, raw in known.items() if raw != b"null"]
    if _is_full(known.get("interaction", b"")):
        lines.append(FULL_INTERACTION.strip())
    return "\n".join(["", *lines, ""])


def equal_line(name: str, value: str | float) -> str:
    """Part of the facts of every run whose field equals the value."""
    return f"\n{name}={_said(value)}\n"


def present_line(name: str) -> str:
    """Part of the facts of every run that has the field, and not as null."""
    return f"\n{name}="


def _line(raw: bytes) -> str:
    """A field's value as `equal_line` has it; of a list or an object only that it is one."""
    if raw[:1] in (b"{", b"["):
        return raw[:1].decode()
    try:
        return _said(msgspec.json.decode(raw))
    except msgspec.DecodeError:  # a number that is out of every range
        return raw[:_LONG].decode()


def _is_full(interaction: bytes) -> bool:
    if interaction[:1] != b"{":
        return False
    prompts = msgspec.json.decode(interaction, type=dict[str, Raw]).get("prompts", Raw(b"null"))
    return bytes(prompts)[:1] == b"["


def _said(value: Any) -> str:
    """A value in one line, the same for the same: 1.0 is 1, and a long text is its digest."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    said = msgspec.json.encode(value).decode()
    if len(said) <= _LONG:
        return said
    return f"sha256:{sha256(said.encode()).hexdigest()}"
