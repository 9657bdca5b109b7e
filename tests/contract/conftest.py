"""The contract, held against a Studio: in this process, over a socket, or a real one elsewhere.

`pytest tests/contract` runs every rule twice, in-process and over a loopback socket. With
`--live URL` (and an API key in TRAINSET_LIVE_KEY) the rules are held against that Studio
instead; what is our own decision, needs data of our own or would cost money there is left out
by the marks below.
"""

import json
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio.from_thread import start_blocking_portal

from pipeline.studio import EmbeddedStudio, Limits
from pipeline.studio.app import make_app
from pipeline.studio.building import build_with_stages
from pipeline.studio.importing import import_environments, import_interactions, import_runs
from pipeline.studio.keys import create_key
from pipeline.studio.limits import Gate
from pipeline.studio.state import Studio, open_studio

MODEL = "test-chat-1"
MARKS = {
    "ours": "where the platform's page is silent: our decision, a real Studio may differ",
    "seeded": "needs runs, prompts or a second project that the test itself has put there",
    "costs": "builds, trains or uploads: not done at a Studio that is somebody's",
}
LIVE_KEY = os.environ.get("TRAINSET_LIVE_KEY", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--live", metavar="URL", help="hold the contract against this Studio")


def pytest_configure(config: pytest.Config) -> None:
    for name, reason in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {reason}")


def live_url(config: pytest.Config) -> str | None:
    return config.getoption("--live", default=None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "place" in metafunc.fixturenames:
        places = ["live"] if live_url(metafunc.config) else ["in-process", "socket"]
        metafunc.parametrize("place", places, scope="session", indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A live Studio is asked only what a real one has to answer; nothing else of the folder."""
    if live_url(config) is None:
        return
    left_out = [
        item
        for item in items
        if "place" not in getattr(item, "fixturenames", ())
        or any(item.get_closest_marker(name) for name in MARKS)
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


Send = Callable[..., httpx2.Response]


@dataclass
class Place:
    """A Studio that can be asked."""

    send: Send
    url: str
    studio: Studio | None
    folder: Path


@contextmanager
def in_process(folder: Path) -> Iterator[Place]:
    """The app without any socket."""
    studio = open_studio(folder / "data", builder=build_with_stages, limits=Limits())
    studio.links.origin = "http://studio.test"

    @asynccontextmanager
    async def opened() -> AsyncIterator[httpx2.AsyncClient]:
        app = make_app(studio)
        transport = httpx2.ASGITransport(app=Gate(app, studio.limits), raise_app_exceptions=False)
        async with (
            app.lifespan(),
            httpx2.AsyncClient(transport=transport, base_url=studio.links.origin) as client,
        ):
            yield client

    try:
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(opened()) as client,
        ):

            def send(*words: Any, **options: Any) -> httpx2.Response:
                return portal.call(partial(client.request, *words, **options))

            yield Place(send, studio.links.origin, studio, folder)
    finally:
        studio.database.close()


@contextmanager
def over_socket(folder: Path) -> Iterator[Place]:
    with (
        EmbeddedStudio(folder / "data") as studio,
        httpx2.Client(base_url=studio.url, timeout=70) as client,
    ):
        yield Place(client.request, studio.url, studio.studio, folder)


@contextmanager
def live(url: str, folder: Path) -> Iterator[Place]:
    with httpx2.Client(base_url=url, timeout=70) as client:
        yield Place(client.request, url, None, folder)


@pytest.fixture(scope="session")
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("contract")
    match request.param:
        case "in-process":
            opened = in_process(folder)
        case "socket":
            opened = over_socket(folder)
        case _:
            opened = live(str(live_url(request.config)), folder)
    with opened as found:
        yield found


@dataclass
class Door:
    """A project's key and token, and calls with it."""

    place: Place
    key: str
    project: str = ""
    env: str = ""
    model: str = MODEL
    runs: list[str] = field(default_factory=list)
    token: str = ""

    def sign_in(self) -> None:
        answer = self.bare("POST", "/token/issue", headers={"Authorization": f"Bearer {self.key}"})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["token"]

    def bare(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """A call without our token."""
        return self.place.send(method, path, **options)

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return self.bare(method, f"/api/v1{path}", headers=headers, **options)

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        return self.expect(self.call("GET", path, **options), status)

    def post(self, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        if body is not None:
            options["json"] = body
        return self.expect(self.call("POST", path, **options), status)

    @staticmethod
    def expect(answer: httpx2.Response, status: int) -> Any:
        """The JSON; of a refusal, once it has the contract's body, its message."""
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        body = answer.json()
        if status < 400:
            return body
        assert body["status"] == status
        assert set(body) <= {"error", "status", "message", "details"}
        assert all(isinstance(body[name], str) for name in set(body) - {"status"})
        assert not [word for word in ("Traceback", ".py", "site-packages") if word in answer.text]
        return body["message"]

    def session(self, runs: int = 0) -> str:
        body = {"name": "contract check", "env": self.env, "model": self.model}
        made = str(self.post("/training", body)["id"])
        if runs:
            self.post(f"/training/{made}/add", {"runs": self.runs[:runs]})
        return made

    def uploaded(self, session: str, data: bytes) -> str:
        url = self.get(f"/training/{session}/upload-url?resumable=true")["url"]
        return str(self.expect(self.bare("PUT", url, content=data), 200)["name"])

    def prepared(self) -> str:
        session = self.session()
        said = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
        line = json.dumps({"messages": said}).encode() + b"\n"
        self.post(f"/training/{session}/dataset", {"dataset": self.uploaded(session, line * 12)})
        return session


def run_document(number: int) -> dict[str, Any]:
    day = f"2026-03-{number + 1:02d}T10:00:00.000Z"
    return {
        "id": f"{number:08x}{secrets.token_hex(8)}",
        "interaction": {"id": "1" * 24, "name": "Colours", "version": 1},
        "environment": {"id": "2" * 24, "name": "shop", "provider": "openai"},
        "modelId": "gpt-4.1-mini",
        "status": "completed",
        "finish_reason": "stop",
        "prompt": [{"role": "user", "content": f"What is {number * 7919} in words?"}],
        "parameters": {"number": number},
        "result": [{"type": "text", "value": f"It is number {number * 104729}."}],
        "result_schema": None,
        "tags": [f"n{number}"],
        "created_at": day,
        "updated_at": day,
    }


def seeded(place: Place, count: int = 12) -> Door:
    """A fresh project of an embedded Studio with runs, an environment and a prompt."""
    assert place.studio is not None
    project = f"project-{secrets.token_hex(4)}"
    database = place.studio.database
    door = Door(place, create_key(database, project), project, env=secrets.token_hex(12))
    model = {"id": MODEL, "name": "Test chat", "provider": "test"}
    environment = {"id": door.env, "name": "e", "provider": "test", "enabled_models": [model]}
    template = {"id": f"t-{project}", "role": "user", "content_type": "text", "content": "Hi."}
    segment = {"type": "template", "template": template}
    interaction = {"id": f"i-{project}", "name": "Hi", "prompts": [segment]}
    files = {name: place.folder / f"{project}.{name}" for name in ("runs", "envs", "interactions")}
    documents = [run_document(number) for number in range(count)]
    files["runs"].write_text("".join(json.dumps(one) + "\n" for one in documents))
    files["envs"].write_text(json.dumps([environment]))
    files["interactions"].write_text(json.dumps(interaction))
    import_environments(database, files["envs"], project)
    import_interactions(database, files["interactions"], project)
    door.runs = import_runs(database, files["runs"], project).run_ids
    door.sign_in()
    return door


@pytest.fixture
def door(place: Place) -> Door:
    """A project: a fresh one, or what the live key opens."""
    if place.studio is not None:
        return seeded(place)
    if not LIVE_KEY:
        pytest.exit("--live: put the API key into TRAINSET_LIVE_KEY", returncode=4)
    found = Door(place, LIVE_KEY)
    found.sign_in()
    for environment in found.get("/environments"):
        models = found.get(f"/environments/{environment['id']}/trainable-models")
        if models:
            found.env, found.model = environment["id"], models[0]["id"]
    found.runs = [run["id"] for run in found.get("/runs?limit=12&offset=0")]
    return found


@pytest.fixture
def stranger(place: Place) -> Door:
    """Another project of the same Studio."""
    return seeded(place, 3)
