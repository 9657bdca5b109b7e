"""The file under an upload, pinned: read, and proved not to change meanwhile. Imports nouns."""

from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import IntegrityError, SourceUnreadable
from pipeline.manifest import FileDigests

__all__ = ["UploadSource"]

_BLOCK = 1 << 20


class UploadSource:
    """An open file whose size, checksum and time of change were taken before the upload."""

    def __init__(self, path: Path, digests: FileDigests | None) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
            self._pin = self._stat()
            known = digests or FileDigests.of_file(path)
        except OSError as error:
            raise SourceUnreadable(f"{path}: cannot be read ({error.strerror})") from None
        self.size = known.bytes
        self.crc32c = known.crc32c
        """Base64 of the big-endian checksum."""

    def __enter__(self) -> Self:
        try:
            self.check_unchanged()
        except IntegrityError:
            self._file.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self, position: int, count: int) -> bytes:
        """The next bytes from there; fewer than asked only at the end of the file."""
        self.check_unchanged()
        self._file.seek(position)
        data = self._file.read(count)
        if len(data) != min(count, self.size - position):
            raise self._changed()
        return data

    def md5(self) -> str:
        """Its MD5 in hexadecimal, which takes a reading of its own."""
        digest = md5(usedforsecurity=False)
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()

    def blocks(self) -> Iterator[bytes]:
        """The whole file through a handle of its own, so that an attempt that hangs is no harm."""
        with self._path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block

    def check_unchanged(self) -> None:
        """Raise `IntegrityError` unless the file is the one that was hashed."""
        try:
            same = self._stat() == self._pin and self._pin[2] == self.size
        except OSError:
            same = False
        if not same:
            raise self._changed()

    def _stat(self) -> tuple[int, int, int, int]:
        found = self._path.stat()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def _changed(self) -> IntegrityError:
        return IntegrityError(
            f"{self._path}: changed while it was uploaded, or is not what its digests say; "
            "upload it again"
        )
