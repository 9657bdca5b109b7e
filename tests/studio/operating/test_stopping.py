"""`trainset studio serve` as a program: how it stops, and what its log says and does not say."""

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pipeline.studio import import_into, new_key
from tests.postgres import environ_for

TRAINSET = str(Path(sys.executable).with_name("trainset"))
SLOW_BUILDS = """
import sys, time
from pipeline.cli import main
from pipeline.studio import serving

def build(runs, work_dir):
    (work_dir / "begun").touch()
    time.sleep(60)

serving.build_with_stages = build
sys.exit(main())
"""


class Program:
    """A Studio in a process of its own, with a project in it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.stderr = data_dir.with_name("stderr")

    def fill(self, folder: Path) -> None:
        """A project with runs and an environment, and its key."""
        runs, listed = folder / "runs.jsonl", folder / "environments.json"
        said = {"prompt": [{"role": "user", "content": "hi"}], "result": "ho"}
        runs.write_text("".join(json.dumps({"id": f"r{at}", **said}) + "\n" for at in range(9)))
        listed.write_text(json.dumps([{"id": "e", "name": "e", "provider": "test",
                                       "default_model": "m"}]))  # fmt: skip
        import_into(self.data_dir, runs, listed, "p")
        self.key = new_key(self.data_dir, "p")

    def start(self, *words: str, program: str | None = None) -> None:
        """Start it and sign in."""
        start = [sys.executable, "-c", program] if program else [TRAINSET]
        command = [*start, "studio", "serve", "--port", "0", "--data-dir", str(self.data_dir)]
        with self.stderr.open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, *words],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **environ_for(command)},
            )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]
        self.http = httpx2.Client(base_url=self.url, timeout=30)
        answer = self.http.post("/token/issue", headers={"Authorization": f"Bearer {self.key}"})
        self.token = answer.json()["token"]

    def call(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.http.request(method, f"/api/v1{path}", headers=headers, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def session(self) -> str:
        body = {"name": "n", "env": "e", "model": "m"}
        return str(self.call("POST", "/training", json=body)["id"])

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def close(self) -> None:
        if hasattr(self, "process"):
            self.process.kill()
            self.process.communicate()
            self.http.close()

    def restart(self) -> None:
        """A new server where one has ended."""
        self.close()
        self.start()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    one = Program(tmp_path / "data")
    one.fill(tmp_path)
    yield one
    one.close()


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(work()))
    thread.start()
    return thread, answers


def refused(url: str) -> bool:
    host, _, port = url.removeprefix("http://").rpartition(":")
    with contextlib.closing(socket.socket()) as one:
        return one.connect_ex((host, int(port))) != 0


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not holds() and time.monotonic() < ends:
        time.sleep(0.02)
    assert holds()


def test_an_upload_that_runs_is_ended_and_a_new_request_refused(program: Program) -> None:
    program.start()
    path = f"/training/{program.session()}/upload-url?resumable=true"
    url = program.call("GET", path)["url"]
    went_on = threading.Event()

    def body() -> Iterator[bytes]:
        yield b"x" * 1000
        went_on.wait(20)
        yield b"y" * 1000

    thread, answers = in_thread(lambda: httpx2.put(url, content=body(), timeout=30))
    alone = "trainset_requests_in_flight 1.0"  # the one that asks
    until(lambda: alone not in program.http.get("/metrics").text)
    program.process.send_signal(signal.SIGTERM)
    until(lambda: refused(program.url))
    went_on.set()
    thread.join(20)
    assert answers[0].status_code == 200
    assert answers[0].json()["size"] == "2000"
    assert program.process.wait(20) == 0


def test_a_job_that_runs_is_left_to_the_next_server(program: Program) -> None:
    program.start()
    session = program.session()
    url = program.call("GET", f"/training/{session}/upload-url")["url"]
    row = json.dumps({"messages": [{"role": "assistant", "content": "x"}]}) + "\n"
    name = httpx2.put(url, content=row * 12).json()["name"]
    program.call("POST", f"/training/{session}/dataset", json={"dataset": name})
    job = program.call("POST", f"/training/{session}/start")["id"]
    thread, answers = in_thread(lambda: program.call("GET", f"/training/job/{job}?sync=true"))
    assert program.end() == 0
    thread.join(20)
    assert answers[0]["status"] in ("pending", "running", "completed")
    program.restart()
    again = program.call("GET", f"/training/job/{job}?sync=true")
    assert (again["id"], again["status"]) == (job, "completed")


def test_a_build_that_takes_too_long_does_not_hold_the_server(program: Program) -> None:
    program.start("--stop-seconds", "1", program=SLOW_BUILDS)
    session = program.session()
    program.call("POST", f"/training/{session}/add", json={"runs": ["r1"]})

    headers = {"Authorization": f"Bearer {program.token}"}
    url = f"{program.url}/api/v1/training/{session}/build"
    thread, answers = in_thread(lambda: httpx2.post(url, headers=headers, timeout=30).status_code)
    until((program.data_dir / "builds" / session / "begun").exists)
    began = time.monotonic()
    assert program.end() == 128 + signal.SIGTERM
    assert time.monotonic() - began < 10
    thread.join(20)
    assert answers == [500]
    assert "still running" in program.stderr.read_text()
    program.restart()
    assert program.call("GET", f"/training/{session}")["status"] == "created"


def test_a_second_signal_is_the_end(program: Program) -> None:
    program.start("--stop-seconds", "60", program=SLOW_BUILDS)
    session = program.session()
    program.call("POST", f"/training/{session}/add", json={"runs": ["r1"]})
    headers = {"Authorization": f"Bearer {program.token}"}
    url = f"{program.url}/api/v1/training/{session}/build"

    def build() -> None:
        with contextlib.suppress(httpx2.HTTPError):
            httpx2.post(url, headers=headers, timeout=30)

    thread, _ = in_thread(build)
    until((program.data_dir / "builds" / session / "begun").exists)
    program.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert program.end() == 128 + signal.SIGTERM
    thread.join(20)


def test_every_request_is_told_and_no_secret_is(program: Program) -> None:
    program.start("--log-level", "debug")
    session = program.session()
    path = f"/training/{session}/upload-url"
    plain = program.call("GET", path)["url"]
    resumable = program.call("GET", f"{path}?resumable=true")["url"]
    headers = {"x-request-id": "mine-1"}
    assert httpx2.put(resumable, content=b"x", headers=headers).status_code == 200
    assert httpx2.put(plain, content=b"x").status_code == 200
    for wrong in (program.key, program.token):
        program.http.get(f"/api/v1/training/{wrong}", headers={"Authorization": "Bearer x"})
        program.http.get(f"/auth/token?token={wrong}")
        program.http.post("/token/issue", headers={"Authorization": f"Bearer {wrong}x"})
    program.http.get("/healthz")
    assert program.end() == 0
    text = program.stderr.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    told = [line for line in lines if line["message"] == "answered"]
    assert len(told) >= 11
    assert all(line["request_id"] for line in told)
    (mine,) = (line for line in told if line["request_id"] == "mine-1")
    assert (mine["method"], mine["status"], mine["bytes_in"]) == ("PUT", 200, 1)
    secrets = [program.key, program.token, plain.partition("X-Signature=")[2]]
    for secret in [*secrets, resumable.partition("upload_id=")[2]]:
        assert secret
        assert secret not in text
        assert secret[4:] not in text


def test_links_begin_with_the_address_that_clients_know(program: Program) -> None:
    program.start("--public-url", "https://studio.example/")
    path = f"/training/{program.session()}/upload-url"
    for query in ("", "?resumable=true"):
        assert program.call("GET", path + query)["url"].startswith("https://studio.example/")
    assert program.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "url", ["studio.example", "ftp://x", "https://x/path", "https://u:p@x", "https://x?y"]
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    words = ["serve", "--port", "0", "--data-dir", str(tmp_path), "--public-url", url]
    done = subprocess.run(
        [TRAINSET, "studio", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "--public-url" in done.stderr


def test_at_a_terminal_the_link_to_the_page_is_told(program: Program) -> None:
    terminal, theirs = pty.openpty()
    words = ["studio", "serve", "--port", "0", "--data-dir", str(program.data_dir)]
    environ = {**os.environ, **environ_for(words)}
    one = subprocess.Popen(
        [TRAINSET, *words], stdout=subprocess.PIPE, stderr=theirs, text=True, env=environ
    )
    os.close(theirs)
    assert one.stdout is not None
    try:
        url = one.stdout.readline().split()[-1]
        said = os.read(terminal, 4096).decode()
        link = said.partition("Look at it, once: ")[2].split()[0]
        assert link.startswith(f"{url}/sign-in/")
        with httpx2.Client() as person:
            form = {"link": link.rpartition("/")[2]}
            assert person.post(f"{url}/sign-in", data=form).status_code == 303
            assert person.get(url).status_code == 200
    finally:
        one.terminate()
        one.communicate(timeout=20)
        os.close(terminal)


def test_as_it_comes_only_what_went_wrong_is_told(program: Program) -> None:
    program.start()
    program.call("GET", "/training")
    program.http.get("/nowhere")
    assert program.end() == 0
    assert program.stderr.read_text() == ""
