"""Datasets on the local disk, and uploads that go on after a break.

The resumable protocol is Cloud Storage's (https://cloud.google.com/storage/docs/resumable-uploads,
read 2026-11-23): bytes are on the disk before a 308 says so, the object appears at once and
whole, and a finished session answers its object for ever.
"""

import os
import secrets
from base64 import b64encode
from hashlib import md5
from pathlib import Path

import google_crc32c
from msgspec import Struct, structs
from sqlalchemy import insert, select, update

from pipeline.api.objects import StoredObject
from pipeline.studio.clock import now_ms
from pipeline.studio.database import Database
from pipeline.studio.tables import objects, uploads

__all__ = ["CHUNK", "ObjectStore", "UploadState"]

CHUNK = 256 << 10
"""All chunks but the last are multiples of this."""
BUCKET = "trainset"
_WEEK = 7 * 24 * 3600
_BLOCK = 4 << 20


class UploadState(Struct, frozen=True):
    """An upload session."""

    id: str
    object: str
    session: str
    state: str
    expires_at: int
    total: int | None = None
    """The size, once a request has said it."""

    @property
    def open(self) -> bool:
        """Whether it takes bytes."""
        return self.state == "open" and now_ms() // 1000 < self.expires_at


class ObjectStore:
    """Objects by name; every name was made here and belongs to one training session."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._objects = folder / "objects"
        self._parts = folder / "parts"
        for made in (self._objects, self._parts):
            made.mkdir(parents=True, exist_ok=True)

    def fresh_name(self, session: str) -> str:
        """A name that no other object has."""
        return f"{session}-{secrets.token_hex(6)}.jsonl"

    def begin(self, session: str) -> UploadState:
        """A new upload session for a new object."""
        state = UploadState(
            id=secrets.token_urlsafe(32),
            object=self.fresh_name(session),
            session=session,
            state="open",
            expires_at=now_ms() // 1000 + _WEEK,
        )
        row = structs.asdict(state)
        with self._database.write() as connection:
            connection.execute(insert(uploads).values(row))
        return state

    def upload(self, upload_id: str) -> UploadState | None:
        """The upload session of that id."""
        with self._database.read() as connection:
            row = connection.execute(select(uploads).where(uploads.c.id == upload_id)).one_or_none()
        if row is None:
            return None
        return UploadState(
            row.id, row.object, row.session, row.state, row.expires_at, total=row.total
        )

    def upload_of(self, name: str) -> str | None:
        """The id of the upload session that was made for an object."""
        query = select(uploads.c.id).where(uploads.c.object == name)
        with self._database.read() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return None if found is None else str(found)

    def give_up(self, upload: UploadState) -> None:
        """End a session without an object."""
        with self._database.write() as connection:
            connection.execute(
                update(uploads).where(uploads.c.id == upload.id).values(state="gone")
            )
        self._part(upload).unlink(missing_ok=True)

    def announce(self, upload: UploadState, total: int) -> None:
        """Write down the size that the upload will have."""
        with self._database.write() as connection:
            connection.execute(update(uploads).where(uploads.c.id == upload.id).values(total=total))

    def opened(self, upload_id: str) -> UploadState | None:
        """The upload session of that id, what a crash left half done completed."""
        upload = self.upload(upload_id)
        if upload is None or upload.state != "open" or not self.path(upload.object).exists():
            return upload
        self._record(upload, _digests(self.path(upload.object)))
        return self.upload(upload_id)

    def sweep(self) -> None:
        """Remove the bytes of uploads that will never be finished."""
        for part in self._parts.iterdir():
            ident = self.upload_of(part.name)
            upload = None if ident is None else self.upload(ident)
            if upload is None or not upload.open:
                part.unlink(missing_ok=True)

    def stored(self, upload: UploadState) -> int:
        """How many bytes of an open upload are on the disk."""
        try:
            return self._part(upload).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, upload: UploadState, position: int, data: bytes) -> None:
        """Put bytes at a position of the part; `settle` makes them last."""
        descriptor = os.open(self._part(upload), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], position + written)
        finally:
            os.close(descriptor)
        if position == 0:
            _sync_folder(self._parts)

    def settle(self, upload: UploadState, size: int) -> None:
        """Cut the part to its aligned size and put it on the disk for good."""
        descriptor = os.open(self._part(upload), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, size)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def digests(self, upload: UploadState) -> tuple[str, str]:
        """CRC32C and MD5 of the part, in base64."""
        return _digests(self._part(upload))

    def finish(self, upload: UploadState, digests: tuple[str, str]) -> StoredObject:
        """Turn the part into the object, whose CRC32C and MD5 are known."""
        self._part(upload).touch(0o600)
        self._part(upload).replace(self.path(upload.object))
        _sync_folder(self._objects)
        return self._record(upload, digests)

    def put(self, session: str, source: Path) -> str:
        """A new object with the bytes of a file; its name."""
        upload = self.begin(session)
        with source.open("rb") as file:
            position = 0
            while block := file.read(_BLOCK):
                self.append(upload, position, block)
                position += len(block)
        self.settle(upload, position)
        self.finish(upload, self.digests(upload))
        return upload.object

    def find(self, name: str) -> StoredObject | None:
        """The finished object of that name."""
        with self._database.read() as connection:
            row = connection.execute(select(objects).where(objects.c.name == name)).one_or_none()
        if row is None:
            return None
        return StoredObject(
            name=row.name,
            size=str(row.size),
            crc32c=row.crc32c,
            md5_hash=row.md5,
            generation=row.generation,
            bucket=BUCKET,
        )

    def belongs(self, name: str, session: str) -> bool:
        """Whether a finished object of that name is the session's."""
        with self._database.read() as connection:
            row = connection.execute(
                select(objects.c.session).where(objects.c.name == name)
            ).one_or_none()
        return row is not None and row.session == session

    def path(self, name: str) -> Path:
        """Where a known object lies. Never call it with a name that a client made up."""
        return self._objects / name

    def _record(self, upload: UploadState, digests: tuple[str, str]) -> StoredObject:
        """Write down an object that has its bytes; also after a crash in between."""
        path = self.path(upload.object)
        crc32c, digest = digests
        row = {
            "name": upload.object,
            "session": upload.session,
            "size": path.stat().st_size,
            "crc32c": crc32c,
            "md5": digest,
            "generation": str(now_ms()),
        }
        with self._database.write() as connection:
            connection.execute(insert(objects).values(row))
            connection.execute(
                update(uploads).where(uploads.c.id == upload.id).values(state="done")
            )
        stored = self.find(upload.object)
        assert stored is not None
        return stored

    def _part(self, upload: UploadState) -> Path:
        return self._parts / upload.object


def _digests(path: Path) -> tuple[str, str]:
    checksum, digest = google_crc32c.Checksum(), md5(usedforsecurity=False)
    if path.exists():
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                checksum.update(block)
                digest.update(block)
    return b64encode(checksum.digest()).decode(), b64encode(digest.digest()).decode()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
