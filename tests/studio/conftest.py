"""A running Studio for a module, and a fresh project in it for every test."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pipeline.studio import EmbeddedStudio

MODEL = "test-chat-1"
COLOURS = [
    "red",
    "blue",
    "green",
    "grey",
    "black",
    "white",
    "amber",
    "violet",
    "olive",
    "brown",
    "pink",
    "cyan",
]


def environment(ident: str, provider: str, model: str) -> dict[str, Any]:
    """An environment with one model."""
    listed = {"id": model, "name": model.title(), "provider": provider}
    return {
        "id": ident,
        "name": f"{provider} account",
        "provider": provider,
        "default_model": model,
        "enabled_models": [listed],
    }


def run_document(number: int, **changes: Any) -> dict[str, Any]:
    """A small run that a build keeps."""
    colour = f"{COLOURS[number % 12]} chair {number * 7919}"
    return {
        "id": f"{number:08x}{secrets.token_hex(8)}",
        "interaction": {"id": "1" * 24, "name": "Colours", "version": 1},
        "environment": {"id": "2" * 24, "name": "shop", "provider": "openai"},
        "modelId": "gpt-4.1-mini",
        "status": "completed",
        "finish_reason": "stop",
        "prompt": [{"role": "user", "content": f"What has the {colour} to say to the sea?"}],
        "parameters": {"colour": colour},
        "result": f"It says {number * 104729} times: {colour}.",
        "tags": [f"n{number}"],
        "created_at": f"2026-03-{number % 28 + 1:02d}T10:00:00.000Z",
        "updated_at": f"2026-04-{number % 28 + 1:02d}T10:00:00.000Z",
        **changes,
    }


@dataclass
class Account:
    """A project in a Studio, its key, and calls with its token."""

    studio: EmbeddedStudio
    http: httpx2.Client
    folder: Path
    project: str
    env: str = ""
    ids: list[str] = field(default_factory=list)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    token: str = ""
    key: str = ""

    @staticmethod
    def ok(answer: httpx2.Response) -> Any:
        """The JSON of an answer that must be good."""
        assert answer.status_code == 200, answer.text
        return answer.json()

    @staticmethod
    def refused(answer: httpx2.Response, status: int) -> str:
        """The message of an answer that must be that refusal, in the contract's body."""
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("application/json")
        body = answer.json()
        assert body["status"] == status
        assert isinstance(body["error"], str)
        assert "Traceback" not in answer.text
        return str(body["message"])

    @staticmethod
    def good_dataset(count: int = 12) -> bytes:
        """A training file that the rehearsal takes."""
        said = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
        return (json.dumps({"messages": said}) + "\n").encode() * count

    def sign_in(self) -> None:
        self.key = self.studio.create_key(self.project)
        answer = self.http.post("/token/issue", headers={"Authorization": f"Bearer {self.key}"})
        self.token = answer.json()["token"]

    def load(self, documents: list[dict[str, Any]], *environments: dict[str, Any]) -> None:
        """Import runs (and environments) as files."""
        runs, listed = self.folder / "runs.jsonl", self.folder / "environments.json"
        runs.write_text("".join(json.dumps(document) + "\n" for document in documents))
        listed.write_text(json.dumps(environments))
        report = self.studio.import_runs(runs, listed if environments else None, self.project)
        assert report.problems == []
        self.ids = [*dict.fromkeys([*self.ids, *report.run_ids])]
        self.documents |= {document["id"]: document for document in documents}

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.http.request(method, f"/api/v1{path}", headers=headers, **options)

    def get(self, path: str, **params: Any) -> httpx2.Response:
        return self.call("GET", path, params=params)

    def post(self, path: str, body: Any = None) -> httpx2.Response:
        return self.call("POST", path, json=body) if body is not None else self.call("POST", path)

    def session(self, runs: int = 0, env: str | None = None, model: str = MODEL) -> str:
        """A new session with the first runs in it; its id."""
        body = {"name": "colours", "env": env or self.env, "model": model}
        made = self.ok(self.post("/training", body))["id"]
        if runs:
            self.ok(self.post(f"/training/{made}/add", {"runs": self.ids[:runs]}))
        return str(made)

    def upload(self, session: str, data: bytes) -> str:
        """Upload an object in one request; its name."""
        url = self.ok(self.get(f"/training/{session}/upload-url", resumable="true"))["url"]
        return str(self.ok(self.http.put(url, content=data))["name"])

    def prepared(self, data: bytes | None = None) -> str:
        """A session with an uploaded dataset; its id."""
        session = self.session()
        name = self.upload(session, self.good_dataset() if data is None else data)
        self.ok(self.post(f"/training/{session}/dataset", {"dataset": name}))
        return session


@pytest.fixture(name="run_document")
def run_document_fixture() -> Callable[..., dict[str, Any]]:
    """The same for tests that cannot import this file."""
    return run_document


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStudio]:
    with EmbeddedStudio(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture(scope="module")
def http(studio: EmbeddedStudio) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=studio.url, timeout=60) as client:
        yield client


@pytest.fixture
def new_account(
    studio: EmbeddedStudio, http: httpx2.Client, tmp_path: Path
) -> Callable[..., Account]:
    """Make a fresh project with runs in a Studio."""

    def make(
        count: int = 12, where: EmbeddedStudio | None = None, client: httpx2.Client | None = None
    ) -> Account:
        project = f"project-{secrets.token_hex(4)}"
        account = Account(where or studio, client or http, tmp_path, project)
        account.env = secrets.token_hex(12)
        environments = [environment(account.env, "test", MODEL)]
        account.load([run_document(number) for number in range(count)], *environments)
        account.sign_in()
        return account

    return make


@pytest.fixture
def account(new_account: Callable[..., Account]) -> Account:
    return new_account()
