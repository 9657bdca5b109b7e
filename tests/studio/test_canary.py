"""Secrets as canaries: whatever the server and the command line put out, none is in it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.postgres import environ_for

SERVER = """
import logging, os, sys
from pathlib import Path
logging.basicConfig(level=logging.DEBUG, format="%(name)s %(message)s")
from pipeline.studio import serve
database = os.environ.get("TRAINSET_DATABASE")
serve(host="127.0.0.1", port=0, data_dir=Path(sys.argv[1]), database=database)
"""
READY = re.compile(r"Studio ready at (http://127\.0\.0\.1:\d+)")
Command = Callable[..., subprocess.CompletedProcess[str]]


@dataclass
class Nest:
    """A server that logs all it can, and the secrets that were handed out."""

    url: str
    process: subprocess.Popen[str]
    data_dir: Path
    key: str
    secrets: dict[str, str] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, bearer: str = "", **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {bearer or self.secrets['token']}"}
        headers |= options.pop("headers", {})
        url = path if path.startswith("http") else self.url + path
        answer = httpx2.request(method, url, headers=headers, timeout=60, **options)
        if answer.status_code >= 400:
            self.bodies += [answer.text, str(answer.headers)]
        return answer

    def link(self, path: str, name: str) -> str:
        url = str(self.ask("GET", path).json()["url"])
        self.secrets[name] = url.rpartition("=")[2]
        return url

    def end(self) -> str:
        """Stop the server; all that it has said."""
        self.process.terminate()
        said, errors = self.process.communicate(timeout=30)
        return said + errors


@pytest.fixture
def nest(tmp_path: Path, command: Command) -> Iterator[Nest]:
    data_dir, runs = tmp_path / "data", tmp_path / "runs.jsonl"
    envs = tmp_path / "envs.json"
    documents = [
        {
            "id": f"run{number}",
            "status": "completed",
            "prompt": [{"role": "user", "content": f"What is {number * 7919}?"}],
            "result": f"It is {number * 104729}.",
        }
        for number in range(20)
    ]
    runs.write_text("".join(json.dumps(one) + "\n" for one in documents))
    envs.write_text(
        json.dumps([{"id": "e1", "name": "e", "provider": "test", "default_model": "m"}])
    )
    place = ["--data-dir", data_dir, "--project", "p"]
    assert not command(
        "studio", "import", *place, "--runs", runs, "--environments", envs
    ).returncode
    key = command("studio", "key", *place).stdout.strip()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TRAINSET_DEBUG": "1", **environ_for(place)},
    )
    assert process.stdout is not None
    said = READY.match(process.stdout.readline())
    assert said is not None
    yield Nest(said[1], process, data_dir, key, {"key": key})
    process.kill()
    process.communicate()


def live_a_little(nest: Nest) -> None:
    """Everything that hands out a secret or is given one, well and badly."""
    nest.secrets["token"] = nest.ask("POST", "/token/issue", nest.key).json()["token"]
    body = {"name": "n", "env": "e1", "model": "m"}
    session = nest.ask("POST", "/api/v1/training", json=body).json()["id"]
    base = f"/api/v1/training/{session}"
    resumable = nest.link(f"{base}/upload-url?resumable=true", "upload")
    nest.ask("PUT", resumable, content=b"x", headers={"Content-Range": "bytes 0-0/99999"})
    nest.ask("PUT", resumable, content=b"x", headers={"Content-Range": "nonsense"})
    plain = nest.link(f"{base}/upload-url", "put")
    name = nest.ask("PUT", plain, content=b"{}\n").json()["name"]
    nest.ask("PUT", plain, content=b"{}\n")
    nest.ask("POST", f"{base}/dataset", json={"dataset": name})
    nest.ask("DELETE", nest.link(f"{base}/url", "get"))
    nest.ask("POST", f"{base}/start")
    nest.ask("POST", f"{base}/build")
    for bearer in (nest.key, nest.secrets["token"][:-4], nest.secrets["token"]):
        nest.ask("POST", "/token/issue", bearer)
        nest.ask("GET", "/api/v1/nowhere", bearer)
        nest.ask("POST", "/api/v1/training", bearer, content=b"{", headers={"x-api-version": "1"})
    for path in (nest.data_dir / "token-key.pem", nest.data_dir / "link-key"):
        content = path.read_bytes()
        found = content.split(b"\n")[1] if path.suffix == ".pem" else content
        nest.secrets[path.name] = found.decode("latin-1")


def leaked(nest: Nest, text: str) -> list[str]:
    return [name for name, secret in nest.secrets.items() if secret in text]


def test_no_secret_is_in_logs_answers_process_list_or_names(nest: Nest) -> None:
    live_a_little(nest)
    shown = Path(f"/proc/{nest.process.pid}/cmdline")
    words = shown.read_text() if shown.exists() else ""
    names = "\n".join(str(path) for path in nest.data_dir.rglob("*"))
    said = nest.end()
    assert len(nest.secrets) == 7
    assert "Traceback" not in said
    assert len(nest.bodies) >= 10
    for text in (words, names, said, "\n".join(nest.bodies)):
        assert leaked(nest, text) == []


def test_no_key_or_token_is_kept_in_clear(nest: Nest) -> None:
    live_a_little(nest)
    nest.end()
    files = {
        path.name: path.read_bytes().decode("latin-1")
        for path in nest.data_dir.rglob("*")
        if path.is_file() and path.name not in ("token-key.pem", "link-key")
    }
    kept = {name: leaked(nest, text) for name, text in files.items()}
    clear = {"key", "token", "put", "get", "token-key.pem", "link-key"}
    assert {name: found for name, found in kept.items() if clear & set(found)} == {}


def test_the_command_line_leaks_no_secret_of_its_studio(
    nest: Nest, command: Command, tmp_path: Path
) -> None:
    live_a_little(nest)
    body = {"name": "mail", "env": "e1", "model": "m"}
    session = nest.ask("POST", "/api/v1/training", json=body).json()["id"]
    runs = {"runs": [f"run{number}" for number in range(20)]}
    assert nest.ask("POST", f"/api/v1/training/{session}/add", json=runs).status_code == 200
    secret = {"TRAINSET_STUDIO_URL": nest.url, "TRAINSET_API_KEY": nest.key, "TRAINSET_DEBUG": "1"}
    work = tmp_path / "work"
    done = command(
        *("run", "--session", session, "--work-dir", work, "--json"), env={**os.environ, **secret}
    )
    assert done.returncode == 0, done.stderr
    wrong = {**secret, "TRAINSET_API_KEY": "sk-canary-that-nobody-made"}
    refused = command(
        "build", "--session", session, "--work-dir", work, env={**os.environ, **wrong}
    )
    assert refused.returncode == 4
    nest.secrets["wrong"] = wrong["TRAINSET_API_KEY"]
    files = [path for path in work.rglob("*") if path.is_file()]
    assert files
    content = "\n".join(path.read_bytes().decode("latin-1") for path in files)
    names = "\n".join(map(str, files))
    for text in (done.stdout, done.stderr, refused.stdout, refused.stderr, content, names):
        assert leaked(nest, text) == []
        assert "X-Signature" not in text
        assert "upload_id" not in text
