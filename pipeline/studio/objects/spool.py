"""Upload sessions that the Studio serves itself: bytes wait in parts until they go home whole.

What the resumable protocol needs, without its HTTP. One caller at a time for an upload.
"""

import time
from pathlib import Path
from typing import Protocol

from pipeline.api.objects import StoredObject
from pipeline.studio.objects.parts import Parts
from pipeline.studio.objects.quota import ObjectLimits
from pipeline.studio.objects.rows import Finished, ObjectRows, UploadState

__all__ = ["CHUNK", "Home", "Spool"]

CHUNK = 256 << 10
"""All chunks but the last are multiples of this.

https://cloud.google.com/storage/docs/performing-resumable-uploads (read 2026-11-23)
"""
_BLOCK = 4 << 20
_SWEEP_SECONDS = 3600.0


class Home(Protocol):
    """Where finished objects are kept."""

    def recover(self, name: str) -> Finished | None:
        """The object, if a crash came between its bytes and its row."""

    def forward(self, name: str, part: Path, size: int) -> None:
        """Bytes up to there are settled in the part; they may be sent ahead."""

    def take(self, name: str, part: Path, digests: tuple[str, str]) -> Finished:
        """Keep the part, whole, as the object of that name. Done twice, it is there once."""

    def forget(self, name: str) -> None:
        """The upload is given up; nothing of it stays."""


class Spool:
    """Uploads and their parts; finished ones go to a home."""

    def __init__(self, rows: ObjectRows, parts: Parts, home: Home, limits: ObjectLimits) -> None:
        self.rows = rows
        self.parts = parts
        self.limits = limits
        self._home = home
        self._swept = time.monotonic()

    def begin(self, session: str) -> UploadState:
        """A new upload session."""
        if time.monotonic() - self._swept > _SWEEP_SECONDS:
            self.sweep()
        return self.rows.begin(session)

    def opened(self, upload_id: str) -> UploadState | None:
        """The upload session of that id, what a crash left half done completed."""
        upload = self.rows.upload(upload_id)
        return None if upload is None else self._completed(upload)

    def opened_for(self, name: str) -> UploadState | None:
        """The same, by the name of its object."""
        upload = self.rows.upload_of(name)
        return None if upload is None else self._completed(upload)

    def stored(self, upload: UploadState) -> int:
        """How many bytes of an open upload are on the disk."""
        return self.parts.size(upload.object)

    def append(self, upload: UploadState, position: int, data: bytes) -> None:
        """Put bytes at a position; `settle` makes them last. `NoSpace` where there is none."""
        self.parts.append(upload.object, position, data)
        self.parts.follow(upload.object, position - position % CHUNK)

    def settle(self, upload: UploadState, size: int) -> None:
        """Cut the part to that size and put it on the disk for good."""
        self.parts.settle(upload.object, size)

    def forward(self, upload: UploadState, size: int) -> None:
        """Let the settled bytes up to there go ahead."""
        self._home.forward(upload.object, self.parts.path(upload.object), size)

    def announce(self, upload: UploadState, total: int) -> None:
        """Write down the size that the upload will have."""
        self.rows.announce(upload, total)

    def digests(self, upload: UploadState) -> tuple[str, str]:
        """CRC32C and MD5 of the part, in base64."""
        return self.parts.digests(upload.object)

    def finish(self, upload: UploadState, digests: tuple[str, str]) -> StoredObject:
        """Turn the part into the object, whose CRC32C and MD5 are known."""
        part = self.parts.path(upload.object)
        finished = self._home.take(upload.object, part, digests)
        stored = self.rows.finish(upload, finished)
        if part.exists():
            self.parts.drop(upload.object)
        self.parts.leave(upload.object)
        return stored

    def give_up(self, upload: UploadState) -> None:
        """End a session without an object."""
        self.rows.give_up(upload)
        self._home.forget(upload.object)
        self.parts.drop(upload.object)

    def put(self, session: str, source: Path) -> str:
        """A new object with the bytes of a file; its name."""
        upload = self.begin(session)
        with source.open("rb") as file:
            position = 0
            while block := file.read(_BLOCK):
                self.append(upload, position, block)
                position += len(block)
        self.settle(upload, position)
        return self.finish(upload, self.digests(upload)).name

    def sweep(self) -> None:
        """Complete what a crash left half done, and remove what no upload will finish."""
        self._swept = time.monotonic()
        for upload in self.rows.open_uploads():
            if upload.expired:
                self.give_up(upload)
            else:
                self._completed(upload)
        for name in self.parts.names():
            left = self.rows.upload_of(name)
            if left is None or left.state != "open":
                self.parts.drop(name)

    def _completed(self, upload: UploadState) -> UploadState:
        if upload.state != "open":
            return upload
        finished = self._home.recover(upload.object)
        if finished is None:
            return upload
        self.rows.finish(upload, finished)
        return self.rows.upload(upload.id) or upload
