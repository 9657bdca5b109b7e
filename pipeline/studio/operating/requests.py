"""Around every request: its id, its numbers, its line in the log.

Plain ASGI and the outermost part, so that what is refused before the app is told too. Knows the
app's routes by the template that the framework leaves in the scope.
"""

import logging
import re
import secrets
import time
from typing import Any, cast

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from pipeline.studio.operating.logs import REQUEST_ID
from pipeline.studio.operating.metrics import UNMATCHED, Metrics

__all__ = ["Observed"]

_LOG = logging.getLogger("trainset.studio.requests")
_HEADER = b"x-request-id"
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")
_MOUNT = "/objects"
_TRANSFERS = ("/upload/", f"{_MOUNT}/")
_UNTOLD = ("/healthz", "/metrics")
"""Asked for all day long: told only at level debug."""
_BROKEN = 500


class Observed:
    """Another app, its requests counted and told."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; all else passes as it is."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request = _Request(scope)
        mark = REQUEST_ID.set(request.id)
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, request.counting(receive), request.telling(send))
        finally:
            self._metrics.in_flight.dec()
            request.end(self._metrics)
            REQUEST_ID.reset(mark)


class _Request:
    """One request, from its head to the end of its answer."""

    def __init__(self, scope: HTTPScope) -> None:
        self._scope = scope
        self._path = scope["path"]  # the router writes over it
        self._began = time.perf_counter()
        self._status = 0
        self._received = self._sent = 0
        self.id = _request_id(scope)

    def counting(self, receive: Receive) -> Receive:
        """The same receive, its bytes counted."""

        async def counted() -> Any:
            message = await receive()
            if message["type"] == "http.request":
                self._received += len(message["body"])
            return message

        return cast("Receive", counted)

    def telling(self, send: Send) -> Send:
        """The same send, which adds the id to the head of the answer."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                MutableScopeHeaders(message)["x-request-id"] = self.id
            elif message["type"] == "http.response.body":
                self._sent += len(message["body"])
            await send(message)

        return told

    def end(self, metrics: Metrics) -> None:
        """Count it and tell it. A status of 0 says that no answer was begun."""
        seconds = time.perf_counter() - self._began
        route = self._route()
        method = self._scope["method"]
        metrics.answered(route, method, self._status, seconds)
        if self._path.startswith(_TRANSFERS):
            metrics.transferred(received=self._received, sent=self._sent)
        level = self._level()
        if _LOG.isEnabledFor(level):
            facts = {
                "method": method,
                "path": self._path,
                "route": route,
                "status": self._status,
                "ms": round(seconds * 1000, 1),
                "bytes_in": self._received,
                "bytes_out": self._sent,
            }
            _LOG.log(level, "answered", extra={"facts": facts})

    def _route(self) -> str:
        """The template of the route; a mounted app has none."""
        found = cast("dict[str, Any]", self._scope).get("path_template")
        return found or (_MOUNT if self._path.startswith(f"{_MOUNT}/") else UNMATCHED)

    def _level(self) -> int:
        if self._status >= _BROKEN:
            return logging.WARNING
        return logging.DEBUG if self._path in _UNTOLD else logging.INFO


def _request_id(scope: HTTPScope) -> str:
    """The id that the client sent, where it is one; else a fresh one."""
    for name, value in scope["headers"]:
        if name == _HEADER and _ID.match(value):
            return value.decode()
    return secrets.token_hex(8)
