"""Write a file with its safe repairs: whole or not at all. Imports `formats`, `outputs`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from pipeline.build.outputs import is_the_source, written
from pipeline.errors import UsageError
from pipeline.formats import Format
from pipeline.formats.judging import MARK

__all__ = ["Fix", "FixedFile", "fixed_file"]


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
