"""What the server takes at once, and how it says that it is too much: 429, `pacing`.

Stands around the app as plain ASGI, before any handler, so that a paced call may be made again.
Imports api's error body and the framework's exception.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import msgspec
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send
from msgspec import Struct

from pipeline.api import BASE_PATH
from pipeline.api.errors import ErrorBody

__all__ = ["BuildTurns", "Gate", "Limits", "answer_paced", "pacing_headers"]

_RETRY_MS = 500
_BUILD_RETRY_MS = 2000
_WAITING = f"{BASE_PATH}/training/job/"
_TRANSFERS = ("/upload/", "/objects/")
_UNCOUNTED = ("/healthz", "/metrics")


class Limits(Struct, frozen=True, kw_only=True):
    """How much at once, and how long a silent client is waited for (seconds)."""

    calls: int = 200
    """Requests of the API that are answered at once."""
    waits: int = 200
    """Requests that wait for a job to end; they hold no thread."""
    transfers: int = 64
    """Uploads and downloads at once."""
    connections: int = 500
    """Open connections; each further one is answered with 429 and closed."""
    builds: int = 1
    """Datasets that are built at once."""
    waiting_builds: int = 7
    """Builds that wait for their turn; each holds a thread."""
    head: float = 20.0
    """A request's head has to be there, from the first moment of its connection on."""
    body: float = 60.0
    """A call's body (16 MiB at most) has to be there."""
    silence: float = 30.0
    """The longest pause within a body, and of a client that does not read its answer."""


class Gate:
    """Counts the requests in each lane, and bounds the time that a call's body takes."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._inside = {"calls": 0, "waits": 0, "transfers": 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or tell it when to come again."""
        lane = _lane(scope) if scope["type"] == ScopeType.HTTP else None
        if lane is None:
            await self._app(scope, receive, send)
            return
        if self._inside[lane] >= getattr(self._limits, lane):
            await answer_paced(send)
            return
        self._inside[lane] += 1
        try:
            timed = receive if lane == "transfers" else _timed(receive, self._limits)
            await self._app(scope, timed, send)
        finally:
            self._inside[lane] -= 1


class BuildTurns:
    """Who builds now, who waits, and who is told to come again."""

    def __init__(self, limits: Limits) -> None:
        self._running = threading.BoundedSemaphore(limits.builds)
        self._places = threading.BoundedSemaphore(limits.builds + limits.waiting_builds)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among those who build or wait; 429 where all are taken."""
        if not self._places.acquire(blocking=False):
            raise HTTPException(
                status_code=429,
                detail="as many builds as this Studio takes are under way; try again",
                headers=pacing_headers(_BUILD_RETRY_MS),
            )
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until it is one's turn to build."""
        with self._running:
            yield


def pacing_headers(milliseconds: int = _RETRY_MS) -> dict[str, str]:
    """The headers of a 429 that says that no handler ran, and when to come again."""
    return {
        "x-ratelimit-reason": "pacing",
        "x-ratelimit-retry-ms": str(milliseconds),
        "retry-after": str(-(-milliseconds // 1000)),
    }


async def answer_paced(send: Send, *, close: bool = False) -> None:
    """429 before any handler, as plain ASGI."""
    status = HTTPStatus.TOO_MANY_REQUESTS
    error = ErrorBody(
        error=status.phrase, status=status, message="the Studio is busy; try again in a moment"
    )
    body = msgspec.json.encode(error)
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    headers |= pacing_headers() | ({"connection": "close"} if close else {})
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _lane(scope: Scope) -> str | None:
    path = scope["path"]
    if path.startswith(_UNCOUNTED):
        return None
    if path.startswith(_TRANSFERS):
        return "transfers"
    return "waits" if path.startswith(_WAITING) and b"sync=" in scope["query_string"] else "calls"


def _timed(receive: Receive, limits: Limits) -> Receive:
    """The same receive, which ends with 408 where the body does not come in time."""
    loop = asyncio.get_running_loop()
    ends, complete = loop.time() + limits.body, False

    async def timed() -> HTTPReceiveMessage:
        nonlocal complete
        if complete:
            return await receive()  # type: ignore[return-value]
        message = await _before(receive, min(ends, loop.time() + limits.silence))
        complete = message["type"] != "http.request" or not message["more_body"]
        return message

    return timed


async def _before(receive: Receive, moment: float) -> HTTPReceiveMessage:
    try:
        async with asyncio.timeout_at(moment):
            return await receive()  # type: ignore[return-value]
    except TimeoutError:
        raise HTTPException(status_code=408, detail="the body did not come in time") from None
