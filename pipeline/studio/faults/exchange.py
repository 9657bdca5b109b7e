"""One request and its answer as ASGI messages: to drop, hold, change or cut them.

Knows nothing of faults. Imports api's error body.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

import msgspec
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Message, Receive, Send

from pipeline.api.errors import ErrorBody

__all__ = ["Answer", "Exchange"]

JSON = "application/json"
_RESET_AT_ONCE = struct.pack("ii", 1, 0)


class Answer(msgspec.Struct, frozen=True):
    """A whole answer."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @staticmethod
    def of(status: int, kind: str, body: bytes, **more: str) -> "Answer":
        """An answer of our own; an underscore in a header's name is a hyphen."""
        headers = {"content-type": kind, "content-length": str(len(body))}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        raw = tuple((name.encode(), value.encode()) for name, value in headers.items())
        return Answer(status, raw, body)

    @staticmethod
    def error(status: int, message: str, **headers: str) -> "Answer":
        """The contract's error body."""
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Unknown"
        body = ErrorBody(error=phrase, status=status, message=message)
        return Answer.of(status, JSON, msgspec.json.encode(body), **headers)

    def with_body(self, body: bytes) -> "Answer":
        """The same answer with another body."""
        kept = [pair for pair in self.headers if pair[0].lower() != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        return Answer(self.status, (*kept, length), body)


class Exchange:
    """A request that has come, and the app that would answer it."""

    def __init__(self, app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send) -> None:
        self.app = app
        self.scope = scope
        self.send = send
        self._receive = receive
        self._complete = False

    async def receive(self) -> HTTPReceiveMessage:
        """The next piece of the request."""
        message = cast("HTTPReceiveMessage", await self._receive())
        self._complete = message["type"] != "http.request" or not message["more_body"]
        return message

    def header(self, name: str) -> str:
        """A header of the request; empty where there is none."""
        wanted = name.encode()
        found = [value for key, value in self.scope["headers"] if key.lower() == wanted]
        return found[0].decode("latin-1") if found else ""

    def set_header(self, name: str, value: str | None) -> None:
        """Change a header of the request, or take it out."""
        wanted = name.encode()
        headers = [pair for pair in self.scope["headers"] if pair[0].lower() != wanted]
        if value is not None:
            headers.append((wanted, value.encode()))
        self.scope = cast("HTTPScope", {**self.scope, "headers": headers})

    async def carry_out(self, receive: Receive | None = None, send: Send | None = None) -> None:
        """Let the app answer."""
        await self.app(self.scope, receive or self.receive, send or self.send)

    async def carry_out_unheard(self, receive: Receive | None = None) -> None:
        """Let the app answer to nobody."""
        await self.carry_out(receive, _unheard)

    async def answered(self, receive: Receive | None = None) -> Answer:
        """The app's answer, whole and not sent."""
        start: dict[str, Any] = {}
        body = bytearray()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(cast("dict[str, Any]", message))
            elif message["type"] == "http.response.body":
                body.extend(message["body"])

        await self.carry_out(receive, hold)
        return Answer(start["status"], tuple(start["headers"]), bytes(body))

    async def answer(self, answer: Answer) -> None:
        """Send an answer, once all of the request has come."""
        await self.drain()
        start = {
            "type": "http.response.start", "status": answer.status, "headers": answer.headers,
        }  # fmt: skip
        await self.send(cast("Message", start))
        await self.send(_block(answer.body, more=False))

    async def answer_changed(self, change: Callable[[bytes], bytes]) -> None:
        """Let the app answer, the first bytes of its body changed."""
        changed = False

        async def changing(message: Message) -> None:
            nonlocal changed
            if message["type"] == "http.response.body" and message["body"] and not changed:
                changed = True
                message = _block(change(message["body"]), more=message["more_body"])
            await self.send(message)

        await self.carry_out(send=changing)

    async def answer_cut(self, kept: int) -> None:
        """Let the app answer; the connection ends after so many bytes of the body."""
        left = kept

        async def cutting(message: Message) -> None:
            nonlocal left
            if message["type"] != "http.response.body":
                await self.send(message)
                return
            if left > 0:
                await self.send(_block(message["body"][:left], more=True))
                left -= len(message["body"])

        await self.carry_out(send=cutting)
        _transport(self.send).close()
        await self._closed()

    async def hang_up(self) -> None:
        """Reset the connection, as a server that was killed does."""
        transport = _transport(self.send)
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        transport.abort()
        await self._closed()

    async def drain(self) -> None:
        """Take what is still to come of the request, so that the client comes to listen."""
        while not self._complete:
            await self.receive()

    def shortened(self, length: int, *, broken: bool) -> Receive:
        """The first bytes of the body; then its end, or a client that is gone."""
        left = length

        async def receive() -> HTTPReceiveMessage:
            nonlocal left
            if left <= 0:
                return _GONE if broken else _part(b"", more=False)
            message = await self.receive()
            if message["type"] != "http.request":
                return message
            body = message["body"][:left]
            left -= len(body)
            return _part(body, more=broken or left > 0)

        return receive

    def changed(self, change: Callable[[bytes], bytes]) -> Receive:
        """The body, its first bytes changed."""
        changed = False

        async def receive() -> HTTPReceiveMessage:
            nonlocal changed
            message = await self.receive()
            if message["type"] == "http.request" and message["body"] and not changed:
                changed = True
                return _part(change(message["body"]), more=message["more_body"])
            return message

        return receive

    async def _closed(self) -> None:
        """Return once the server knows it, which would otherwise answer 500."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def _unheard(message: Message) -> None:
    del message


def _transport(send: Send) -> asyncio.Transport:
    """The connection below: uvicorn's `send` is a method of what holds it."""
    transport = send.__self__.transport  # type: ignore[attr-defined]
    assert isinstance(transport, asyncio.Transport)
    return transport


def _block(body: bytes, *, more: bool) -> Message:
    return cast("Message", {"type": "http.response.body", "body": body, "more_body": more})


def _part(body: bytes, *, more: bool) -> HTTPReceiveMessage:
    return cast("HTTPReceiveMessage", {"type": "http.request", "body": body, "more_body": more})


_GONE = cast("HTTPReceiveMessage", {"type": "http.disconnect"})
