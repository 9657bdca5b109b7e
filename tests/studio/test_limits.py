"""Bounds: how much at once, how long a silent client is waited for, and what is said then."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from pipeline.client import StudioClient
from pipeline.studio import EmbeddedStudio
from pipeline.studio.limits import Limits

SHORT = Limits(head=0.4, body=1.0, silence=0.4, connections=6)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStudio]:
    """A Studio that waits for nobody."""
    with EmbeddedStudio(tmp_path_factory.mktemp("short"), limits=SHORT) as running:
        yield running


def connect(studio: EmbeddedStudio) -> socket.socket:
    parsed = urlsplit(studio.url)
    return socket.create_connection((parsed.hostname, parsed.port), timeout=10)


def answer_of(connection: socket.socket) -> tuple[int, Any]:
    """Status and JSON of what comes until the server ends the connection; (0, None): nothing."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    if not data:
        return 0, None
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    return int(head.split(b" ")[1]), json.loads(body)


def token_of(studio: EmbeddedStudio) -> str:
    headers = {"Authorization": f"Bearer {studio.create_key()}"}
    return str(httpx2.post(f"{studio.url}/token/issue", headers=headers).json()["token"])


@pytest.mark.parametrize(
    ("said", "status"),
    [(b"", 0), (b"GET /api/v1/training HTTP/1.1\r\nHost: x\r\n", 408)],
)
def test_a_head_that_does_not_come_ends_the_connection(
    short: EmbeddedStudio, said: bytes, status: int
) -> None:
    with connect(short) as connection:
        connection.sendall(said)
        began = time.monotonic()
        found, _ = answer_of(connection)
        assert 0.3 < time.monotonic() - began < 5
    assert found == status


def test_a_head_that_trickles_is_not_waited_for_longer(short: EmbeddedStudio) -> None:
    with connect(short) as connection:
        began = time.monotonic()
        drip(connection, threading.Event(), 0.05)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("pause", [5.0, 0.2])
def test_a_body_that_does_not_come_is_408(short: EmbeddedStudio, pause: float) -> None:
    head = f"POST /api/v1/runs/find HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of(short)}"
    head += "\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"
    with connect(short) as connection:
        connection.sendall(head.encode() + b"{")
        stop = threading.Event()
        dripping = threading.Thread(target=drip, args=(connection, stop, pause))
        dripping.start()
        status, body = answer_of(connection)
        stop.set()
        dripping.join()
    assert (status, body["status"]) == (408, 408)


def drip(connection: socket.socket, stop: threading.Event, pause: float) -> None:
    try:
        ends = time.monotonic() + 8
        while not stop.wait(pause) and time.monotonic() < ends:
            connection.sendall(b" ")
    except OSError:
        return


def test_a_body_that_nobody_reads_is_not_taken_for_ever(short: EmbeddedStudio) -> None:
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n"
    with connect(short) as connection:
        began = time.monotonic()
        connection.sendall(head)
        assert answer_of(connection)[0] == 404
    assert time.monotonic() - began < 5


def test_a_client_that_does_not_read_its_answer_is_left(short: EmbeddedStudio) -> None:
    project = "slow-reader"
    path = short.studio.data_dir.parent / "big.jsonl"
    path.write_text(json.dumps({"id": "big", "result": "x" * (30 << 20)}))
    short.import_runs(path, project=project)
    headers = {"Authorization": f"Bearer {short.create_key(project)}"}
    token = httpx2.post(f"{short.url}/token/issue", headers=headers).json()["token"]
    with connect(short) as connection:
        head = f"GET /api/v1/runs/big HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        connection.sendall(head.encode())
        time.sleep(2.0)
        got = 0
        with pytest.raises(ConnectionError):  # noqa: PT012 (it ends somewhere in the body)
            while piece := connection.recv(1 << 20):
                got += len(piece)
            raise ConnectionError
    assert got < 30 << 20


def test_one_connection_too_many_is_paced(short: EmbeddedStudio) -> None:
    time.sleep(0.6)
    held = [connect(short) for _ in range(6)]
    time.sleep(0.1)
    try:
        answer = httpx2.get(f"{short.url}/api/v1/training")
    finally:
        for one in held:
            one.close()
    assert answer.status_code == 429
    assert answer.headers["x-ratelimit-reason"] == "pacing"
    time.sleep(0.1)
    assert httpx2.get(f"{short.url}/api/v1/training").status_code == 401


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[EmbeddedStudio]:
    """A Studio that does one thing at a time and holds one more build."""
    limits = Limits(calls=4, waits=1, transfers=1, builds=1, waiting_builds=1)
    with EmbeddedStudio(tmp_path / "narrow", limits=limits) as running:
        yield running


def test_more_calls_than_the_bound_are_paced_and_the_client_goes_on(
    narrow: EmbeddedStudio, new_account: Callable[..., Any]
) -> None:
    with httpx2.Client(base_url=narrow.url, timeout=60) as http:
        account = new_account(3, narrow, http)
        stuck = [holding(account, f"/api/v1/training/{account.session()}/add") for _ in range(4)]
        answer = account.get("/training")
        account.refused(answer, 429)
        assert answer.headers["x-ratelimit-reason"] == "pacing"
        assert int(answer.headers["x-ratelimit-retry-ms"]) > 0
        later = threading.Timer(1.0, lambda: [one.close() for one in stuck])
        later.start()
        with StudioClient(narrow.url, api_key=account.key) as client:
            assert len(list(client.training.list())) == 4
        later.join()


def holding(account: Any, path: str) -> socket.socket:
    """A call that is inside the server: its body is on its way."""
    connection = connect(account.studio)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {account.token}\r\n"
    connection.sendall(f"{head}Content-Length: 99\r\n\r\n{{".encode())
    time.sleep(0.2)
    return connection


def test_who_waits_for_a_job_is_counted_apart(
    narrow: EmbeddedStudio, new_account: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with httpx2.Client(base_url=narrow.url, timeout=60) as http:
        account = new_account(1, narrow, http)
        waiting, go_on = threading.Event(), threading.Event()
        real = narrow.studio.jobs._read

        def slow(project: str, job: str) -> Any:
            waiting.set()
            go_on.wait(10)
            return real(project, job)

        session = account.prepared()
        job = account.ok(account.post(f"/training/{session}/start"))["id"]
        monkeypatch.setattr(narrow.studio.jobs, "_read", slow)
        asked = ("GET", f"/training/job/{job}?sync=true")
        thread = threading.Thread(target=account.call, args=asked)
        thread.start()
        assert waiting.wait(10)
        account.refused(account.call(*asked), 429)
        account.ok(account.get("/training"))
        go_on.set()
        thread.join()


def test_more_builds_than_the_bound_are_paced_and_change_nothing(
    narrow: EmbeddedStudio, new_account: Callable[..., Any]
) -> None:
    go_on, real = threading.Event(), narrow.studio.builder

    def wait(runs: Path, work_dir: Path) -> Path:
        go_on.wait(20)
        return real(runs, work_dir)

    narrow.studio.builder = wait
    with httpx2.Client(base_url=narrow.url, timeout=60) as http:
        account = new_account(12, narrow, http)
        sessions = [account.session(runs=12) for _ in range(3)]
        threads = [
            threading.Thread(target=account.post, args=(f"/training/{one}/build",))
            for one in sessions[:2]
        ]
        for thread, session in zip(threads, sessions, strict=False):
            thread.start()
            while account.ok(account.get(f"/training/{session}"))["status"] != "building":
                time.sleep(0.02)
        answer = account.post(f"/training/{sessions[2]}/build")
        account.refused(answer, 429)
        assert answer.headers["x-ratelimit-reason"] == "pacing"
        assert answer.headers["x-ratelimit-retry-ms"] == "2000"
        assert account.ok(account.get(f"/training/{sessions[2]}"))["status"] == "created"
        go_on.set()
        for thread in threads:
            thread.join(30)
        assert account.ok(account.post(f"/training/{sessions[2]}/build"))["dataset"]
