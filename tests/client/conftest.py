"""A scripted HTTP server on a loopback socket, which fails where and how a test says."""

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.client import Limits, RetryPolicy, StudioClient

QUICK = RetryPolicy(attempts=4, pacings=4, total=5.0, base=0.001, cap=0.002, longest=0.05)


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    """Raw, still percent-encoded."""
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Reply = Callable[["Handler"], None]
Step = Reply | Callable[[Seen], Reply]


class Handler(BaseHTTPRequestHandler):
    """Looks the script up and lets the reply write what it wants."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Loopback"

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, OSError, ValueError):
            self.close_connection = True

    def serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        body = self._chunks() if self.headers.get("transfer-encoding") else self.rfile.read(length)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        headers = {key.lower(): value for key, value in self.headers.items()}
        seen = Seen(self.command, parts.path, query, headers, body)
        self.server.script.reply_to(seen)(self)

    do_GET = do_POST = do_PUT = serve  # noqa: N815 (the names that http.server looks for)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def hang_up(self) -> None:
        """Reset the connection, as a crashed peer does."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(self.connection.detach())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


class Loopback(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    script: "Script"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that a test broke is no news."""


@dataclass
class Script:
    """What the server answers, and what it has seen."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    steps: dict[str, list[Step]] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, route: str, *steps: Step) -> None:
        """Answer `METHOD /path` with these, one after the other; the last one stays."""
        self.steps[route] = list(steps)

    def calls(self, route: str) -> list[Seen]:
        return [seen for seen in self.seen if f"{seen.method} {seen.path}" == route]

    def reply_to(self, seen: Seen) -> Reply:
        with self.lock:
            self.seen.append(seen)
            steps = self.steps.get(f"{seen.method} {seen.path}")
            if not steps:
                body = {"error": "Not Found", "status": 404, "message": "no such path"}
                return self.json(body, 404)
            step = steps.pop(0) if len(steps) > 1 else steps[0]
        if getattr(step, "is_reply", False):
            return step
        return step(seen)

    def json(self, body: Any, status: int = 200, **headers: str) -> Reply:
        return self.raw(json.dumps(body).encode(), status, "application/json", **headers)

    def raw(self, body: bytes, status: int = 200, kind: str = "text/html", **headers: str) -> Reply:
        extra = {name.replace("_", "-"): value for name, value in headers.items()}

        def reply(handler: Handler) -> None:
            length = {"Content-Type": kind, "Content-Length": str(len(body))}
            handler.begin(status, {**length, **extra})
            handler.wfile.write(body)

        return _marked(reply)

    def cut(self, body: bytes, promised: int, status: int = 200, **headers: str) -> Reply:
        """Promise more bytes than come, then reset."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}

        def reply(handler: Handler) -> None:
            length = {"Content-Type": "application/json", "Content-Length": str(promised)}
            handler.begin(status, {**length, **extra})
            handler.wfile.write(body)
            time.sleep(0.02)
            handler.hang_up()

        return _marked(reply)

    def unframed(self, body: bytes, kind: str = "application/json") -> Reply:
        """A body that ends where the connection does."""

        def reply(handler: Handler) -> None:
            handler.begin(200, {"Content-Type": kind, "Connection": "close"})
            handler.wfile.write(body)
            handler.close_connection = True

        return _marked(reply)

    def reset(self) -> Reply:
        """Hang up without a word."""
        return _marked(Handler.hang_up)

    def trickle(self, head: bytes, drop: bytes) -> Reply:
        """The head at once, then a drop now and then, for ever."""

        def reply(handler: Handler) -> None:
            handler.wfile.write(head)
            while not self.over.wait(0.02):
                handler.wfile.write(drop)

        return _marked(reply)


def _marked(reply: Reply) -> Reply:
    reply.is_reply = True  # type: ignore[attr-defined]
    return reply


@pytest.fixture
def server() -> Iterator[Script]:
    listener = Loopback(("127.0.0.1", 0), Handler)
    script = Script(url=f"http://127.0.0.1:{listener.server_address[1]}")
    listener.script = script
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield script
    script.over.set()
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture
def quick() -> RetryPolicy:
    """Real retries with waits that a suite can afford."""
    return QUICK


@pytest.fixture
def studio(server: Script) -> Iterator[StudioClient]:
    with StudioClient(server.url, token="a-token", retry=QUICK, limits=Limits(silence=2)) as client:
        yield client
