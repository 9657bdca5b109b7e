"""Uploads and downloads over HTTP, past the framework: bodies go to and from the disk in pieces.

Plain ASGI: an upload's body is written as it arrives, and no request is ever held in memory.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

import msgspec
from litestar.types import HTTPScope, Receive, Scope, Send

from pipeline.api.errors import ErrorBody
from pipeline.api.objects import StoredObject
from pipeline.studio.links import Links
from pipeline.studio.objects import CHUNK, ObjectStore, UploadState

__all__ = ["Transfers"]

T = TypeVar("T")

_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)\Z")
_READ_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})\Z")
_BLOCK = 1 << 20
_MAX_OBJECT = 50 << 30
_SILENCE = 30.0


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Span(msgspec.Struct, frozen=True):
    """Where a request's bytes belong: what Content-Range says."""

    first: int | None = None
    """None asks only how much is stored."""
    end: int | None = None
    """One more than the last byte's place; None where it is not said."""
    total: int | None = None
    whole: bool = False
    """No Content-Range at all: the body is all there is from its first byte on."""


class _Body:
    """The request's body, piece by piece."""

    def __init__(self, receive: Receive, silence: float) -> None:
        self._receive = receive
        self._silence = silence

    async def blocks(self) -> AsyncIterator[bytes]:
        """The pieces; a client that goes away, or that is silent, ends them with a refusal."""
        more = True
        while more:
            try:
                message = await asyncio.wait_for(self._receive(), self._silence)
            except TimeoutError:
                raise _Refused(408, f"no bytes came for {self._silence:g} seconds") from None
            if message["type"] != "http.request":
                raise _Refused(400, "the client went away")
            more = message["more_body"]
            if message["body"]:
                yield message["body"]


class Transfers:
    """Serves `/upload/...` and `/objects/...`."""

    def __init__(self, store: ObjectStore, links: Links, *, silence: float = _SILENCE) -> None:
        self._store = store
        self._links = links
        self._silence = silence
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def resumable(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request to an upload session's URI."""
        await _answering(self._resumable(cast("HTTPScope", scope), receive, send), send)

    async def object(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request to an object's signed link."""
        await _answering(self._object(cast("HTTPScope", scope), receive, send), send)

    async def _resumable(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        upload_id = query.get("upload_id", [""])[0]
        method = scope["method"]
        if method not in ("PUT", "DELETE"):
            raise _Refused(405, "an upload session takes PUT and DELETE")
        async with self._turn(upload_id):
            upload = await _in_thread(self._store.opened, upload_id)
            if upload is None:
                raise _Refused(404, "no such upload session")
            if upload.state == "done":
                await _send_json(send, 200, await _in_thread(self._store.find, upload.object))
                return
            if not upload.open:
                raise _Refused(410, "the upload session is over; ask for a new one")
            if method == "DELETE":
                await _in_thread(self._store.give_up, upload)
                await _send(send, 499, [])
                return
            await self._take(upload, scope, receive, send)

    def _turn(self, upload_id: str) -> asyncio.Lock:
        """One request at a time for an upload; those that wait hold no thread."""
        return self._turns.setdefault(upload_id, asyncio.Lock())

    async def _take(
        self, upload: UploadState, scope: HTTPScope, receive: Receive, send: Send
    ) -> None:
        headers = _headers(scope)
        span = _span(headers)
        if None not in (span.total, upload.total) and span.total != upload.total:
            raise _Refused(400, f"{span.total} bytes in all, but {upload.total} were announced")
        if span.first is None:
            await self._status(upload, span.total, headers, send)
            return
        stored = await _in_thread(self._store.stored, upload)
        if span.first > stored:
            raise _Refused(
                400, f"the chunk begins at {span.first}, but only {stored} bytes are stored"
            )
        if span.total is not None and upload.total is None:
            await _in_thread(self._store.announce, upload, span.total)
        end = await self._chunk(upload, span, stored, receive)
        if end == span.total or span.whole:
            await self._finish(upload, end, headers, send)
            return
        aligned = max(stored - stored % CHUNK, end - end % CHUNK)
        await _in_thread(self._store.settle, upload, aligned)
        await _send_progress(send, aligned)

    async def _chunk(self, upload: UploadState, span: _Span, stored: int, receive: Receive) -> int:
        """Store the chunk; how much there is then. A body of another length leaves nothing."""
        assert span.first is not None
        end = await self._receive(upload, span.first, stored, receive)
        if span.end is not None and end != span.end:
            await _in_thread(self._store.settle, upload, stored)
            raise _Refused(400, "the body has another length than its Content-Range")
        if stored > (end if span.whole else span.total or stored):
            raise _Refused(400, f"{stored} bytes are stored already, more than this is in all")
        return max(end, stored)

    async def _receive(self, upload: UploadState, first: int, stored: int, receive: Receive) -> int:
        """Write what is new of the body; where it ends."""
        position = first
        async for data in _Body(receive, self._silence).blocks():
            if position + len(data) > _MAX_OBJECT:
                raise _Refused(413, f"an object has at most {_MAX_OBJECT} bytes")
            fresh = data[max(0, stored - position) :]
            if fresh:
                at = position + len(data) - len(fresh)
                await _in_thread(self._store.append, upload, at, fresh)
            position += len(data)
        return position

    async def _status(
        self, upload: UploadState, total: int | None, headers: dict[str, str], send: Send
    ) -> None:
        """How much is stored for good; where that is all of it, the object."""
        stored = await _in_thread(self._store.stored, upload)
        if total == stored:
            await self._finish(upload, stored, headers, send)
            return
        aligned = stored - stored % CHUNK
        if stored:
            await _in_thread(self._store.settle, upload, aligned)
        await _send_progress(send, aligned)

    async def _finish(
        self, upload: UploadState, size: int, headers: dict[str, str], send: Send
    ) -> None:
        await _in_thread(self._store.settle, upload, size)
        crc32c, digest = await _in_thread(self._store.digests, upload)
        for said in headers.get("x-goog-hash", "").split(","):
            kind, _, value = said.strip().partition("=")
            if (kind == "crc32c" and value != crc32c) or (kind == "md5" and value != digest):
                await _in_thread(self._store.settle, upload, 0)
                raise _Refused(400, f"the bytes that came have another {kind} than announced")
        stored = await _in_thread(self._store.finish, upload, (crc32c, digest))
        await _send_json(send, 200, stored)

    async def _object(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix("/objects").strip("/")
        method, query = scope["method"], scope["query_string"].decode("latin-1")
        if not _permitted(self._links, name, method, query):
            raise _Refused(403, "the link is not signed for this, or it is over")
        if method == "PUT":
            await self._put(name, scope, receive, send)
            return
        stored = await _in_thread(self._store.find, name)
        if stored is None:
            raise _Refused(404, "no such object")
        await self._download(stored, scope, send)

    async def _put(self, name: str, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """The whole object in one request. Its upload's id stays here: a link ends, an id lasts."""
        upload_id = await _in_thread(self._store.upload_of, name) or ""
        async with self._turn(upload_id):
            upload = await _in_thread(self._store.opened, upload_id)
            if upload is None:
                raise _Refused(404, "no such upload")
            if upload.state == "done":
                raise _Refused(412, "the object is there already")
            await _in_thread(self._store.settle, upload, 0)
            headers = _headers(scope)
            size = await self._receive(upload, 0, 0, receive)
            if "content-length" in headers and size != int(headers["content-length"]):
                raise _Refused(400, "the body was cut short")
            await self._finish(upload, size, headers, send)

    async def _download(self, stored: StoredObject, scope: HTTPScope, send: Send) -> None:
        size = int(stored.size)
        headers = [
            ("content-type", "application/jsonl"),
            ("accept-ranges", "bytes"),
            ("x-goog-hash", f"crc32c={stored.crc32c}"),
            ("x-goog-hash", f"md5={stored.md5_hash}"),
            ("x-goog-generation", stored.generation or ""),
            ("etag", f'"{stored.generation}"'),
        ]
        first, last, status = 0, size - 1, 200
        if match := _READ_RANGE.match(_headers(scope).get("range", "")):
            first, status = int(match[1]), 206
            last = min(int(match[2] or last), last)
            if first > last:
                await _send(send, 416, [*headers, ("content-range", f"bytes */{size}")])
                return
            headers.append(("content-range", f"bytes {first}-{last}/{size}"))
        headers.append(("content-length", str(last - first + 1)))
        if scope["method"] == "HEAD":
            await _send(send, status, headers)
            return
        await _send_file(send, status, headers, (self._store.path(stored.name), first, last))


def _permitted(links: Links, name: str, method: str, query: str) -> bool:
    try:
        return method in ("GET", "HEAD", "PUT") and links.permits(name, method, query)
    except ValueError:
        return False


def _span(headers: dict[str, str]) -> _Span:
    """Where the bytes belong."""
    said = headers.get("content-range")
    if said is None:
        length = headers.get("content-length")
        end = None if length is None else int(length)
        return _Span(first=0, end=end, total=end, whole=True)
    match = _RANGE.match(said)
    if match is None:
        raise _Refused(400, "Content-Range is not `bytes FIRST-LAST/TOTAL` or `bytes */TOTAL`")
    total = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        return _Span(total=total)
    first, end = int(match[1]), int(match[2]) + 1
    if end <= first or (total is not None and end > total):
        raise _Refused(400, "Content-Range ends before it begins, or after the total")
    if (total or end) > _MAX_OBJECT:
        raise _Refused(413, f"an object has at most {_MAX_OBJECT} bytes")
    return _Span(first=first, end=end, total=total)


def _headers(scope: HTTPScope) -> dict[str, str]:
    """The request's headers; one that is sent twice is one with a comma."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.to_thread(function, *arguments)


async def _answering(work: Any, send: Send) -> None:
    try:
        await work
    except _Refused as error:
        status = HTTPStatus(error.status)
        body = ErrorBody(error=status.phrase, status=error.status, message=str(error))
        await _send_json(send, error.status, body)


async def _send(send: Send, status: int, headers: list[tuple[str, str]], body: bytes = b"") -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    if not any(name == "content-length" for name, _ in headers):
        raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _send_json(send: Send, status: int, value: Any) -> None:
    headers = [("content-type", "application/json")]
    await _send(send, status, headers, msgspec.json.encode(value))


async def _send_progress(send: Send, stored: int) -> None:
    headers = [("range", f"bytes=0-{stored - 1}")] if stored else []
    await _send(send, 308, headers)


async def _send_file(
    send: Send, status: int, headers: list[tuple[str, str]], span: tuple[Any, int, int]
) -> None:
    path, first, last = span
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    left = last - first + 1
    with path.open("rb") as file:
        file.seek(first)
        while left > 0:
            data = await _in_thread(file.read, min(_BLOCK, left))
            if not data:
                raise OSError(f"{path.name} is shorter than it was")
            left -= len(data)
            await send({"type": "http.response.body", "body": data, "more_body": left > 0})
    if last < first:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
