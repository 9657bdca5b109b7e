"""Open what is to be checked: a file, packed or not, a pipe, standard input.

A plain file of lines is cut into parts that workers read by themselves; all else is one stream.
Imports `line_blocks`, `errors`, `formats`.
"""

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pipeline.build.checking.looking import HEAD, Look, look_at, packing_within, utf16_within
from pipeline.build.line_blocks import (
    BLOCK,
    LONGEST_LINE,
    LineBlock,
    Packing,
    open_packed,
    read_blocks,
    read_some,
)
from pipeline.errors import SourceUnreadable, UsageError

__all__ = ["Opened", "Part", "cut", "open_input"]


_CHUNK = 64 << 10
_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Part:
    """Whole lines of a plain file; who judges them reads them."""

    path: str
    start: int
    size: int

    def blocks(self) -> Iterator[LineBlock]:
        """The lines in blocks, numbered from 1; `SourceUnreadable` where the file has changed."""
        try:
            with Path(self.path).open("rb") as file:
                file.seek(self.start)
                if self.size > LONGEST_LINE:
                    part = _rejoined(b"", file, self.size)
                    yield from read_blocks(part, self.path, LONGEST_LINE)
                    return
                data = file.read(self.size)
        except OSError as error:
            raise SourceUnreadable(f"{self.path}: cannot be read ({error.strerror})") from None
        if len(data) != self.size:
            raise SourceUnreadable(f"{self.path}: was cut while it was read")
        yield LineBlock(1, data if data.endswith(b"\n") else data + b"\n", start=self.start)


@dataclass(frozen=True, slots=True)
class Opened:
    """Something to be checked."""

    name: str
    look: Look
    utf16: bool
    """It was UTF-16; `stream` gives UTF-8."""
    plain: Path | None
    """Where it lies, when it can be read in parts."""
    size: int | None
    """Bytes in all, where that is known."""
    packing: Packing | None
    stream: BinaryIO
    """From its beginning, unpacked."""

    @property
    def taken(self) -> int:
        """Bytes that were read from the stream."""
        return cast("_Rejoined", self.stream).taken


@contextmanager
def open_input(name: str) -> Iterator[Opened]:
    """Open a file by its name; `-` is standard input.

    Raises `SourceUnreadable` where there is none, `UsageError` where it is no text at all.
    """
    with ExitStack() as stack:
        raw = _raw(name, stack)
        head = _read(raw, 4, name)
        packing = packing_within(head)
        if head == b"PAR1":
            raise UsageError(f"{name}: is a Parquet file; give the JSON Lines that are uploaded")
        rejoined = _rejoined(head, raw)
        unpacked = stack.enter_context(open_packed(rejoined, packing))
        head = _read(unpacked, HEAD, name)
        stream, utf16 = _rejoined(head, unpacked), utf16_within(head)
        if utf16:
            stream = cast("BinaryIO", codecs.EncodedFile(stream, "utf-8", "utf-16"))
            head = _read(stream, HEAD, name)
            stream = _rejoined(head, stream)
        path = Path(name)
        plain = packing is None and not utf16 and name != _STDIN and path.is_file()
        yield Opened(
            name=name,
            look=look_at(head),
            utf16=utf16,
            plain=path if plain else None,
            size=path.stat().st_size if plain else None,
            packing=packing,
            stream=stream,
        )


def cut(path: Path, begin: int, size: int) -> Iterator[Part]:
    """A plain file from that byte on, in parts of whole lines of a block each, or of one line."""
    with path.open("rb") as file:
        while begin < size:
            end = _line_end(file, min(begin + BLOCK, size), size)
            yield Part(str(path), begin, end - begin)
            begin = end


def _line_end(file: BinaryIO, at: int, size: int) -> int:
    """Where the line ends that the byte before `at` is of."""
    file.seek(at - 1)
    at -= 1
    while chunk := file.read(_CHUNK):
        found = chunk.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(chunk)
    return size


def _raw(name: str, stack: ExitStack) -> BinaryIO:
    if name == _STDIN:
        return cast("BinaryIO", _Piped(cast("io.BufferedReader", sys.stdin.buffer)))
    path = Path(name)
    if path.is_dir():
        raise SourceUnreadable(f"{name}: is a folder; give a file")
    try:
        file = stack.enter_context(path.open("rb"))
        return file if path.is_file() else cast("BinaryIO", _Piped(file))
    except FileNotFoundError:
        raise SourceUnreadable(f"{name}: there is no such file") from None
    except OSError as error:
        raise SourceUnreadable(f"{name}: cannot be read ({error.strerror})") from None


def _read(file: BinaryIO, size: int, name: str) -> bytes:
    """That many bytes, or all there are."""
    found = b""
    while len(found) < size and (block := read_some(file, size - len(found), name)):
        found += block
    return found


class _Piped(io.RawIOBase):
    """A pipe, read piece by piece, so that a signal is heard while it is waited for."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """That many bytes, or all there are."""
        pieces: list[bytes] = []
        while size > 0 and (piece := self._file.read1(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


class _Rejoined(io.RawIOBase):
    """A stream of which the beginning was read already, or of which only the beginning counts."""

    def __init__(self, head: bytes, rest: BinaryIO, size: int | None = None) -> None:
        self._head, self._rest, self._left = head, rest, size
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; none at the end."""
        if self._head:
            taken, self._head = self._head[:size], self._head[size:]
        elif self._left is None:
            taken = self._rest.read(size)
        else:
            taken = self._rest.read(min(size, self._left))
            self._left -= len(taken)
        self.taken += len(taken)
        return taken


def _rejoined(head: bytes, rest: BinaryIO, size: int | None = None) -> BinaryIO:
    return cast("BinaryIO", _Rejoined(head, rest, size))
