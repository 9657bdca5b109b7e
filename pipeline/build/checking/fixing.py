"""Write a file with its safe repairs: whole or not at all. Imports `storage`, `errors`."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from pipeline.errors import NoSpace, PermanentError, UsageError
from pipeline.formats import Format
from pipeline.formats.judging import MARK
from pipeline.storage import LocalStore

__all__ = ["Fix", "FixedFile", "fixed_file", "is_the_source", "written"]


class Fix(Struct, frozen=True):
    """Where to write, and what becomes of lines that cannot be repaired."""

    path: str
    drop_broken: bool = False
    """Leave them out; else they are written as they were."""


class FixedFile:
    """The file while it is written."""

    def __init__(self, file: BinaryIO, prefix: bytes) -> None:
        self._file = file
        self.marked = prefix == MARK
        self.size = 0
        self.write((prefix,))

    def write(self, blocks: Iterable[bytes]) -> None:
        """Whole lines."""
        for block in blocks:
            self._file.write(block)
            self.size += len(block)


@contextmanager
def fixed_file(fix: Fix, source: str, form: Format[Any]) -> Iterator[FixedFile]:
    """A file that appears under its name when the block ends well.

    Raises `UsageError` where it would be the source itself, or packed.
    """
    path = Path(fix.path)
    if path.suffix in (".gz", ".zst"):
        raise UsageError(f"--fix {path}: name a plain file, as it is uploaded")
    if is_the_source(path, source):
        raise UsageError(f"--fix {path}: is the file that is checked; name another one")
    with written(path) as file:
        yield FixedFile(file, form.file_prefix)


def is_the_source(path: Path, source: str) -> bool:
    """Whether a file that is to be written is the one that is read; `-` is standard input."""
    try:
        there = path.stat()
        read = os.fstat(sys.stdin.fileno()) if source == "-" else Path(source).stat()
    except (OSError, ValueError):
        return False
    return os.path.samestat(there, read)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that appears whole; `NoSpace` or `PermanentError` where it cannot be written.

    What is there and is no file, a folder or a device, is never replaced: `UsageError`.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is there and is no plain file; name one")
    try:
        with LocalStore(path.parent).open_write(path.name) as file:
            yield file
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoSpace(f"{path}: the disk is full; nothing was written") from None
        raise PermanentError(f"{path}: cannot be written ({error.strerror})") from None
