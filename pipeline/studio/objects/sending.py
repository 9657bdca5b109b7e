"""An object on this disk as an answer to GET and HEAD, whole or from a place on."""

import re
from pathlib import Path

from litestar.types import HTTPScope, Send

from pipeline.api.objects import StoredObject
from pipeline.studio.objects.store import CONTENT_TYPE
from pipeline.studio.objects.wire import headers_of, in_thread, send_answer

__all__ = ["send_object"]

_READ_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})\Z")
_BLOCK = 1 << 20


async def send_object(stored: StoredObject, path: Path, scope: HTTPScope, send: Send) -> None:
    """Answer with the object's bytes, with Cloud Storage's headers beside them."""
    size = int(stored.size)
    headers = [
        ("content-type", CONTENT_TYPE),
        ("accept-ranges", "bytes"),
        ("x-goog-hash", f"crc32c={stored.crc32c}"),
        ("x-goog-hash", f"md5={stored.md5_hash}"),
        ("x-goog-generation", stored.generation or ""),
        ("etag", f'"{stored.generation}"'),
    ]
    first, last, status = 0, size - 1, 200
    if match := _READ_RANGE.match(headers_of(scope).get("range", "")):
        first, status = int(match[1]), 206
        last = min(int(match[2] or last), last)
        if first > last:
            await send_answer(send, 416, [*headers, ("content-range", f"bytes */{size}")])
            return
        headers.append(("content-range", f"bytes {first}-{last}/{size}"))
    headers.append(("content-length", str(last - first + 1)))
    if scope["method"] == "HEAD":
        await send_answer(send, status, headers)
        return
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await _send_file(path, first, last, send)


async def _send_file(path: Path, first: int, last: int, send: Send) -> None:
    left = last - first + 1
    with path.open("rb") as file:
        file.seek(first)
        while left > 0:
            data = await in_thread(file.read, min(_BLOCK, left))
            if not data:
                raise OSError(f"{path.name} is shorter than it was")
            left -= len(data)
            await send({"type": "http.response.body", "body": data, "more_body": left > 0})
    if last < first:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
