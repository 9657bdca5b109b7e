"""The state in PostgreSQL: what is refused, what passes, and two servers on one database."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import create_engine, insert, select, text, update

from pipeline.errors import AuthRefused, Busy, NotFound, UsageError
from pipeline.studio import EmbeddedStudio, import_into
from pipeline.studio.database import Database
from pipeline.studio.jobs import create_job
from pipeline.studio.sessions import get_row
from pipeline.studio.tables import jobs, servers, sessions
from pipeline.trainers import TRAINERS, Submission, TrainerState
from tests.postgres import Cluster, Schemas

SECRET = "pw-5ecret"
WRONG = [
    f"postgresql+psycopg://u:{SECRET}@host:no/db",
    f"postgresql+psycopg://u:{SECRET}@host/a/b",
    f"postgresql+psycopg://u@host:{SECRET}/db",
    f"postgresql+psycopg://u:{SECRET}@host/db?row_factory=x",
    f"postgresql+psycopg://u:{SECRET}@host",
    f"postgresql+psycopg://u:{SECRET}@host/",
    f"mysql://u:{SECRET}@host/db",
    f"sqlite:///{SECRET}.db",
    f"{SECRET}",
    "",
]


@pytest.mark.parametrize("url", WRONG)
def test_a_url_that_is_none_is_wrong_usage_and_not_quoted(
    tmp_path: Path, url: str, command: Callable[..., Any]
) -> None:
    done = command("studio", "key", "--project", "p", "--data-dir", tmp_path, "--database", url)
    assert done.returncode == 2
    assert SECRET not in done.stderr + done.stdout
    assert "postgresql+psycopg://USER@HOST:PORT/DATABASE" in done.stderr


def test_a_word_that_libpq_does_not_know_is_told(
    tmp_path: Path, command: Callable[..., Any]
) -> None:
    url = f"postgresql://u:{SECRET}@127.0.0.1:1/db?nonsense={SECRET}"
    done = command("studio", "key", "--project", "p", "--data-dir", tmp_path, "--database", url)
    assert done.returncode == 4
    assert SECRET not in done.stderr + done.stdout
    assert "cannot be used" in done.stderr


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_a_database_that_is_not_there_is_tried_later(
    tmp_path: Path, command: Callable[..., Any], scheme: str
) -> None:
    url = f"{scheme}://u:{SECRET}@127.0.0.1:1/db"
    words = ["--data-dir", tmp_path / "data", "--port", "0"]
    done = command("studio", "serve", *words, "--database", url)
    assert done.returncode == 75
    assert SECRET not in done.stderr + done.stdout
    assert "the PostgreSQL database db at 127.0.0.1:1: does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_extra_the_pip_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"pip install 'trainset\[postgres\]'"):
        Database("postgresql+psycopg://u@127.0.0.1/db")


@pytest.mark.postgres
def test_a_wrong_password_and_a_missing_database_are_told_apart(schemas: Schemas) -> None:
    password = str(create_engine(schemas.url).url.password)
    for url, kind in (
        (schemas.url.replace(password, SECRET), AuthRefused),
        (schemas.url.rpartition("/")[0] + "/nosuch", NotFound),
    ):
        with pytest.raises(kind) as told:
            Database(url)
        assert password not in str(told.value)
        assert SECRET not in str(told.value)
        assert told.value.__suppress_context__


@pytest.mark.postgres
def test_text_is_what_it_was_and_sorts_byte_by_byte(account: Any) -> None:
    names = ["a\0b", "\0", "\x01", "\x010", "\x01\x01\0", "é", "Z", "a", "_"]
    for name in names:
        body = {"name": f"n{name}", "env": account.env, "model": "test-chat-1"}
        made = account.ok(account.post("/training", body))
        assert account.ok(account.get(f"/training/{made['id']}"))["name"] == f"n{name}"
    moment = "2026-05-01T00:00:00.000Z"
    documents = [{"id": f"sort-{name}", "updated_at": moment, "modelId": name} for name in names]
    account.load(documents)
    listed = [run["id"] for run in account.ok(account.get("/runs", limit=9))]
    assert listed == sorted(listed)
    for name in names:
        found = account.ok(account.get("/runs", model=name))
        assert [run["id"] for run in found] == [f"sort-{name}"]


@pytest.mark.postgres
def test_a_write_waits_for_one_of_the_same_and_not_for_another(
    tmp_path: Path, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.studio.database.postgres._PATIENCE", 0.2)
    one, other = (Database(schemas.of(tmp_path)) for _ in range(2))
    with one.write(of="a"):
        for of in ("a", None):
            with pytest.raises(Busy), other.write(of=of):
                pass
        with other.write(of="b"):
            pass
    with one.write():
        for of in ("a", None):
            with pytest.raises(Busy), other.write(of=of):
                pass
        with other.read() as connection:
            assert connection.execute(select(jobs)).all() == []
    with other.write(of="a"), one.write(of="b"):
        pass
    one.close()
    other.close()


@pytest.mark.postgres
def test_a_commit_is_on_the_disk_even_where_the_server_would_not_wait(
    tmp_path: Path, schemas: Schemas
) -> None:
    database = Database(schemas.of(tmp_path) + "%20-csynchronous_commit%3Doff")
    with database.read() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "off"
    with database.write() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "local"
    database.close()


@pytest.fixture
def narrow(schemas: Schemas, tmp_path: Path) -> Iterator[str]:
    """The URL of a user that may have one connection."""
    engine = create_engine(schemas.url, isolation_level="AUTOCOMMIT")
    name = f"narrow_{secrets.token_hex(4)}"
    with engine.connect() as connection:
        made = f"CREATE ROLE {name} LOGIN PASSWORD 'narrow' CONNECTION LIMIT 1"
        connection.exec_driver_sql(made)
        schema = schemas.of(tmp_path).partition("%3D")[2]
        connection.exec_driver_sql(f"GRANT ALL ON SCHEMA {schema} TO {name}")
    url = engine.url.set(username=name, password="narrow")
    shown = url.render_as_string(hide_password=False)
    yield f"{shown}?options=-csearch_path%3D{schema}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {name}")
        connection.exec_driver_sql(f"DROP ROLE {name}")
    engine.dispose()


@pytest.mark.postgres
def test_no_room_for_a_connection_is_told_and_passes(narrow: str) -> None:
    database = Database(narrow)
    database.close()
    with database.read(), pytest.raises(Busy, match="no room"), database.read():
        pass
    with database.read() as connection:
        assert connection.execute(select(jobs)).all() == []
    database.close()


@dataclass
class Pair:
    """Two Studios on one database, with one key, and a client of each."""

    studios: list[EmbeddedStudio]
    https: list[httpx2.Client]
    accounts: list[Any]

    def call(self, at: int, method: str, path: str, body: Any = None) -> httpx2.Response:
        account = self.accounts[at % 2]
        return account.post(path, body) if method == "POST" else account.get(path)


@pytest.fixture
def pair(tmp_path: Path, schemas: Schemas, new_account: Callable[..., Any]) -> Iterator[Pair]:
    """Two servers of a team: one database, one folder of objects."""
    url = schemas.of(f"pair {tmp_path}")
    (tmp_path / "a" / "objects").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "objects").symlink_to(tmp_path / "a" / "objects")
    with ExitStack() as stack:
        studios = [
            stack.enter_context(EmbeddedStudio(tmp_path / name, database=url)) for name in "ab"
        ]
        https = [
            stack.enter_context(httpx2.Client(base_url=one.url, timeout=60)) for one in studios
        ]
        first = new_account(40, studios[0], https[0])
        second = copy(first)
        second.studio, second.http = studios[1], https[1]
        answer = https[1].post("/token/issue", headers={"Authorization": f"Bearer {first.key}"})
        second.token = answer.json()["token"]
        yield Pair(studios, https, [first, second])


class Provider:
    """Counts what is handed over, and who looks at one submission at the same time."""

    def __init__(self) -> None:
        self.handed: Counter[str] = Counter()
        self.together = 0
        self.over = threading.Event()
        self._looking: Counter[str] = Counter()
        self._lock = threading.Lock()

    def look(self, submission: Submission, now: int) -> TrainerState:
        del now
        with self._lock:
            self.handed[submission.key] += submission.key not in self.handed
            self._looking[submission.key] += 1
            self.together = max(self.together, self._looking[submission.key])
        time.sleep(0.01)
        with self._lock:
            self._looking[submission.key] -= 1
        return TrainerState("completed" if self.over.is_set() else "running", model="m")


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    made = Provider()
    monkeypatch.setitem(TRAINERS, "test", made)
    return made


@pytest.mark.postgres
def test_two_servers_start_one_job_and_one_of_them_looks_after_it(
    pair: Pair, provider: Provider
) -> None:
    started = []
    for _ in range(3):
        session = pair.accounts[0].prepared()
        with ThreadPoolExecutor(20) as pool:
            path = f"/training/{session}/start"
            answers = list(pool.map(lambda at: pair.call(at, "POST", path), range(20)))  # noqa: B023
        found = {pair.accounts[0].ok(answer)["id"] for answer in answers}
        assert len(found) == 1
        started += found
    time.sleep(0.5)
    provider.over.set()
    for job in started:
        for account in pair.accounts:
            assert account.ok(account.get(f"/training/job/{job}", sync="true"))["model"] == "m"
    assert sorted(provider.handed) == sorted(started)
    assert provider.together == 1


@pytest.mark.postgres
def test_two_servers_lose_no_add(pair: Pair) -> None:
    first = pair.accounts[0]
    session = first.session()
    with ThreadPoolExecutor(20) as pool:
        path = f"/training/{session}/add"
        parts = [first.ids[at : at + 3] for at in range(len(first.ids))]
        for answer in pool.map(
            lambda at: pair.call(at, "POST", path, {"runs": parts[at]}), range(len(parts))
        ):
            first.ok(answer)
    for account in pair.accounts:
        runs = account.ok(account.get(f"/training/{session}"))["runs"]
        assert sorted(runs) == sorted(first.ids)
        assert len(runs) == len(set(runs))


@pytest.mark.postgres
def test_a_job_whose_server_is_dead_goes_to_one_of_those_that_live(
    pair: Pair, provider: Provider
) -> None:
    database = pair.studios[0].studio.database
    made = []
    for _ in range(6):
        session = pair.accounts[0].prepared()
        with database.write() as connection:
            row = get_row(connection, pair.accounts[0].project, session)
            made.append(create_job(connection, row, "test", "a-server-that-died"))
    deadline = time.monotonic() + 20
    while len(provider.handed) < 6 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    with database.read() as connection:
        held = set(connection.execute(select(jobs.c.holder)).scalars())
    assert held <= {one.studio.presence.id for one in pair.studios}
    assert sorted(provider.handed) == sorted(made)
    assert provider.together == 1
    provider.over.set()


@pytest.mark.postgres
def test_a_job_and_a_build_of_a_server_that_lives_are_left_to_it(
    pair: Pair, provider: Provider
) -> None:
    first = pair.studios[0].studio
    session, building = pair.accounts[0].prepared(), pair.accounts[0].session()
    with first.database.write() as connection:
        connection.execute(insert(servers).values(id="far", until=10**15))
        row = get_row(connection, pair.accounts[0].project, session)
        create_job(connection, row, "test", "far")
        busy = update(sessions).where(sessions.c.id == building)
        connection.execute(busy.values(status="building", builder="far"))
    time.sleep(1.5)
    for one in pair.studios:
        one.studio.presence._live()
    assert not provider.handed
    shown = pair.accounts[1].ok(pair.accounts[1].get(f"/training/{building}"))
    assert shown["status"] == "building"
    with first.database.write() as connection:
        connection.execute(update(servers).where(servers.c.id == "far").values(until=1))
    pair.studios[1].studio.presence._live()
    shown = pair.accounts[1].ok(pair.accounts[1].get(f"/training/{building}"))
    assert shown["status"] == "created"
    deadline = time.monotonic() + 10
    while not provider.handed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(provider.handed) == 1
    provider.over.set()


@pytest.mark.postgres
def test_a_server_that_was_cut_off_looks_after_nothing(pair: Pair, provider: Provider) -> None:
    presence = pair.studios[0].studio.presence
    presence._good_until = 0.0
    session = pair.accounts[0].prepared()
    job = pair.accounts[0].ok(pair.accounts[0].post(f"/training/{session}/start"))["id"]
    time.sleep(1.5)
    assert job not in provider.handed
    presence._live()
    provider.over.set()
    ended = pair.accounts[0].ok(pair.accounts[0].get(f"/training/job/{job}", sync="true"))
    assert ended["status"] == "completed"


@pytest.mark.postgres
def test_a_server_that_stops_hands_its_jobs_over_at_once(
    tmp_path: Path, schemas: Schemas, new_account: Callable[..., Any], provider: Provider
) -> None:
    url = schemas.of(f"handed {tmp_path}")
    (tmp_path / "a" / "objects").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "objects").symlink_to(tmp_path / "a" / "objects")
    with EmbeddedStudio(tmp_path / "b", database=url) as stays:
        with (
            EmbeddedStudio(tmp_path / "a", database=url) as goes,
            httpx2.Client(base_url=goes.url) as http,
        ):
            account = new_account(1, goes, http)
            session = account.prepared()
            job = account.ok(account.post(f"/training/{session}/start"))["id"]
        deadline = time.monotonic() + 10
        holder = None
        while holder != stays.studio.presence.id and time.monotonic() < deadline:
            time.sleep(0.05)
            with stays.studio.database.read() as connection:
                query = select(jobs.c.holder).where(jobs.c.id == job)
                holder = connection.execute(query).scalar_one()
        assert holder == stays.studio.presence.id
        provider.over.set()
    assert list(provider.handed) == [job]


@pytest.mark.postgres
def test_servers_that_start_at_once_make_the_tables_once(tmp_path: Path, schemas: Schemas) -> None:
    url = schemas.of(f"many {tmp_path}")
    with ThreadPoolExecutor(4) as pool:
        for database in pool.map(lambda _: Database(url), range(4)):
            database.close()
    (tmp_path / "runs.jsonl").write_text('{"id": "r1"}\n')
    assert import_into(tmp_path, tmp_path / "runs.jsonl", None, "p", database=url).problems == []


@pytest.mark.postgres
def test_while_the_database_is_away_all_is_503_and_then_good_again(
    tmp_path: Path, new_account: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with (
        Cluster() as cluster,
        EmbeddedStudio(tmp_path / "data", database=cluster.url) as studio,
        httpx2.Client(base_url=studio.url, timeout=60) as http,
    ):
        account = new_account(3, studio, http)
        session = account.prepared()
        upload = account.ok(account.get(f"/training/{session}/upload-url", resumable="true"))["url"]
        key = {"Authorization": f"Bearer {account.key}"}
        body = {"name": "n", "env": account.env, "model": "test-chat-1"}
        calls: list[Callable[[], httpx2.Response]] = [
            lambda: account.get("/training"),
            lambda: account.get(f"/training/job/{session}"),
            lambda: account.post("/training", body),
            lambda: account.post(f"/training/{session}/add", {"runs": account.ids}),
            lambda: account.post(f"/training/{session}/build"),
            lambda: account.post(f"/training/{session}/start"),
            lambda: http.post("/token/issue", headers=key),
            lambda: http.put(upload, content=b"x"),
            lambda: http.get(account.ok_url),
        ]
        account.ok_url = account.ok(account.get(f"/training/{session}/url"))["url"]
        cluster.stop()
        for call in calls * 2:
            answer = call()
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) >= 1
            assert "PostgreSQL" in answer.json()["message"]
            assert cluster.password not in answer.text
        cluster.start()
        for call in calls:
            assert call().status_code in (200, 404, 409)
    assert "Traceback" not in caplog.text
    assert cluster.password not in caplog.text
