"""`trainset studio serve` as a program: starting, stopping, and dying by kill -9."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pipeline.studio import EmbeddedStudio
from tests.postgres import environ_for

COMMAND = [str(Path(sys.executable).with_name("trainset")), "studio"]
CHUNK = 256 << 10
READY = re.compile(r"Studio ready at (http://127\.0\.0\.1:\d+)\n\Z")
Command = Callable[..., subprocess.CompletedProcess[str]]


@dataclass
class Server:
    """The command in a process of its own."""

    data_dir: Path
    process: subprocess.Popen[str] | None = None
    url: str = ""

    def start(self) -> None:
        words = [*COMMAND, "serve", "--port", "0", "--data-dir", str(self.data_dir)]
        environ = {**os.environ, **environ_for(words)}
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
        )
        assert self.process.stdout is not None
        said = READY.match(self.process.stdout.readline())
        assert said is not None
        self.url = said[1]

    def end(self, number: int) -> tuple[int, str]:
        """Send the signal; exit code and what was said on stderr."""
        assert self.process is not None
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "data")
    yield one
    if one.process is not None and one.process.poll() is None:
        one.end(signal.SIGKILL)


@pytest.fixture
def filled(server: Server, tmp_path: Path, command: Command) -> str:
    """The key of a project with runs, made by the command."""
    runs, environments = tmp_path / "runs.jsonl", tmp_path / "environments.json"
    runs.write_text("".join(json.dumps({"id": f"r{at}"}) + "\n" for at in range(5000)) + "bad\n")
    account = {"id": "e1", "name": "e", "provider": "test", "default_model": "m"}
    environments.write_text(json.dumps([account]))
    words = ["--runs", runs, "--environments", environments, "--data-dir", server.data_dir]
    done = command("studio", "import", *words, "--project", "p")
    assert (done.returncode, done.stdout) == (0, "imported 5,000 runs into project p\n")
    assert "runs.jsonl:5001" in done.stderr
    made = command("studio", "key", "--data-dir", server.data_dir, "--project", "p")
    assert made.returncode == 0
    return made.stdout.strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(server: Server, number: int) -> None:
    server.start()
    assert httpx2.get(f"{server.url}/api/v1/training").status_code == 401
    code, errors = server.end(number)
    assert code in (0, 130, 143)
    assert "Traceback" not in errors


def test_a_second_server_on_the_same_data_is_busy(server: Server, command: Command) -> None:
    server.start()
    assert server.process is not None
    done = command("studio", "serve", "--port", "0", "--data-dir", server.data_dir)
    assert done.returncode == 75
    assert str(server.process.pid) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "example.com"])
def test_others_reach_it_only_when_that_is_meant(
    tmp_path: Path, command: Command, host: str
) -> None:
    done = command("studio", "serve", "--host", host, "--data-dir", tmp_path / "data")
    assert done.returncode == 2
    assert "--allow-remote" in done.stderr


def test_a_port_that_is_taken_is_told(server: Server, tmp_path: Path, command: Command) -> None:
    server.start()
    port = server.url.rpartition(":")[2]
    done = command("studio", "serve", "--port", port, "--data-dir", tmp_path / "other")
    assert done.returncode == 4
    assert "--port" in done.stderr


@dataclass
class Load:
    """What the server acknowledged before it died."""

    http: httpx2.Client
    url: str
    token: str
    sessions: list[str]
    added: dict[str, list[str]] = field(default_factory=dict)
    uploaded: dict[str, tuple[str, int]] = field(default_factory=dict)
    finished: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.url}/api/v1{path}"
        return self.http.request(method, url, headers=headers, **options)

    def run(self, *works: Callable[[], None]) -> list[threading.Thread]:
        def until_it_dies(work: Callable[[], None]) -> None:
            try:
                while True:
                    work()
            except httpx2.HTTPError:
                return

        threads = [threading.Thread(target=until_it_dies, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        return threads

    def add(self) -> None:
        session = self.sessions[0]
        known = self.added.setdefault(session, [])
        fresh = [f"r{(len(known) + at) % 5000}" for at in range(7)]
        answer = self.call("POST", f"/training/{session}/add", json={"runs": fresh})
        if answer.status_code == 200:
            known.extend(fresh)

    def upload(self) -> None:
        answer = self.call("GET", f"/training/{self.sessions[1]}/upload-url?resumable=true")
        url = answer.json()["url"].removeprefix(self.url)
        for end in (CHUNK, 2 * CHUNK):
            headers = {"Content-Range": f"bytes {end - CHUNK}-{end - 1}/{2 * CHUNK}"}
            answer = self.http.put(self.url + url, content=b"x" * CHUNK, headers=headers)
            if answer.status_code == 308:
                self.uploaded[url] = (answer.headers["range"], end)
            elif answer.status_code == 200:
                self.finished[url] = answer.json()["name"]

    def start(self) -> None:
        body = {"name": "n", "env": "e1", "model": "m"}
        session = self.call("POST", "/training", json=body).json()["id"]
        row = {"messages": [{"role": "assistant", "content": "x"}]}
        url = self.call("GET", f"/training/{session}/upload-url").json()["url"]
        name = self.http.put(url, content=(json.dumps(row) + "\n").encode() * 10).json()["name"]
        self.call("POST", f"/training/{session}/dataset", json={"dataset": name})
        self.jobs[session] = self.call("POST", f"/training/{session}/start").json()["id"]

    def check(self) -> None:
        """All that was acknowledged is still true."""
        for session, known in self.added.items():
            runs = self.call("GET", f"/training/{session}").json()["runs"]
            assert runs[: len(set(known))] == list(dict.fromkeys(known))
        for url, (_, end) in self.uploaded.items():
            answer = self.http.put(self.url + url, headers={"Content-Range": "bytes */*"})
            assert answer.status_code in (308, 200)
            if answer.status_code == 308:
                assert int(answer.headers["range"].rpartition("-")[2]) + 1 >= end
        for url, name in self.finished.items():
            answer = self.http.put(self.url + url, headers={"Content-Range": "bytes */*"})
            assert (answer.status_code, answer.json()["name"]) == (200, name)
        for session, job in self.jobs.items():
            assert self.call("GET", f"/training/{session}").json()["job"]["id"] == job
            found = self.call("GET", f"/training/job/{job}?sync=true").json()
            assert found["status"] == "completed"


def loaded(http: httpx2.Client, server: Server, key: str) -> Load:
    headers = {"Authorization": f"Bearer {key}"}
    token = http.post(f"{server.url}/token/issue", headers=headers).json()["token"]
    load = Load(http, server.url, token, [])
    body = {"name": "n", "env": "e1", "model": "m"}
    load.sessions = [load.call("POST", "/training", json=body).json()["id"] for _ in range(2)]
    return load


def until(count: Callable[[], int], least: int) -> None:
    ends = time.monotonic() + 20
    while count() < least and time.monotonic() < ends:
        time.sleep(0.01)


def test_what_was_answered_is_true_after_a_kill(server: Server, filled: str) -> None:
    server.start()
    with httpx2.Client(timeout=20) as http:
        load = loaded(http, server, filled)
        for pause in (0.0, 0.1, 0.2):
            had = len(load.jobs)
            threads = load.run(load.add, load.upload, load.upload, load.start)
            until(lambda: len(load.jobs), had + 1)
            time.sleep(pause)
            server.end(signal.SIGKILL)
            for thread in threads:
                thread.join(30)
            server.start()
            load.url = server.url
            load.check()
        assert len(load.jobs) >= 3
        assert load.added
        assert load.uploaded


def test_the_parts_of_dead_uploads_are_swept(tmp_path: Path) -> None:
    with EmbeddedStudio(tmp_path) as studio:
        (tmp_path / "parts" / "left-over.jsonl").write_bytes(b"x")
        assert studio.url
    with EmbeddedStudio(tmp_path):
        assert list((tmp_path / "parts").iterdir()) == []
