"""Plain ASGI for bodies that no framework should hold: pieces in, pieces out, errors as JSON."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from litestar.types import HTTPScope, Receive, Send

from pipeline.api.errors import ErrorBody
from pipeline.errors import NoSpace

__all__ = [
    "Refused",
    "answering",
    "body_blocks",
    "headers_of",
    "in_thread",
    "send_answer",
    "send_json",
]

T = TypeVar("T")

_BLOCK = 1 << 20


class Refused(Exception):
    """The request is answered with this status and sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def body_blocks(receive: Receive, silence: float) -> AsyncIterator[bytes]:
    """The request's body in blocks of a mebibyte, the last one shorter.

    A client that goes away, or that is silent for so many seconds, ends them with a refusal, after
    what had come until then.
    """
    block = bytearray()
    more, trouble = True, None
    while more and trouble is None:
        try:
            message = await asyncio.wait_for(receive(), silence)
        except TimeoutError:
            trouble = Refused(408, f"no bytes came for {silence:g} seconds")
            break
        if message["type"] != "http.request":
            trouble = Refused(400, "the client went away")
            break
        more = message["more_body"]
        block += message["body"]
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)
    if trouble is not None:
        raise trouble


def headers_of(scope: HTTPScope) -> dict[str, str]:
    """The request's headers; one that is sent twice is one with a comma."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """The call's result, while others are served."""
    return await asyncio.to_thread(function, *arguments)


async def answering(work: Awaitable[None], send: Send) -> None:
    """Do the work; what it refuses, and a disk without room, is answered."""
    try:
        await work
    except Refused as error:
        await _send_error(send, error.status, str(error))
    except NoSpace as error:
        await _send_error(send, HTTPStatus.INSUFFICIENT_STORAGE, str(error))


async def send_answer(
    send: Send, status: int, headers: list[tuple[str, str]], body: bytes = b""
) -> None:
    """A whole answer."""
    raw = [(name.encode(), value.encode()) for name, value in headers]
    if not any(name == "content-length" for name, _ in headers):
        raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_json(send: Send, status: int, value: Any) -> None:
    """A value as JSON."""
    headers = [("content-type", "application/json")]
    await send_answer(send, status, headers, msgspec.json.encode(value))


async def _send_error(send: Send, status: int, message: str) -> None:
    phrase = HTTPStatus(status).phrase
    await send_json(send, status, ErrorBody(error=phrase, status=int(status), message=message))
