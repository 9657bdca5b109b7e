"""Tables of earlier versions brought up to date, and states saved and put back."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from alembic import command as alembic
from alembic.config import Config
from sqlalchemy import create_engine, text

import pipeline.studio
from pipeline.studio import EmbeddedStudio
from pipeline.studio.database import Database
from pipeline.studio.facts import equal_line, facts_of, present_line
from pipeline.studio.runs import row_of
from tests.postgres import Cluster, program

ROOT = Path(__file__).parents[2]
OLD = [
    {"id": "r1", "status": "failed", "ttl": 7, "kept": True, "interaction": "i1"},
    {"id": "r2", "finish_reason": None, "note": "a\nttl=7\n\x00\ud83d\ude00"},
    {"id": "r3", "interaction": {"id": "i2", "prompts": []}, "long": "x" * 5000},
]


def config(connection: Any) -> Config:
    made = Config()
    folder = Path(pipeline.studio.__file__).parent / "migrations"
    made.set_main_option("script_location", str(folder))
    made.attributes["connection"] = connection
    return made


def test_the_runs_of_an_earlier_version_are_found_by_their_fields(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'studio.db'}")
    with engine.begin() as connection:
        alembic.upgrade(config(connection), "0002")
        for document in OLD:
            row = row_of("p", json.dumps(document).encode())
            del row["facts"]
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO runs ({names}) VALUES ({values})"), row)
    engine.dispose()
    database = Database(tmp_path / "studio.db")
    with database.read() as connection:
        rows = connection.execute(text("SELECT id, facts FROM runs")).all()
        found = {row.id: row.facts for row in rows}
    database.close()
    for document in OLD:
        row = row_of("p", json.dumps(document).encode())
        assert found[row["id"]] == row["facts"]


@pytest.mark.parametrize(
    ("document", "name", "value"),
    [
        ({"a": 1}, "a", 1),
        ({"a": 1.0}, "a", 1),
        ({"a": 1}, "a", 1.0),
        ({"a": 1.50}, "a", 1.5),
        ({"a": True}, "a", True),
        ({"a": "é\n"}, "a", "é\n"),
        ({"a": "x" * 5000}, "a", "x" * 5000),
    ],
)
def test_a_field_is_found_by_what_it_equals(document: Any, name: str, value: Any) -> None:
    facts = row_of("p", json.dumps({"id": "r", **document}).encode())["facts"]
    assert equal_line(name, value) in facts
    assert present_line(name) in facts


@pytest.mark.parametrize(
    ("document", "name", "value"),
    [
        ({"a": True}, "a", 1),
        ({"a": "1"}, "a", 1),
        ({"a": None}, "a", "null"),
        ({"a": "x" * 5000}, "a", "x" * 4999),
        ({"a": [1]}, "a", "["),
        ({"b": "\na=1\n"}, "a", 1),
        ({"b": {"a": 1}}, "a", 1),
    ],
)
def test_a_field_is_not_found_by_anything_else(document: Any, name: str, value: Any) -> None:
    facts = row_of("p", json.dumps({"id": "r", **document}).encode())["facts"]
    assert equal_line(name, value) not in facts


def test_a_number_out_of_every_range_is_kept_as_it_is() -> None:
    assert row_of("p", b'{"id": "r", "n": 1e999}')["facts"].count("\nn=1e999\n") == 1
    assert facts_of({}) == "\n"


@pytest.mark.parametrize("name", ["id", "interaction"])
def test_an_id_that_no_index_holds_is_no_run(name: str) -> None:
    with pytest.raises(ValueError, match="500"):
        row_of("p", json.dumps({"id": "r", name: "x" * 501}).encode())


@pytest.fixture
def state(new_account: Callable[..., Any]) -> Callable[[EmbeddedStudio], Any]:
    """Put some of everything into a Studio; what it then says of it."""

    def make(studio: EmbeddedStudio) -> Any:
        with httpx2.Client(base_url=studio.url, timeout=60) as http:
            account = new_account(12, studio, http)
            session = account.prepared()
            account.ok(account.post(f"/training/{session}/add", {"runs": account.ids}))
            job = account.ok(account.post(f"/training/{session}/start"))["id"]
            account.ok(account.get(f"/training/job/{job}", sync="true"))
            return account, session, said(account, session)

    return make


def said(account: Any, session: str) -> Any:
    """All that a client sees of a session, whatever the server's address."""
    shown = account.ok(account.get(f"/training/{session}"))
    shown["dataset"] = shown["dataset"].rpartition("/")[2]
    url = account.ok(account.get(f"/training/{session}/url"))["url"]
    runs = account.post("/runs/find", {"query": {"_id": {"$in": shown["runs"]}}})
    return shown, account.http.get(url).content, account.ok(runs)


def served_again(account: Any, studio: EmbeddedStudio, session: str) -> Any:
    with httpx2.Client(base_url=studio.url, timeout=60) as http:
        account.http, account.studio = http, studio
        return said(account, session)


def run_block(title: str, **environ: object) -> None:
    """Run the block of docs/studio-database.md that begins with that comment."""
    page = (ROOT / "docs" / "studio-database.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"```sh\n(# {title}.*?)```", page, re.DOTALL)
    path = f"{Path(program('pg_dump')).parent}:{os.environ['PATH']}" if "URL" in environ else ""
    words = {name: str(value) for name, value in environ.items()}
    words["PATH"] = path or os.environ["PATH"]
    done = subprocess.run(
        ["sh", "-ec", block], env=words, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_backup_of_sqlite_is_put_back_whole(
    tmp_path: Path, state: Callable[[EmbeddedStudio], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pipeline.studio.database.place.default_place", lambda data_dir: data_dir / "studio.db"
    )
    data, again, backup = (tmp_path / name for name in ("data", "again", "backup"))
    again.mkdir()
    backup.mkdir()
    with EmbeddedStudio(data) as studio:
        account, session, before = state(studio)
        run_block("back up: SQLite", DATA=data, BACKUP=backup)
    run_block("restore: SQLite", DATA=again, BACKUP=backup)
    with EmbeddedStudio(again) as studio:
        assert served_again(account, studio, session) == before


@pytest.mark.postgres
def test_a_backup_of_postgres_is_put_back_whole(
    tmp_path: Path, state: Callable[[EmbeddedStudio], Any]
) -> None:
    data, again, backup = (tmp_path / name for name in ("data", "again", "backup"))
    again.mkdir()
    backup.mkdir()
    with Cluster() as cluster:
        url, second = cluster.url, cluster.url.replace("/postgres", "/again")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE again")
        engine.dispose()
        with EmbeddedStudio(data, database=url) as studio:
            account, session, before = state(studio)
            plain = url.replace("+psycopg", "")
            run_block("back up: PostgreSQL", DATA=data, BACKUP=backup, URL=plain)
        plain = second.replace("+psycopg", "")
        run_block("restore: PostgreSQL", DATA=again, BACKUP=backup, URL=plain)
        with EmbeddedStudio(again, database=second) as studio:
            assert served_again(account, studio, session) == before
