"""Imports from files, and the tables that hold them."""

import gzip
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from pipeline.errors import Busy, IntegrityError, SourceUnreadable
from pipeline.studio import EmbeddedStudio, ImportReport, import_into, new_key
from pipeline.studio.database import Database, place_of
from pipeline.studio.tables import metadata, runs

GOOD = [{"id": f"r{number}", "result": "é"} for number in range(5)]


def lines(documents: list[Any]) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents).encode()


def imported(folder: Path, name: str, data: bytes) -> ImportReport:
    path = folder / name
    path.write_bytes(data)
    return import_into(folder / "data", path, None, "p")


def stored(folder: Path) -> dict[str, bytes]:
    database = Database(place_of(folder / "data", None))
    query = select(runs.c.id, runs.c.raw).where(runs.c.project == "p")
    with database.read() as connection:
        found = {row.id: row.raw for row in connection.execute(query)}
    database.close()
    return found


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "runs.jsonl": bytes,
    "runs.jsonl.gz": gzip.compress,
    "runs.jsonl.zst": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("name", PACKERS)
def test_every_packing_is_read(tmp_path: Path, name: str) -> None:
    pack = PACKERS[name]
    report = imported(tmp_path, name, pack(lines(GOOD[:3])) + pack(lines(GOOD[3:])))
    assert report == ImportReport([run["id"] for run in GOOD], [])
    assert stored(tmp_path) == {run["id"]: lines([run]).strip() for run in GOOD}


def test_lines_that_are_no_runs_are_named_and_skipped(tmp_path: Path) -> None:
    bad = [b"nonsense", b"[]", b'{"id": 7}', b'{"x": 1}', b'{"id": ""}', b'{"id": "\xff"}']
    bad += [b'{"id": "n", "x": NaN}', b"[" * 100_000, b'{"id": "a"']
    report = imported(
        tmp_path, "runs.jsonl", b"\xef\xbb\xbf" + lines(GOOD) + b"\n" + b"\n".join(bad)
    )
    assert report.run_ids == [run["id"] for run in GOOD]
    assert [problem.split(": ")[0] for problem in report.problems] == [
        f"runs.jsonl:{number}" for number in range(7, 7 + len(bad))
    ]


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    report = imported(tmp_path, "runs.jsonl", b"x\n" * 50)
    assert len(report.problems) == 21
    assert report.problems[-1] == "runs.jsonl: 30 more lines are no runs"


def test_importing_again_replaces(tmp_path: Path) -> None:
    imported(tmp_path, "runs.jsonl", lines(GOOD))
    newer = {**GOOD[0], "result": "new"}
    report = imported(tmp_path, "runs.jsonl", lines([newer, GOOD[1], newer]))
    assert report.run_ids == ["r0", "r1"]
    assert len(stored(tmp_path)) == 5
    assert json.loads(stored(tmp_path)["r0"])["result"] == "new"


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.gz", b"no gzip"), ("a.zst", b"no zstd"), ("b.gz", gzip.compress(lines(GOOD) * 99)[:-9])],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(SourceUnreadable, match=name):
        imported(tmp_path, name, data)
    with pytest.raises(SourceUnreadable, match="none"):
        import_into(tmp_path / "data", tmp_path / "none.jsonl", None, "p")


@pytest.mark.parametrize("data", [b"{}", b"[{}]", b"\xff", b"no", b"[" * 100_000])
def test_bad_environments_are_told(tmp_path: Path, data: bytes) -> None:
    runs, environments = tmp_path / "runs.jsonl", tmp_path / "environments.json"
    runs.write_bytes(lines(GOOD))
    environments.write_bytes(data)
    with pytest.raises(SourceUnreadable, match="environments"):
        import_into(tmp_path / "data", runs, environments, "p")
    environments.write_bytes(b"[]")
    assert import_into(tmp_path / "data", runs, environments, "p").problems == []


def test_import_and_keys_work_while_the_server_runs(tmp_path: Path) -> None:
    with EmbeddedStudio(tmp_path / "data") as studio:
        assert imported(tmp_path, "runs.jsonl", lines(GOOD)).problems == []
        assert new_key(tmp_path / "data", "p").startswith("sk-")
        assert len(stored(tmp_path)) == 5
        assert studio.url


def test_the_migrations_make_the_tables(tmp_path: Path) -> None:
    database = Database(place_of(tmp_path, None))
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    imported(tmp_path, "runs.jsonl", lines(GOOD))
    for _ in range(2):
        database = Database(place_of(tmp_path / "data", None))
        database.close()
    assert len(stored(tmp_path)) == 5


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    database = Database(place_of(tmp_path, None))
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(IntegrityError, match="9999") as told:
        Database(place_of(tmp_path, None))
    assert "newer" in str(told.value)
    with pytest.raises(IntegrityError), EmbeddedStudio(tmp_path):
        pass


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "studio.db").write_bytes(b"this is no database, but long enough to be one" * 99)
    with pytest.raises(IntegrityError, match=r"studio\.db"):
        Database(tmp_path / "studio.db")


def test_a_database_that_another_program_holds_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.studio.database.sqlite._BUSY_MS", 50)
    holder = sqlite3.connect(tmp_path / "studio.db", isolation_level=None)
    database = Database(tmp_path / "studio.db")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy), database.write():
        pass
    holder.execute("ROLLBACK")
    with database.write():
        pass
    holder.close()
    database.close()
