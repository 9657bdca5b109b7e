"""A Studio with runs whose prompts were not stored, behind a front that counts and fails calls."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.client import RetryPolicy, StudioClient
from pipeline.studio import EmbeddedStudio

QUICK = RetryPolicy(attempts=8, pacings=8, total=5.0, base=0.001, cap=0.002, longest=0.05)
SHOP, DESK = "a1" * 12, "a2" * 12
TEMPLATES: dict[str, dict[str, Any]] = {
    "system": {
        "id": "b1" * 12,
        "name": "ShopSystem",
        "role": "system",
        "status": "published",
        "version": 1,
        "content_type": "text",
        "content": "You write for ${shop}.",
        "inputSchema": {},
    },
    "user": {
        "id": "b2" * 12,
        "name": "ShopUser",
        "role": "user",
        "status": "published",
        "version": 3,
        "content_type": "jst",
        "content": "return `About ${shop}:\\n${things.map((one) => `- ${one}`).join('\\n')}`",
        "inputSchema": {"type": "object", "properties": {"shop": {}, "things": {}}},
    },
    "desk": {
        "id": "b3" * 12,
        "name": "DeskUser",
        "role": "user",
        "status": "published",
        "version": 1,
        "content_type": "handlebars",
        "content": "{{who}} says: {{text}}",
        "inputSchema": {"type": "object", "properties": {"who": {}, "text": {}}},
    },
}


def reference(template: dict[str, Any]) -> dict[str, Any]:
    """The template as runs and interactions hold it."""
    return {key: template[key] for key in template if key not in ("content", "inputSchema")}


def interaction(ident: str, name: str, *templates: str) -> dict[str, Any]:
    segments = [{"type": "template", "template": reference(TEMPLATES[one])} for one in templates]
    return {"id": ident, "name": name, "status": "published", "version": 1, "prompts": segments}


INTERACTIONS = [interaction(SHOP, "Shop", "system", "user"), interaction(DESK, "Desk", "desk")]
THINGS = ["lamp", "sofa", "mirror", "kettle", "clock", "vase", "ladder", "stove", "carpet", "desk"]
ANSWERS = ["It was sent back on Monday", "Order seven more of them", "Nobody has asked for one"]


def bare_run(number: int, **changes: Any) -> dict[str, Any]:
    """A run of STANDARD level: parameters and result, no prompt."""
    things = [f"{THINGS[(number * step) % 10]} {number * 7919 + step}" for step in (1, 3, 7)]
    if number % 3:
        named: Any = {key: INTERACTIONS[0][key] for key in ("id", "name", "version", "prompts")}
        parameters: dict[str, Any] = {"shop": f"Pier {number * 31}", "things": things}
    else:
        named = DESK
        parameters = {"who": f"Ann & {number * 104729}", "text": " and the ".join(things)}
    return {
        "id": f"{number:024x}",
        "interaction": named,
        "environment": {"id": "2" * 24, "name": "shop", "provider": "openai"},
        "modelId": "gpt-4.1-mini",
        "status": "completed",
        "finish_reason": "stop",
        "parameters": parameters,
        "result": [{"type": "text", "value": f"{ANSWERS[number % 3]}: case {number * 15485863}."}],
        "created_at": "2026-03-01T10:00:00.000Z",
        "updated_at": "2026-03-01T11:00:00.000Z",
        **changes,
    }


Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Front:
    """Stands before a Studio: counts the calls, and answers some of them itself."""

    port: int
    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    bodies: Counter[bytes] = field(default_factory=Counter)
    """Bodies of the render calls that were let through."""
    before: Callable[[str, str], Reply | None] | None = None
    """For method and path: the answer to give instead; None lets the call through."""
    after: Callable[[str, Reply], Reply] | None = None
    """For path and the Studio's answer: what becomes of it."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def renders(self) -> int:
        return sum(count for call, count in self.calls.items() if call.endswith("/render"))

    def count(self, call: str) -> int:
        return self.calls[call]


def refuse(status: int, message: str = "said so", **headers: str) -> Reply:
    body = {"error": "Refused", "status": status, "message": message}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, json.dumps(body).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def serve(self) -> None:
        front = self.server.front
        path = self.path.removeprefix("/api/v1")
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        with front.lock:
            front.calls[f"{self.command} {path}"] += 1
            reply = front.before(self.command, path) if front.before else None
            if reply is None and path.endswith("/render"):
                front.bodies[path.encode() + body] += 1
        if reply is None:
            reply = self._passed_on(front.port, body)
            reply = front.after(path, reply) if front.after else reply
        status, headers, data = reply
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = serve  # noqa: N815 (the names that http.server looks for)

    def _passed_on(self, port: int, body: bytes) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if name != "Connection"}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            kept = ("content-type", "retry-after")
            found = {name: value for name, value in answer.getheaders() if name.lower() in kept}
            return answer.status, found, answer.read()
        finally:
            connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    front: Front

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news."""


@dataclass
class Shop:
    """A project whose runs have no prompts, in a Studio behind a front."""

    studio: EmbeddedStudio
    front: Front
    key: str
    folder: Path
    client: StudioClient
    session: str = ""
    runs: list[dict[str, Any]] = field(default_factory=list)
    reply: Callable[..., Reply] = refuse

    def interactions_file(self, name: str = "interactions.json", **changes: Any) -> Path:
        """Interactions and templates in a file; `changes` are of templates, by their keys."""
        templates = [{**one, **changes.get(key, {})} for key, one in TEMPLATES.items()]
        path = self.folder / name
        path.write_text(json.dumps([*INTERACTIONS, *templates]))
        return path

    def fill(self, count: int, **changes: Any) -> Path:
        """Runs, templates and a session with all of them; the file of the runs."""
        self.runs = [bare_run(number) for number in range(count)]
        path = self.folder / "runs.jsonl"
        path.write_text("".join(json.dumps(run) + "\n" for run in self.runs))
        report = self.studio.import_runs(path, interactions=self.interactions_file(**changes))
        (environment,) = self.client.environments.list()
        session = self.client.training.create("bare", environment.id, "test-chat-1")
        self.client.training.add_runs(session.id, report.run_ids)
        self.session = session.id
        self.front.calls.clear()
        return path


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with EmbeddedStudio(tmp_path / "studio") as studio:
        listener = _Server(("127.0.0.1", 0), _Handler)
        front = Front(int(studio.url.rsplit(":", 1)[1]))
        front.url = f"http://127.0.0.1:{listener.server_address[1]}"
        listener.front = front
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        key = studio.create_key()
        objects = studio.url.removeprefix("http://")
        with StudioClient(front.url, api_key=key, retry=QUICK, storage_hosts=(objects,)) as client:
            yield Shop(studio, front, key, tmp_path, client)
        listener.shutdown()
        listener.server_close()
        thread.join()
