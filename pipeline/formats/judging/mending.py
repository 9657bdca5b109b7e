"""A line repaired, if its format's safe repairs make it good. Imports `format`."""

import json
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.formats.format import Format
from pipeline.formats.judging.no_json import MARK, is_blank

__all__ = ["Mended", "Used", "mend_line", "mend_unreadable"]

_ENCODER = msgspec.json.Encoder()


class Used(Struct, frozen=True):
    """A repair that was made."""

    mend: str
    pointers: tuple[str, ...]
    """The places, as they were before it."""


class Mended(Struct, frozen=True):
    """A line that the format takes now."""

    line: bytes
    """Empty for one that is to be left out: it was blank."""
    used: tuple[Used, ...]


def mend_line(form: Format[Any], line: bytes) -> Mended | None:
    """The line with as many of the format's repairs as it needs, in their order.

    None where they do not make it good: then nothing of it is to be changed. None too for a line
    that gives a key twice, because writing it again would drop one of them.
    """
    if not form.mends:
        return None
    try:
        msgspec.json.decode(line)
        value = json.loads(line, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    used: list[Used] = []
    for mend in form.mends:
        pointers = tuple(mend.apply(value))
        if pointers:
            used.append(Used(mend.name, pointers))
            if not form.examine(value):
                return Mended(_ENCODER.encode(value), tuple(used))
    return None


def mend_unreadable(form: Format[Any], line: bytes) -> Mended | None:
    """The same for a line that is no JSON: a blank one goes, a byte-order mark before it goes."""
    if is_blank(line):
        return Mended(b"", (Used("blank_line_dropped", ("",)),))
    if not line.startswith(MARK):
        return None
    rest, used = line.removeprefix(MARK), Used("mark_dropped", ("",))
    if not form.check(rest):
        return Mended(rest, (used,))
    mended = mend_line(form, rest)
    return mended and Mended(mended.line, (used, *mended.used))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is given twice")
    return made
