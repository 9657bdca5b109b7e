"""Lines in blocks: of a file that lies plain, of one that is packed, of standard input.

A block holds whole lines, so memory stays flat however long the file is. Imports `errors`.
"""

import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import zstandard

from pipeline.errors import SourceUnreadable

__all__ = [
    "BLOCK",
    "LONGEST_LINE",
    "LineBlock",
    "Packing",
    "open_packed",
    "packing_of",
    "read_blocks",
    "read_some",
]

BLOCK = 8 << 20
"""Bytes of a block, as long as no line is longer."""

LONGEST_LINE = 160_000_000
"""Bytes of a line that is judged: ten images of 10 MB, in base64, are 133 MB."""

Packing = Literal["gz", "zst"]
_SUFFIXES: dict[str, Packing] = {".gz": "gz", ".zst": "zst"}


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Lines of a file, and where they lie in it; None where they do not lie there plain."""

    first_line: int
    data: bytes
    """Whole lines, each with its newline."""
    oversized: tuple[int, ...] = ()
    """Numbers of lines that were left out because they are too long to hold."""
    start: int | None = None


def packing_of(path: Path) -> Packing | None:
    """How a file is packed, by its name."""
    return _SUFFIXES.get(path.suffix)


@contextmanager
def open_packed(file: BinaryIO, packing: Packing | None) -> Iterator[BinaryIO]:
    """What is in a file, unpacked as it is read."""
    if packing == "gz":
        yield io.BufferedReader(gzip.GzipFile(fileobj=file), BLOCK)
    elif packing == "zst":
        yield zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    else:
        yield file


def read_blocks(file: BinaryIO, name: str, max_bytes: int) -> Iterator[LineBlock]:
    """Blocks of whole lines; a line of more than `max_bytes` is left out, its newline kept.

    The last line gets the newline that it may lack. Raises `SourceUnreadable` with the file's
    name where it cannot be read to its end.
    """
    line = 1
    for start, data, oversized in _LineReader(file, name, max_bytes):
        yield LineBlock(line, data, tuple(line + offset for offset in oversized), start)
        line += data.count(b"\n")


class _LineReader:
    """Blocks of whole lines; a line beyond the limit is left out, its newline kept."""

    def __init__(self, file: BinaryIO, name: str, limit: int) -> None:
        self._file, self._name, self._limit = file, name, limit
        self._taken = 0
        """Bytes that were read."""

    def __iter__(self) -> Iterator[tuple[int | None, bytes, list[int]]]:
        """Where a block begins (None: it is not as it lies in the file), its bytes, long lines."""
        rest = b""
        while block := self._read():
            data = rest + block
            cut = data.rfind(b"\n") + 1
            if cut == 0 and len(data) > self._limit:
                rest = yield from self._skip_line()
                continue
            if cut:
                yield self._taken - len(data), data[:cut], []
            rest = data[cut:]
        if rest:
            yield None, rest + b"\n", []

    def _skip_line(self) -> Generator[tuple[None, bytes, list[int]], None, bytes]:
        """Read on to the end of the long line without keeping it; gives what follows it."""
        while block := self._read():
            _, found, after = block.partition(b"\n")
            if found:
                yield None, b"\n", [0]
                return after
        yield None, b"\n", [0]
        return b""

    def _read(self) -> bytes:
        block = read_some(self._file, BLOCK, self._name)
        self._taken += len(block)
        return block


def read_some(file: BinaryIO, size: int, name: str) -> bytes:
    """The next bytes, at most so many; `SourceUnreadable` with the name where they are damaged."""
    try:
        return file.read(size)
    except (OSError, EOFError, UnicodeError, zlib.error, zstandard.ZstdError) as error:
        raise SourceUnreadable(f"{name}: cannot be read to its end ({error})") from None
