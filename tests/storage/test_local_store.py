"""The local store: whole files or none."""

from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.storage import LocalStore, open_store


def test_a_write_appears_whole_under_its_name(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.write_bytes("a/b.txt", b"words")
    assert store.exists("a/b.txt")
    assert store.read_bytes("a/b.txt") == b"words"
    assert store.names("a") == ["b.txt"]


def test_a_write_that_breaks_leaves_the_old_bytes_and_no_litter(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.write_bytes("a.txt", b"old")

    def break_off() -> None:
        with store.open_write("a.txt") as file:
            file.write(b"half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert store.read_bytes("a.txt") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_sweep_removes_what_a_killed_writer_left(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.write_bytes("a/part.parquet", b"whole")
    (tmp_path / "a" / ".part.parquet.77.tmp").write_bytes(b"ha")
    store.sweep()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["part.parquet"]


def test_buckets_say_that_they_are_not_built() -> None:
    with pytest.raises(UsageError, match="s3:// is not built yet"):
        open_store("s3://bucket/prefix")
