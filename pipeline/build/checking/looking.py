"""What a file is, from its first bytes: packed, marked, UTF-16, JSON Lines or something near it.

Imports nothing of the other rooms but `formats`.
"""

import json
from typing import Literal

import msgspec
from msgspec import Struct

from pipeline.build.line_blocks import Packing
from pipeline.formats.judging import MARK

__all__ = ["HEAD", "Look", "Shape", "look_at", "packing_within", "utf16_within"]

HEAD = 1 << 20
"""Bytes that are looked at."""

Shape = Literal["lines", "array", "objects"]
"""JSON Lines; one JSON array; JSON objects that go over several lines."""

_MAGIC: dict[bytes, Packing] = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLANKS = b" \t\r\n"


class Look(Struct, frozen=True):
    """What the unpacked bytes are."""

    marked: bool
    """Whether a byte-order mark of UTF-8 comes first."""
    shape: Shape


def packing_within(head: bytes) -> Packing | None:
    """How a file is packed, whatever it is called: no JSON begins like that."""
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def utf16_within(head: bytes) -> bool:
    """Whether the text is UTF-16, by its mark."""
    return head.startswith(_UTF16)


def look_at(head: bytes) -> Look:
    """What a file is that begins with these unpacked bytes of UTF-8."""
    marked = head.startswith(MARK)
    return Look(marked, _shape(head.removeprefix(MARK).lstrip(_BLANKS)))


def _shape(head: bytes) -> Shape:
    line, _, rest = head.partition(b"\n")
    if head.startswith(b"["):
        return "lines" if _is_json(line) and rest.strip(_BLANKS) else "array"
    if head.startswith(b"{") and not _is_json(line) and _goes_on(head, len(line)):
        return "objects"
    return "lines"


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return False
    return True


def _goes_on(head: bytes, first_line: int) -> bool:
    """Whether the first value ends on a later line than it begins, or seems to."""
    text = head.decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError as error:
        at = getattr(error, "pos", 0)
        return len(head) >= HEAD and at > first_line and at >= len(text) - 1
    except RecursionError:
        return False
    return end > first_line
