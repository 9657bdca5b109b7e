"""Blocks of exported files: the same lines whoever reads them; a file that changes meanwhile."""

import gzip
from pathlib import Path

import pytest

from pipeline.build import line_blocks
from pipeline.build.pulling.sources import FileSlice, FileSource, LineBatch
from pipeline.errors import SourceUnreadable

LINES = [f'{{"id":"{number:05d}","text":"{"x" * (number % 40)}"}}' for number in range(400)]


def lines_of(source: FileSource) -> list[tuple[int, bytes]]:
    """Every line with its number, as the workers get them."""
    found = []
    for batch in source.batches(()):
        read = batch.read() if isinstance(batch, FileSlice) else batch
        assert isinstance(read, LineBatch)
        rows = read.data.removesuffix(b"\n").split(b"\n")
        found += list(enumerate(rows, read.first_line))
    return found


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_plain_file_is_read_by_the_workers_and_gives_what_a_packed_one_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", 1000)
    text = "\n".join(LINES) + end
    plain, packed = tmp_path / "runs.jsonl", tmp_path / "runs.jsonl.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    source = FileSource([str(plain)], 1 << 20)
    batches = list(source.batches(()))
    assert len(batches) > 5
    assert all(isinstance(batch, FileSlice) for batch in batches[:-1])
    assert lines_of(source) == lines_of(FileSource([str(packed)], 1 << 20))
    assert lines_of(source) == [(n, line.encode()) for n, line in enumerate(LINES, 1)]


def test_a_line_beyond_the_limit_is_left_out_and_the_others_keep_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", 1000)
    long = '{"id":"long","text":"' + "y" * 9000 + '"}'
    path = tmp_path / "runs.jsonl"
    path.write_text("\n".join([*LINES[:50], long, *LINES[50:]]) + "\n")
    found = dict(lines_of(FileSource([str(path)], 2000)))
    expected = dict(enumerate([*LINES[:50], "", *LINES[50:]], 1))
    assert {n: line.decode() for n, line in found.items()} == expected


def test_a_file_that_was_cut_while_it_was_read_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", 1000)
    path = tmp_path / "runs.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    last = [one for one in FileSource([str(path)], 1 << 20).batches(()) if one.index][-1]
    assert isinstance(last, FileSlice)
    path.write_text(LINES[0])
    with pytest.raises(SourceUnreadable, match="was cut while it was read"):
        last.read()
    path.unlink()
    with pytest.raises(SourceUnreadable, match="cannot be read"):
        last.read()


def test_a_packed_file_that_is_damaged_in_the_middle_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl.gz"
    packed = bytearray(gzip.compress("\n".join(LINES).encode()))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = b"\xff" * 40
    path.write_bytes(packed)
    with pytest.raises(SourceUnreadable, match="cannot be read to its end"):
        list(FileSource([str(path)], 1 << 20).batches(()))
