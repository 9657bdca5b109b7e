"""Why a line cannot be read at all, in words that name the place. Imports `schemas`."""

import json
import re
from codecs import BOM_UTF8

import msgspec

from pipeline.formats.schemas import Problem

__all__ = ["MARK", "is_blank", "why_unreadable"]

MARK = BOM_UTF8
"""UTF-8's byte-order mark."""
_BLANKS = b" \t\r"
_AT_BYTE = re.compile(r"\(byte (\d+)\)")
_NO_NUMBER = re.compile(rb"-?(NaN|Infinity)")
_PYTHON = re.compile(rb"'|(True|False|None)\b")


def is_blank(line: bytes) -> bool:
    """Whether there is nothing on the line."""
    return not line.strip(_BLANKS)


def why_unreadable(line: bytes, start: int | None) -> Problem:
    """The problem of a line that JSON cannot be read from.

    `start` is the byte of the file at which the line begins; None where it is not known.
    """
    if is_blank(line):
        return Problem("blank-line", "", "is blank")
    if line.startswith(MARK):
        return Problem("json", "", "begins with a byte-order mark, as where files were joined")
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return Problem("json", "", _no_utf8(line, error.start, start))
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        return Problem("json", "", _no_json(line, str(error)))
    except RecursionError:
        pass
    return Problem("json", "", "nests too deeply to be read")


def _no_utf8(line: bytes, at: int, start: int | None) -> str:
    of_file = "" if start is None else f", {start + at:,} of the file"
    return f"is no UTF-8: 0x{line[at]:02x} at offset {at:,} of the line{of_file}"


def _no_json(line: bytes, said: str) -> str:
    """What is at the place that the reader names, where it is something that is often seen."""
    found = _AT_BYTE.search(said)
    at = int(found[1]) if found else 0
    if number := _NO_NUMBER.match(line, at):
        return f"is no JSON: it has {number[0].decode()} at offset {at:,}"
    if word := _PYTHON.match(line, at):
        said = word[0].decode()
        return f"is no JSON: it has {said} at offset {at:,}, as in a Python literal"
    if "truncated" in said:
        cut = not _half_a_pair(line)
        return f"is no JSON: it {'ends in the middle' if cut else 'has half of a surrogate pair'}"
    if "trailing characters" in said:
        return f"is no JSON: something follows the first value, at offset {at - 1:,}"
    if "out of range" in said:
        return "is no JSON: it has a number that is too large to hold"
    plain = _AT_BYTE.sub(r"at offset \1", said).removeprefix("JSON is malformed: ")
    return f"is no JSON: {plain}"


def _half_a_pair(line: bytes) -> bool:
    """Whether it can be read by one who takes surrogates singly."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
