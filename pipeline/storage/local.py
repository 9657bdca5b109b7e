"""Files under one folder. Whole or not at all: every write is a temporary file and a rename."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["LocalStore"]


class LocalStore:
    """A folder as a store; names use forward slashes and never leave the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """Where that name lies."""
        return self.root / name

    def exists(self, name: str) -> bool:
        """Whether something whole has that name."""
        return self.path(name).is_file()

    def read_bytes(self, name: str) -> bytes:
        """All bytes of it."""
        return self.path(name).read_bytes()

    def write_bytes(self, name: str, data: bytes) -> None:
        """Put the bytes there, on the disk when this returns."""
        with self.open_write(name) as file:
            file.write(data)

    @contextmanager
    def open_write(self, name: str) -> Iterator[BinaryIO]:
        """A file to write; it appears under its name when the block ends well, on the disk."""
        with self.open_draft(name) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def open_draft(self, name: str) -> Iterator[BinaryIO]:
        """The same, but the disk may have it later: `settle` it before anything counts on it.

        To wait for the disk after each of many files costs more than to make them.
        """
        target = self.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                yield file
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def settle(self, prefix: str) -> None:
        """Wait until every file right under a folder is on the disk."""
        for name in self.names(prefix):
            descriptor = os.open(self.path(prefix) / name, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def names(self, prefix: str) -> list[str]:
        """The names of the files right under a folder, sorted; temporary ones left out."""
        folder = self.path(prefix)
        if not folder.is_dir():
            return []
        found = (entry for entry in folder.iterdir() if entry.is_file())
        return sorted(entry.name for entry in found if not entry.name.startswith("."))

    def sweep(self) -> None:
        """Remove the temporary files of writers that were killed; nobody else may be writing."""
        for left in self.root.rglob(".*.tmp"):
            left.unlink(missing_ok=True)
