"""uvicorn's HTTP protocol with a clock on every wait for the client, and with errors as JSON.

A connection that sends nothing, a head that trickles, a body that nobody reads any more and a
client that does not take its answer each end after a while. Imports api's error body.
"""

import asyncio
from http import HTTPStatus

import h11
import msgspec
from litestar.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.api.errors import ErrorBody
from pipeline.studio.limits import Limits, answer_paced

__all__ = ["protocol_class"]


def protocol_class(bounds: Limits) -> type[H11Protocol]:
    """The protocol with these limits."""

    class Bounded(_TimedProtocol):
        limits = bounds

    return Bounded


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await answer_paced(send, close=True)


class _TimedProtocol(H11Protocol):
    limits: Limits
    _waiting: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > 2 * self.limits.connections:
            transport.abort()
            return
        if len(self.connections) > self.limits.connections:
            self.app = _turn_away
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._waiting, self._writing):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self.loop.call_later(self.limits.silence, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is answered, and the connection ended."""
        del msg
        self._end(HTTPStatus.BAD_REQUEST, "this is no HTTP/1.1 request")

    def _watch(self) -> None:
        """Begin, leave or end the wait for the rest of a request; bytes do not prolong it."""
        if self.transport.is_closing() or not self._waits_for_client():
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None
        elif self._waiting is None:
            self._waiting = self.loop.call_later(self.limits.head, self._late)

    def _waits_for_client(self) -> bool:
        """For a head, or for the end of a body whose request is answered already."""
        state = self.conn.their_state
        if state is h11.IDLE:
            return self.timeout_keep_alive_task is None
        answered = self.cycle is not None and self.cycle.response_complete
        return state is h11.SEND_BODY and answered

    def _late(self) -> None:
        self._waiting = None
        begun = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if begun:
            self._end(HTTPStatus.REQUEST_TIMEOUT, "the request's head did not come in time")
        else:
            self.transport.close()

    def _end(self, status: HTTPStatus, message: str) -> None:
        """A last answer past the framework: no request has been read."""
        body = msgspec.json.encode(ErrorBody(error=status.phrase, status=status, message=message))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            "content-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
