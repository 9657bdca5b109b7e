"""What the database knows of objects and uploads. Names are made here and nowhere else.

Imports api's object and the Studio's database; no bytes of an object are touched.
"""

import secrets
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import Row, insert, select, update

from pipeline.api.objects import StoredObject
from pipeline.studio.clock import now_ms
from pipeline.studio.database import Database
from pipeline.studio.tables import objects, uploads

__all__ = ["Finished", "ObjectRows", "UploadState"]

_WEEK = 7 * 24 * 3600
"""Seconds that an upload may take from its beginning.

https://cloud.google.com/storage/docs/resumable-uploads (read 2026-11-26)
"""


class UploadState(Struct, frozen=True):
    """An upload session."""

    id: str
    object: str
    session: str
    state: str
    """open, done or gone."""
    expires_at: int
    total: int | None = None
    """The size, once a request has said it."""

    @property
    def expired(self) -> bool:
        """Whether its week is over."""
        return now_ms() // 1000 >= self.expires_at

    @property
    def open(self) -> bool:
        """Whether it takes bytes."""
        return self.state == "open" and not self.expired


class Finished(Struct, frozen=True):
    """What a storage says of an object that is there whole."""

    size: int
    crc32c: str
    """Base64 of the big-endian checksum; empty where the storage does not know it."""
    md5: str
    """Base64; empty where the storage does not know it."""
    generation: str
    """Changes with the bytes: Cloud Storage's generation, S3's version or ETag."""


class ObjectRows:
    """Rows of uploads and of finished objects; each belongs to one training session."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, session: str) -> UploadState:
        """A new upload for a new object, whose name no other object has."""
        state = UploadState(
            id=secrets.token_urlsafe(32),
            object=f"{session}-{secrets.token_hex(6)}.jsonl",
            session=session,
            state="open",
            expires_at=now_ms() // 1000 + _WEEK,
        )
        with self._database.write(of=session) as connection:
            connection.execute(insert(uploads).values(structs.asdict(state)))
        return state

    def upload(self, upload_id: str) -> UploadState | None:
        """The upload of that id."""
        return self._one_upload(uploads.c.id == upload_id)

    def upload_of(self, name: str) -> UploadState | None:
        """The upload that was made for an object."""
        return self._one_upload(uploads.c.object == name)

    def open_uploads(self) -> list[UploadState]:
        """All uploads that are neither finished nor given up."""
        with self._database.read() as connection:
            found = connection.execute(select(uploads).where(uploads.c.state == "open"))
            return [_upload(row) for row in found]

    def announce(self, upload: UploadState, total: int) -> None:
        """Write down the size that the upload will have."""
        with self._database.write(of=upload.session) as connection:
            connection.execute(update(uploads).where(uploads.c.id == upload.id).values(total=total))

    def give_up(self, upload: UploadState) -> None:
        """End an upload without an object."""
        with self._database.write(of=upload.session) as connection:
            connection.execute(
                update(uploads)
                .where(uploads.c.id == upload.id, uploads.c.state == "open")
                .values(state="gone")
            )

    def finish(self, upload: UploadState, finished: Finished) -> StoredObject:
        """Write down an object that has its bytes; once, whoever else does it too."""
        row = {
            "name": upload.object,
            "session": upload.session,
            "size": finished.size,
            "crc32c": finished.crc32c,
            "md5": finished.md5,
            "generation": finished.generation,
        }
        with self._database.write(of=upload.session) as connection:
            changed = connection.execute(
                update(uploads)
                .where(uploads.c.id == upload.id, uploads.c.state != "done")
                .values(state="done")
            ).rowcount
            if changed:
                connection.execute(insert(objects).values(row))
        stored = self.find(upload.object)
        assert stored is not None
        return stored

    def find(self, name: str) -> StoredObject | None:
        """The finished object of that name."""
        with self._database.read() as connection:
            row = connection.execute(select(objects).where(objects.c.name == name)).one_or_none()
        if row is None:
            return None
        return StoredObject(
            name=row.name,
            size=str(row.size),
            crc32c=row.crc32c or None,
            md5_hash=row.md5 or None,
            generation=row.generation,
            bucket="trainset",
        )

    def belongs(self, name: str, session: str) -> bool:
        """Whether a finished object of that name is the session's."""
        query = select(objects.c.session).where(objects.c.name == name)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none() == session

    def _one_upload(self, condition: Any) -> UploadState | None:
        with self._database.read() as connection:
            row = connection.execute(select(uploads).where(condition)).one_or_none()
        return None if row is None else _upload(row)


def _upload(row: Row[Any]) -> UploadState:
    return UploadState(row.id, row.object, row.session, row.state, row.expires_at, total=row.total)
