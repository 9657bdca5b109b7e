"""A running Studio with runs in it, for commands that talk to one."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from pipeline.client import StudioClient
from pipeline.studio import EmbeddedStudio

ENVIRONMENTS = """[
  {"id": "7e5700000000000000000001", "name": "rehearsals", "provider": "test",
   "default_model": "test-chat-1",
   "enabled_models": [{"id": "test-chat-1", "name": "test-chat-1", "provider": "test"}]}
]"""


@dataclass
class Served:
    """A Studio, how to reach it, and the session that holds the runs."""

    studio: EmbeddedStudio
    key: str
    session: str
    client: StudioClient

    @property
    def flags(self) -> list[str]:
        return ["--studio-url", self.studio.url, "--api-key", self.key, "--session", self.session]

    def jobs(self) -> int:
        """How many jobs were ever started."""
        with self.studio.studio.database.read() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar()
        return int(count or 0)


@pytest.fixture
def cutting_proxy() -> type["CuttingProxy"]:
    """The proxy's class, for tests that cannot import this file."""
    return CuttingProxy


@pytest.fixture
def served(
    tmp_path: Path,
    runs: list[dict[str, Any]],
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
) -> Iterator[Served]:
    environments = tmp_path / "environments.json"
    environments.write_text(ENVIRONMENTS)
    with EmbeddedStudio(tmp_path / "studio") as studio:
        report = studio.import_runs(write_runs(runs, "runs.jsonl"), environments)
        key = studio.create_key()
        with StudioClient(studio.url, api_key=key) as client:
            environment = client.environments.find("rehearsals")
            session = client.training.create("mail", environment.id, "test-chat-1")
            client.training.add_runs(session.id, report.run_ids)
            yield Served(studio, key, session.id, client)


class CuttingProxy:
    """Passes HTTP on to a server; the first answer to a path is cut off on its way back."""

    def __init__(self, port: int, path: bytes) -> None:
        self._server = ("127.0.0.1", port)
        self._path = path
        self.cut = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _begin(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._begin(self._serve, near)

    def _serve(self, near: socket.socket) -> None:
        far = socket.create_connection(self._server)
        cutting = threading.Event()
        self._begin(self._pump, far, near, cutting)
        with near, far:
            while asked := _received(near):
                if self._path in asked and not self.cut:
                    cutting.set()
                    self.cut += 1
                far.sendall(asked)

    def _pump(self, far: socket.socket, near: socket.socket, cutting: threading.Event) -> None:
        """Answers on their way back; the one to be cut closes the connection instead."""
        while answer := _received(far):
            if cutting.is_set():
                near.shutdown(socket.SHUT_RDWR)
                return
            near.sendall(answer)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""
