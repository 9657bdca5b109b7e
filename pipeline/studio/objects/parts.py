"""The bytes of uploads that are not finished yet: one file each, on the disk before it is said.

Checksums follow what is settled, so that the end of a large upload waits for its last bytes only.
"""

import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from hashlib import md5
from pathlib import Path

import google_crc32c

from pipeline.errors import NoSpace
from pipeline.studio.objects.quota import Quota

__all__ = ["Parts", "digests_of", "sync_folder"]

_BLOCK = 1 << 20
_AT_ONCE = 64 << 20
"""Bytes that are hashed between two answers, at most."""


class _Running:
    """CRC32C and MD5 of the first bytes of a part."""

    def __init__(self) -> None:
        self.crc32c, self.md5 = google_crc32c.Checksum(), md5(usedforsecurity=False)
        self.position = 0

    def follow(self, path: Path, end: int) -> None:
        """Take in what the file has up to there."""
        if self.position >= end:
            return
        with path.open("rb") as file:
            file.seek(self.position)
            while block := file.read(min(_BLOCK, end - self.position)):
                self.crc32c.update(block)
                self.md5.update(block)
                self.position += len(block)

    def told(self) -> tuple[str, str]:
        """Both in base64."""
        return (
            b64encode(self.crc32c.digest()).decode(),
            b64encode(self.md5.digest()).decode(),
        )


class Parts:
    """A folder of parts. One caller at a time for a part: whoever calls sees to that."""

    def __init__(self, folder: Path, quota: Quota) -> None:
        self.folder = folder
        self._quota = quota
        self._running: dict[str, _Running] = {}

    def path(self, name: str) -> Path:
        """Where a part lies."""
        return self.folder / name

    def size(self, name: str) -> int:
        """How many bytes of it are on the disk."""
        try:
            return self.path(name).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, name: str, position: int, data: bytes) -> None:
        """Put bytes at a position; `settle` makes them last. `NoSpace` beyond the quota."""
        before = self.size(name)
        grown = max(0, position + len(data) - before)
        self._quota.take(grown)
        try:
            with self._opened(name) as descriptor:
                written = 0
                while written < len(data):
                    written += os.pwrite(descriptor, data[written:], position + written)
        except BaseException:
            self._quota.free(before + grown - max(before, self.size(name)))
            raise
        if position == 0:
            sync_folder(self.folder)

    def follow(self, name: str, end: int) -> None:
        """Hash on towards there, no further than is done in a moment."""
        running = self._running.setdefault(name, _Running())
        running.follow(self.path(name), min(end, running.position + _AT_ONCE))

    def settle(self, name: str, size: int) -> None:
        """Cut the part to that size and put it on the disk for good."""
        before = self.size(name)
        with self._opened(name) as descriptor:
            os.ftruncate(descriptor, size)
            os.fdatasync(descriptor)
        self._quota.free(before - size)
        if (running := self._running.get(name)) and running.position > size:
            del self._running[name]
        self.follow(name, size)

    def digests(self, name: str) -> tuple[str, str]:
        """CRC32C and MD5 of all that is there, in base64."""
        running = self._running.setdefault(name, _Running())
        running.follow(self.path(name), self.size(name))
        return running.told()

    def leave(self, name: str) -> None:
        """Forget a part whose file went elsewhere; its bytes stay counted."""
        self._running.pop(name, None)

    def drop(self, name: str) -> None:
        """Remove a part."""
        self._running.pop(name, None)
        size = self.size(name)
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return
        self._quota.free(size)

    def names(self) -> list[str]:
        """The names of all parts."""
        return [entry.name for entry in self.folder.iterdir() if entry.is_file()]

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        descriptor = os.open(self.path(name), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            yield descriptor
        except OSError as error:
            if error.errno == ENOSPC:
                raise NoSpace("the disk of the Studio's objects is full") from None
            raise
        finally:
            os.close(descriptor)


def digests_of(path: Path) -> tuple[str, str]:
    """CRC32C and MD5 of a file, in base64."""
    running = _Running()
    running.follow(path, path.stat().st_size)
    return running.told()


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk for good."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
