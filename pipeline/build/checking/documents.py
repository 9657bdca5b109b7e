"""JSON that is not one object a line: an array, or objects over several lines. Read in a stream.

Each value becomes a line, with the number of the line where it begins. Imports `errors`.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

__all__ = ["DocumentBlock", "read_documents"]

_BLOCK = 4 << 20
_BEFORE = re.compile(r"\s*\[?")
_BETWEEN = re.compile(r"[\s,\]]*")
"""What stands between the values; a comma too many is nobody's loss."""


@dataclass(frozen=True, slots=True)
class DocumentBlock:
    """Values as lines."""

    numbers: tuple[int, ...]
    """The line of the file where each begins."""
    data: bytes
    """Each with a newline."""
    taken: int
    """Bytes of the file, about."""
    broken: str = ""
    """Why nothing could be read after these, where that is so."""


class _Reader:
    """Text of a stream, a window at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self.text = ""
        self.ended = False
        self.line = 1
        """The line on which the window begins."""
        self.begun = False

    def more(self) -> None:
        """Make the window at least as long again."""
        block = self._file.read(max(_BLOCK, len(self.text)))
        self.ended = not block
        self.text += self._decode.decode(block, final=self.ended)

    def pass_by(self, end: int) -> None:
        """Let go of the beginning of the window."""
        self.line += self.text.count("\n", 0, end)
        self.text = self.text[end:]


def read_documents(file: BinaryIO, limit: int) -> Iterator[DocumentBlock]:
    """The values of the stream in their order, in blocks of a few MB.

    `limit` is the longest value, in characters, that is held. Reading ends at what is broken.
    """
    reader = _Reader(file)
    while not reader.ended:
        try:
            reader.more()
        except UnicodeDecodeError as error:
            said = f"is no UTF-8: byte 0x{error.object[error.start]:02x}"
            yield DocumentBlock((reader.line,), b"", 0, said)
            return
        block, end = _values(reader, limit)
        reader.pass_by(end)
        yield block
        if block.broken:
            return


def _values(reader: _Reader, limit: int) -> tuple[DocumentBlock, int]:
    """The values that are whole in the window, and where the rest of it begins."""
    decode = json.JSONDecoder().raw_decode
    text, line, counted = reader.text, reader.line, 0
    at = 0 if reader.begun else _skip(_BEFORE, text, 0)
    reader.begun = True
    numbers: list[int] = []
    lines: list[bytes] = []
    broken = ""
    while True:
        begin = _skip(_BETWEEN, text, at)
        if begin == len(text):
            at = begin
            break
        try:
            _, end = decode(text, begin)
        except (ValueError, RecursionError) as error:
            broken = _why(error, text, begin, reader, limit)
            break
        if end == len(text) and not reader.ended and text[begin] not in '{["':
            break
        line, counted = line + text.count("\n", counted, begin), begin
        numbers.append(line)
        lines.append(_as_line(text[begin:end]))
        at = end
    if broken:
        numbers.append(line + text.count("\n", counted, begin))
    data = b"".join(lines)
    return DocumentBlock(tuple(numbers), data, len(data), broken), at


def _skip(what: re.Pattern[str], text: str, at: int) -> int:
    found = what.match(text, at)
    return found.end() if found else at


def _why(error: Exception, text: str, begin: int, reader: _Reader, limit: int) -> str:
    """Why the value is broken; empty where it may only be cut off by the end of the window."""
    if isinstance(error, RecursionError):
        return "nests too deeply to be read"
    assert isinstance(error, json.JSONDecodeError)
    cut = error.pos >= len(text) - 8 or error.msg.startswith("Unterminated string")
    if cut and not reader.ended and len(text) - begin <= limit:
        return ""
    line = reader.line + text.count("\n", 0, error.pos)
    return f"is no JSON: {error.msg} on line {line:,}"


def _as_line(text: str) -> bytes:
    """A value without the white space around its parts, its texts and numbers as they were."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        return msgspec.json.format(data, indent=-1) + b"\n"
    except (ValueError, RecursionError):
        return data.replace(b"\n", b" ") + b"\n"
