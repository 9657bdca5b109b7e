"""Uploads and downloads over HTTP, past the framework: bodies go to and from the disk in pieces.

Plain ASGI: an upload's body is written as it arrives, and no request is ever held in memory. The
resumable protocol is Cloud Storage's, as told at
https://cloud.google.com/storage/docs/performing-resumable-uploads (read 2026-11-23): bytes are on
the disk before a 308 says so, the object appears at once and whole, and a finished session
answers its object for ever.
"""

import asyncio
from typing import cast
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

from litestar.types import HTTPScope, Receive, Scope, Send

from pipeline.studio.objects.links import Links
from pipeline.studio.objects.local import LocalObjects
from pipeline.studio.objects.rows import UploadState
from pipeline.studio.objects.sending import send_object
from pipeline.studio.objects.spans import Span, read_span
from pipeline.studio.objects.spool import CHUNK, Spool
from pipeline.studio.objects.store import Objects
from pipeline.studio.objects.wire import (
    Refused,
    answering,
    body_blocks,
    headers_of,
    in_thread,
    send_answer,
    send_json,
)

__all__ = ["Transfers"]

_SILENCE = 30.0


class Transfers:
    """Serves `/upload/...` and, where the objects lie on this disk, `/objects/...`."""

    def __init__(self, objects: Objects, links: Links, *, silence: float = _SILENCE) -> None:
        self._objects = objects
        self._links = links
        self._silence = silence
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def resumable(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request to an upload session's URI."""
        await answering(self._resumable(cast("HTTPScope", scope), receive, send), send)

    async def object(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request to an object's signed link."""
        await answering(self._object(cast("HTTPScope", scope), receive, send), send)

    async def _resumable(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        upload_id = query.get("upload_id", [""])[0]
        method, spool = scope["method"], self._objects.spool
        if method not in ("PUT", "DELETE"):
            raise Refused(405, "an upload session takes PUT and DELETE")
        async with self._turn(upload_id):
            upload = None if spool is None else await in_thread(spool.opened, upload_id)
            if spool is None or upload is None:
                raise Refused(404, "no such upload session")
            if upload.state == "done":
                await send_json(send, 200, await in_thread(spool.rows.find, upload.object))
                return
            _refuse_ended(upload)
            if method == "DELETE":
                await in_thread(spool.give_up, upload)
                await send_answer(send, 499, [])
                return
            await _Upload(spool, upload, scope, self._silence).take(receive, send)

    def _turn(self, upload_id: str) -> asyncio.Lock:
        """One request at a time for an upload; those that wait hold no thread."""
        return self._turns.setdefault(upload_id, asyncio.Lock())

    async def _object(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix("/objects").strip("/")
        method, query = scope["method"], scope["query_string"].decode("latin-1")
        if not _permitted(self._links, name, method, query):
            raise Refused(403, "the link is not signed for this, or it is over")
        if not isinstance(self._objects, LocalObjects):
            raise Refused(404, "no such object")
        if method == "PUT":
            await self._put(name, scope, receive, send)
            return
        stored = await in_thread(self._objects.rows.find, name)
        if stored is None:
            raise Refused(404, "no such object")
        await send_object(stored, self._objects.path(stored.name), scope, send)

    async def _put(self, name: str, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """The whole object in one request. Its upload's id stays here: a link ends, an id lasts."""
        spool = self._objects.spool
        assert spool is not None
        found = await in_thread(spool.rows.upload_of, name)
        if found is None:
            raise Refused(404, "no such upload")
        async with self._turn(found.id):
            upload = await in_thread(spool.opened, found.id)
            assert upload is not None
            if upload.state == "done":
                raise Refused(412, "the object is there already")
            _refuse_ended(upload)
            await in_thread(spool.settle, upload, 0)
            await _Upload(spool, upload, scope, self._silence).put(receive, send)


class _Upload:
    """One request that brings bytes to an open upload."""

    def __init__(self, spool: Spool, upload: UploadState, scope: HTTPScope, silence: float) -> None:
        self._spool = spool
        self._upload = upload
        self._headers = headers_of(scope)
        self._silence = silence

    async def take(self, receive: Receive, send: Send) -> None:
        """A chunk, the last one, or a question of how much is stored."""
        spool, upload = self._spool, self._upload
        span = read_span(self._headers, spool.limits.one)
        if None not in (span.total, upload.total) and span.total != upload.total:
            raise Refused(400, f"{span.total} bytes in all, but {upload.total} were announced")
        if span.first is None:
            await self._status(span.total, send)
            return
        stored = await in_thread(spool.stored, upload)
        if span.first > stored:
            raise Refused(
                400, f"the chunk begins at {span.first}, but only {stored} bytes are stored"
            )
        if span.total is not None and upload.total is None:
            await in_thread(spool.announce, upload, span.total)
        end = await self._chunk(span, stored, receive)
        if end == span.total or span.whole:
            await self._finish(end, send)
            return
        await self._acknowledge(max(stored - stored % CHUNK, end - end % CHUNK), send)

    async def put(self, receive: Receive, send: Send) -> None:
        """All bytes of the object in this one body."""
        size = await self._receive(0, 0, receive)
        if "content-length" in self._headers and size != int(self._headers["content-length"]):
            raise Refused(400, "the body was cut short")
        await self._finish(size, send)

    async def _chunk(self, span: Span, stored: int, receive: Receive) -> int:
        """Store the chunk; how much there is then. A body of another length leaves nothing."""
        assert span.first is not None
        end = await self._receive(span.first, stored, receive)
        if span.end is not None and end != span.end:
            await in_thread(self._spool.settle, self._upload, stored)
            raise Refused(400, "the body has another length than its Content-Range")
        if stored > (end if span.whole else span.total or stored):
            raise Refused(400, f"{stored} bytes are stored already, more than this is in all")
        return max(end, stored)

    async def _receive(self, first: int, stored: int, receive: Receive) -> int:
        """Write what is new of the body; where it ends."""
        position, most = first, self._spool.limits.one
        async for data in body_blocks(receive, self._silence):
            if position + len(data) > most:
                raise Refused(413, f"an object has at most {most:,} bytes")
            fresh = data[max(0, stored - position) :]
            if fresh:
                at = position + len(data) - len(fresh)
                await in_thread(self._spool.append, self._upload, at, fresh)
            position += len(data)
        return position

    async def _status(self, total: int | None, send: Send) -> None:
        """How much is stored for good; where that is all of it, the object."""
        stored = await in_thread(self._spool.stored, self._upload)
        if total == stored:
            await self._finish(stored, send)
            return
        await self._acknowledge(stored - stored % CHUNK, send)

    async def _acknowledge(self, size: int, send: Send) -> None:
        """308, once that much is settled."""
        if size or await in_thread(self._spool.stored, self._upload):
            await in_thread(self._spool.settle, self._upload, size)
            await in_thread(self._spool.forward, self._upload, size)
        headers = [("range", f"bytes=0-{size - 1}")] if size else []
        await send_answer(send, 308, headers)

    async def _finish(self, size: int, send: Send) -> None:
        spool, upload = self._spool, self._upload
        await in_thread(spool.settle, upload, size)
        crc32c, digest = await in_thread(spool.digests, upload)
        for said in self._headers.get("x-goog-hash", "").split(","):
            kind, _, value = said.strip().partition("=")
            if (kind == "crc32c" and value != crc32c) or (kind == "md5" and value != digest):
                await in_thread(spool.settle, upload, 0)
                raise Refused(400, f"the bytes that came have another {kind} than announced")
        await send_json(send, 200, await in_thread(spool.finish, upload, (crc32c, digest)))


def _refuse_ended(upload: UploadState) -> None:
    """404 for a session older than a week, 410 for one that ended before.

    https://cloud.google.com/storage/docs/json_api/v1/status-codes (read 2026-11-23)
    """
    if upload.expired:
        raise Refused(404, "no such upload session: its week is over; ask for a new one")
    if not upload.open:
        raise Refused(410, "the upload session is over; ask for a new one")


def _permitted(links: Links, name: str, method: str, query: str) -> bool:
    try:
        return method in ("GET", "HEAD", "PUT") and links.permits(name, method, query)
    except ValueError:
        return False
