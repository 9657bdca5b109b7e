"""One exchange over HTTP, bounded in time and size; no retry, no meaning. Imports httpx2, msgspec.

`httpx2` limits each read, never a whole request: a server that sends a byte a second holds it for
ever, in the headers as well as in the body. So the exchange runs in a thread of its own and the
caller stops waiting at the deadline; the same way lets `close` free every caller at once.
"""

import contextlib
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
import msgspec

from pipeline.client.hosts import LOOPBACK_PATTERNS
from pipeline.errors import PermanentError, Unreachable

__all__ = ["Answer", "AnswerTooLarge", "Limits", "Wire"]

T = TypeVar("T")

# Both log URLs, which hold signatures and upload ids, at INFO or DEBUG.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class AnswerTooLarge(PermanentError):
    """The answer is longer than the client will hold in memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much one exchange may be."""

    connect: float = 10.0
    """Seconds to reach the host."""
    silence: float = 30.0
    """Seconds without a byte, either way."""
    whole: float = 300.0
    """Seconds for the whole exchange."""
    body: int = 256 << 20
    """Bytes of an answer, decompressed."""

    def patient(self, silence: float, whole: float) -> "Limits":
        """The same limits with more patience; never with less."""
        return Limits(self.connect, max(self.silence, silence), max(self.whole, whole), self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status; the body is whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is one of the 200s."""
        return 200 <= self.status < 300  # noqa: PLR2004 (what RFC 9110 calls successful)

    @property
    def is_json(self) -> bool:
        """Whether the other side says that the body is JSON."""
        return _is_json(self.headers)


class Wire:
    """A pool of connections that follows no redirect. Safe to share between threads."""

    def __init__(self, limits: Limits, headers: Mapping[str, str] | None = None) -> None:
        self.limits = limits
        self._closed = threading.Event()
        self._waiting: set[Future[Any]] = set()
        self._lock = threading.Lock()
        self._client = httpx2.Client(
            headers=dict(headers or {}),
            follow_redirects=False,
            # Shorter than the five seconds after which common servers hang up by themselves.
            limits=httpx2.Limits(keepalive_expiry=4.0),
            mounts=dict.fromkeys(LOOPBACK_PATTERNS),
            verify=_trusted(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let every connection go; who still waits for an answer gets `Unreachable`."""
        with self._lock:
            self._closed.set()
            waiting = tuple(self._waiting)
        for future in waiting:
            with contextlib.suppress(InvalidStateError):
                future.set_exception(Unreachable("the client was closed during a call"))
        self._client.close()

    def pause(self, seconds: float) -> None:
        """Sleep, unless the wire is closed meanwhile."""
        if self._closed.wait(max(seconds, 0.0)):
            raise Unreachable("the client was closed while it waited to call again")

    def request(
        self,
        method: str,
        url: httpx2.URL,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | Iterable[bytes] | None = None,
        limits: Limits | None = None,
    ) -> httpx2.Request:
        """A request that is ready to be exchanged."""
        bound = limits or self.limits
        timeout = httpx2.Timeout(bound.silence, connect=bound.connect, pool=bound.whole)
        return self._client.build_request(
            method, url, headers=dict(headers or {}), content=content, timeout=timeout
        )

    def exchange(self, request: httpx2.Request, limits: Limits | None = None) -> Answer:
        """Send the request and read the whole answer, or raise what httpx2 raises."""
        bound = limits or self.limits
        ends = time.monotonic() + bound.whole
        return self._guarded(lambda: self._read(request, bound, ends), bound.whole)

    def open(self, request: httpx2.Request, limits: Limits | None = None) -> httpx2.Response:
        """Send the request and read the head of the answer; the caller reads and closes it."""
        bound = limits or self.limits
        return self._guarded(lambda: self._client.send(request, stream=True), bound.whole)

    def _read(self, request: httpx2.Request, limits: Limits, ends: float) -> Answer:
        response = self._client.send(request, stream=True)
        try:
            body = _whole_body(response, limits, ends)
        finally:
            response.close()
            if self._closed.is_set():
                _hang_up(response)
        return Answer(response.status_code, response.headers, body)

    def _guarded(self, call: Callable[[], T], seconds: float) -> T:
        future: Future[T] = Future()
        with self._lock:
            if self._closed.is_set():
                raise Unreachable("the client is closed")
            self._waiting.add(future)
        threading.Thread(target=_settle, args=(future, call), daemon=True).start()
        try:
            return future.result(timeout=seconds)
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no whole answer within {seconds:g} s") from None
        finally:
            future.cancel()
            with self._lock:
                self._waiting.discard(future)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates of the machine, read once: it takes longer than a call does."""
    return httpx2.create_ssl_context()


def _settle(future: Future[T], call: Callable[[], T]) -> None:
    """Run the call and hand on what it gives; nobody may be waiting for it any more."""
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 (it is raised again where it is waited for)
        with contextlib.suppress(InvalidStateError):
            future.set_exception(error)
        return
    try:
        future.set_result(result)
    except InvalidStateError:
        if isinstance(result, httpx2.Response):
            result.close()
            _hang_up(result)


def _hang_up(response: httpx2.Response) -> None:
    """End the connection: a pool that was closed meanwhile does not look after it any more."""
    stream = response.extensions.get("network_stream")
    if stream is not None:
        stream.close()


def _whole_body(response: httpx2.Response, limits: Limits, ends: float) -> bytes:
    parts = bytearray()
    for part in response.iter_bytes():
        parts += part
        if len(parts) > limits.body:
            raise AnswerTooLarge(
                f"{response.request.url.host} answered more than {limits.body:,} bytes"
            )
        if time.monotonic() > ends:
            raise httpx2.ReadTimeout("the answer trickles")
    body = bytes(parts)
    if response.is_success and _may_be_cut(response.headers, body):
        raise httpx2.RemoteProtocolError("the answer is cut short")
    return body


def _may_be_cut(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether JSON has come to an end too early.

    Without Content-Length or chunks the end of the connection ends the body, which httpx2 takes
    for a good end; nothing but the JSON itself tells whether it is all there.
    """
    if "content-length" in headers or "transfer-encoding" in headers or not _is_json(headers):
        return False
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return False


def _is_json(headers: Mapping[str, str]) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")
