"""The entrance: bytes of one run document become a `Run`, or the reason why they are none.

What passes here can be decoded by every later stage without a further thought: the whole document
is UTF-8, no deeper than `MAX_DEPTH`, free of lone surrogates and of numbers that no double holds,
inside the `Raw` fields too. Imports api's `Run` and `records`.
"""

import re
from math import isinf

import msgspec

from pipeline.api.runs import Run
from pipeline.records import RejectCode, Rejected

__all__ = ["MAX_DEPTH", "read_run"]

MAX_DEPTH = 200
"""Lists and objects inside one another; real runs have some twenty."""

_DECODER = msgspec.json.Decoder(Run)

_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)

_NO_BONES = bytes(byte for byte in range(256) if byte not in b'0123456789eE,[]{}"')
_BONES = bytes.maketrans(b"012345678E]}{", b"999999999e,,[")
"""A document's bones are 9 for each digit, e, commas and ends as commas, openings, quotes."""
_LONG_EXPONENT = re.compile(rb"9e999+,")
_MANY_DIGITS = b"9" * 300
_NUMBER = re.compile(rb"-?\d[\d.eE+-]*")
_LONGEST_NUMBER = 24

_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_NOT_FINITE = re.compile(rb"-?(?:NaN|Infinity)")
_BYTE = re.compile(r"\(byte (\d+)\)")


def read_run(data: bytes, max_bytes: int) -> Run | Rejected:
    """The run in a raw document of at most `max_bytes` bytes, or why there is none.

    Never raises, whatever the bytes. `Raw` fields of the run point into `data`.
    """
    if len(data) > max_bytes:
        return _refuse("too_large", f"{len(data):,} bytes; source.max_run_bytes is {max_bytes:,}")
    try:
        run = _DECODER.decode(data)
    except RecursionError:
        return _too_deep()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _diagnose(data, error)
    if not data.isascii() and (bad := _invalid_utf8(data)):
        return bad
    if not run.id:
        return _refuse("not_a_run", "the id is empty - at `$.id`")
    return _find_trouble(data) or run


def _refuse(code: RejectCode, detail: str) -> Rejected:
    return Rejected("pull", code, detail)


def _too_deep() -> Rejected:
    return _refuse("too_deep", f"lists and objects nest deeper than {MAX_DEPTH} levels")


def _invalid_utf8(data: bytes) -> Rejected | None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        found = f"0x{data[error.start]:02x} at byte {error.start:,} is no UTF-8 ({error.reason})"
        return _refuse("invalid_utf8", found)
    return None


def _find_trouble(data: bytes) -> Rejected | None:
    """What the decoder let pass in valid JSON and would stumble over later.

    One look at the document's bones tells that nearly all documents have no such thing.
    """
    bones = data.translate(_BONES, _NO_BONES)
    if bones.count(b"[") > MAX_DEPTH and _is_deeper(data):
        return _too_deep()
    if _MANY_DIGITS in bones or _LONG_EXPONENT.search(bones):
        return _overflow(data)
    return None


def _is_deeper(data: bytes) -> bool:
    """Whether JSON nests deeper than `MAX_DEPTH`: its innermost level is taken off that often."""
    brackets = _without_strings(data).translate(_BRACKETS, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _without_strings(data: bytes) -> bytes:
    """Valid JSON without what stands between quotes; backslashes are nowhere else."""
    bare = data.replace(rb"\\", b"").replace(rb"\"", b"")
    return b"".join(bare.split(b'"')[::2])


def _overflow(data: bytes) -> Rejected | None:
    """A number such as 1e999, or one of thousands of digits."""
    try:
        msgspec.json.decode(data)
    except msgspec.ValidationError:
        blanked = _STRING.sub(lambda string: b" " * len(string[0]), data)
        for number in _NUMBER.finditer(blanked):
            if isinf(float(number[0])):
                said = f"{_short(number[0])} at byte {number.start():,} is more than a double holds"
                return _refuse("non_finite_number", said)
    return None


def _short(number: bytes) -> str:
    text = number.decode()
    return text if len(text) <= _LONGEST_NUMBER else f"{text[:_LONGEST_NUMBER]}..."


def _diagnose(data: bytes, error: msgspec.DecodeError | UnicodeDecodeError) -> Rejected:
    """Name what stopped the decoder."""
    if bad := _invalid_utf8(data):
        return bad
    if isinstance(error, msgspec.ValidationError):
        return _refuse("not_a_run", str(error))
    found = _BYTE.search(str(error))
    position = int(found[1]) if found else len(data)
    if match := _NOT_FINITE.match(data, max(position - 1, 0)) or _NOT_FINITE.match(data, position):
        said = f"{match[0].decode()} at byte {match.start():,} is no JSON number"
        return _refuse("non_finite_number", said)
    return _lone_surrogate(data) or _refuse(
        "not_json", f"{error}; the line has {len(data):,} bytes"
    )


def _lone_surrogate(data: bytes) -> Rejected | None:
    """The first half of a surrogate pair without the other, if nothing else is wrong."""
    lone = [match.span("lone") for match in _ESCAPE.finditer(data) if match["lone"]]
    if not lone:
        return None
    mended = bytearray(data)
    for start, end in lone:
        mended[start:end] = b"\\ufffd"
    try:
        _DECODER.decode(mended)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, RecursionError):
        return None
    start, end = lone[0]
    said = f"{data[start:end].decode()} at byte {start:,} is half of a surrogate pair"
    return _refuse("lone_surrogate", said)
