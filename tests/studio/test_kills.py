"""Dying by kill -9, the server and its database, under a load: all that was answered is true.

TRAINSET_KILLS says how often; hundreds take a quarter of an hour.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from pipeline.studio import import_into, new_key
from pipeline.studio.database import Database, place_of
from pipeline.studio.tables import jobs
from tests.postgres import SCHEMAS, Cluster
from tests.studio.load import Load, reconcile

PROGRAM = Path(__file__).with_name("counting_server.py")
READY = re.compile(r"Studio ready at (http://127\.0\.0\.1:\d+)\n\Z")
KILLS = int(os.environ.get("TRAINSET_KILLS", "4"))
CHANCE = random.Random(11)


@dataclass
class Server:
    """The Studio in a process of its own, whose provider counts."""

    folder: Path
    database: str | None
    process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        words = [sys.executable, str(PROGRAM), str(self.folder / "provider"), "studio", "serve"]
        words += ["--port", "0", "--data-dir", str(self.folder / "data")]
        environ = {name: value for name, value in os.environ.items() if "DATABASE" not in name}
        if self.database is not None:
            environ["TRAINSET_DATABASE"] = self.database
        with (self.folder / "errors").open("ab") as errors:
            self.process = subprocess.Popen(
                words, stdout=subprocess.PIPE, stderr=errors, text=True, env=environ
            )
        assert self.process.stdout is not None
        said = READY.match(self.process.stdout.readline())
        assert said is not None, (self.folder / "errors").read_text()
        return said[1]

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def handed_over(self) -> set[str]:
        """The keys of all that the provider ever got."""
        return {path.name for path in (self.folder / "provider").iterdir()}

    def jobs(self) -> list[Any]:
        """All jobs that were ever made."""
        database = Database(place_of(self.folder / "data", self.database))
        with database.read() as connection:
            found = list(connection.execute(select(jobs)))
        database.close()
        return found


@pytest.fixture
def make_server(
    tmp_path: Path, run_document: Callable[..., dict[str, Any]]
) -> Iterator[Callable[[str | None], tuple[Server, Load]]]:
    """A running server with runs, and a load for it."""
    made: list[Server] = []
    clients: list[httpx2.Client] = []

    def make(database: str | None) -> tuple[Server, Load]:
        server = Server(tmp_path, database)
        made.append(server)
        documents = [run_document(number) for number in range(300)]
        runs, listed = tmp_path / "runs.jsonl", tmp_path / "environments.json"
        runs.write_text("".join(json.dumps(document) + "\n" for document in documents))
        account = {"id": "e1", "name": "e", "provider": "test", "default_model": "m"}
        listed.write_text(json.dumps([account]))
        data = tmp_path / "data"
        report = import_into(data, runs, listed, "p", database=database)
        clients.append(httpx2.Client(timeout=60))
        key = new_key(data, "p", database)
        load = Load(clients[0], key, report.run_ids)
        load.url = server.start()
        load.sign_in()
        return server, load

    yield make
    for client in clients:
        client.close()
    for server in made:
        if server.process is not None and server.process.poll() is None:
            server.kill()


def check_jobs(server: Server, load: Load) -> None:
    """Every session that was started has one job, and the provider got it once."""
    made = server.jobs()
    assert max(Counter(row.session for row in made).values()) == 1
    started = {one.job for one in load.trained if one.job is not None}
    assert {row.id for row in made} == started
    sure = {one.job for one in load.trained if one.job is not None and not one.cancelling}
    assert sure <= server.handed_over() <= started
    assert "Traceback" not in (server.folder / "errors").read_text()


def until(load: Load, more: int) -> None:
    """Wait until the server has said yes that many times more."""
    least, ends = load.acknowledged + more, time.monotonic() + 20
    while load.acknowledged < least and time.monotonic() < ends:
        time.sleep(0.005)


def test_what_was_answered_is_true_after_the_server_was_killed(
    make_server: Callable[[str | None], tuple[Server, Load]], tmp_path: Path
) -> None:
    server, load = make_server(SCHEMAS and SCHEMAS.of(tmp_path))
    for _ in range(KILLS):
        with load.running():
            until(load, CHANCE.randint(5, 60))
            time.sleep(CHANCE.random() * 0.2)
            server.kill()
        load.url = server.start()
        load.sign_in()
        reconcile(load, whole=False)
    reconcile(load, whole=True)
    check_jobs(server, load)
    assert len(load.trained) >= KILLS
    assert load.added
    assert load.uploads


@pytest.mark.postgres
def test_what_was_answered_is_true_after_the_database_was_killed(
    make_server: Callable[[str | None], tuple[Server, Load]],
) -> None:
    with Cluster() as cluster:
        server, load = make_server(cluster.url)
        for at in range(KILLS):
            with load.running():
                until(load, CHANCE.randint(5, 60))
                cluster.stop()
                if at % 4 == 3:
                    server.kill()
                time.sleep(CHANCE.random() * 0.5)
                cluster.start()
                if at % 4 == 3:
                    load.over.set()
                else:
                    until(load, 20)
            if at % 4 == 3:
                load.url = server.start()
            load.sign_in()
            reconcile(load, whole=False)
        reconcile(load, whole=True)
        check_jobs(server, load)
        assert load.statuses[503] > 0
        assert cluster.password not in (server.folder / "errors").read_text()
        server.kill()
