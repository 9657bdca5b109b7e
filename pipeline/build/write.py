"""The dataset: one JSONL file a split and format, in the order of the record ids.

Lines are made in the workers, from the `record` bytes, into spill files; then each output file is
put together from them in one pass, by record id. So the order depends on the content alone.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.build.progress import Progress
from pipeline.build.shelf import Shelf
from pipeline.digests import decode_record
from pipeline.engines import Engine
from pipeline.formats import get_format
from pipeline.manifest import DatasetFile, FileDigests
from pipeline.stages.shingles import I64
from pipeline.stages.split import SPLITS
from pipeline.storage import LocalStore

__all__ = ["DATASET", "write_format"]

DATASET = "dataset"
_BUFFER = 4 << 20


@dataclass(frozen=True, slots=True)
class _Spilled:
    """One part's lines in scratch, one after the other, and whose they are."""

    run_ids: list[str]
    record_ids: list[str]
    splits: list[str]
    lengths: list[int]


@dataclass(frozen=True, slots=True)
class _SpillPart:
    """Encodes one part's staying records into its spill file."""

    format: str
    records: Shelf
    divided: Shelf
    scratch: Path

    def __call__(self, part: int) -> _Spilled:
        splits = self.divided.read_part(part, ["split"])["split"]
        columns = ["run_id", "record_id", "record"]
        chosen = self.records.read_part(part, columns).filter(splits.is_valid())
        encode = get_format(self.format).encode
        lines = [encode(decode_record(data)) + b"\n" for data in chosen["record"].to_pylist()]
        _spill_path(self.scratch, part).write_bytes(b"".join(lines))
        return _Spilled(
            run_ids=chosen["run_id"].to_pylist(),
            record_ids=chosen["record_id"].to_pylist(),
            splits=splits.drop_null().to_pylist(),
            lengths=[len(line) for line in lines],
        )


@dataclass(frozen=True, slots=True)
class _Lines:
    """All spilled lines, in the order in which they are written."""

    run_ids: list[str]
    record_ids: list[str]
    part: I64
    start: I64
    length: I64

    def of(self, rows: I64) -> "_Lines":
        chosen = rows.tolist()
        return _Lines(
            run_ids=[self.run_ids[row] for row in chosen],
            record_ids=[self.record_ids[row] for row in chosen],
            part=self.part[rows],
            start=self.start[rows],
            length=self.length[rows],
        )


def write_format(
    name: str,
    store: LocalStore,
    *,
    records: Shelf,
    divided: Shelf,
    engine: Engine,
    scratch: Path,
    progress: Progress,
) -> tuple[DatasetFile, ...]:
    """Write one format's files under `dataset/<format>/`; what the manifest says of them."""
    manifest = divided.manifest()
    assert manifest is not None
    progress.begin(f"write {name}", manifest.tally.kept)
    work = _SpillPart(name, records, divided, scratch)
    spilled: list[_Spilled] = []
    for part in engine.map(work, range(len(manifest.rows))):
        spilled.append(part)
        progress.advance(len(part.run_ids))
    files, tables = [], []
    for split, lines in _by_split(spilled):
        path = f"{name}/{split}{get_format(name).file_suffix}"
        files.append(_assemble(store, path, name, split=split, lines=lines, scratch=scratch))
        tables.append(_lines_table(split, lines))
    files.append(_write_lines_table(store, f"{name}/lines.parquet", pa.concat_tables(tables)))
    size = sum(file.bytes for file in files)
    progress.end(f"write {name}", f"{manifest.tally.kept:,} lines, {size / 1e6:,.1f} MB")
    return tuple(files)


def _by_split(spilled: Sequence[_Spilled]) -> Iterator[tuple[str, _Lines]]:
    lengths = [np.array(part.lengths, np.int64) for part in spilled]
    lines = _Lines(
        run_ids=[one for part in spilled for one in part.run_ids],
        record_ids=[one for part in spilled for one in part.record_ids],
        part=np.repeat(np.arange(len(spilled)), [len(one) for one in lengths]),
        start=np.concatenate([np.cumsum(one) - one for one in lengths]),
        length=np.concatenate(lengths),
    )
    splits = [one for part in spilled for one in part.splits]
    order = sorted(range(len(splits)), key=lambda at: (lines.record_ids[at], lines.run_ids[at]))
    for split in SPLITS:
        rows = np.array([at for at in order if splits[at] == split], np.int64)
        if len(rows):
            yield split, lines.of(rows)


def _assemble(
    store: LocalStore, path: str, name: str, *, split: str, lines: _Lines, scratch: Path
) -> DatasetFile:
    digests = FileDigests()
    with store.open_write(f"{DATASET}/{path}") as file:
        for block in _blocks(lines, scratch):
            file.write(block)
            digests.update(block)
    return DatasetFile(
        path=path,
        format=name,
        split=split,
        lines=len(lines.run_ids),
        bytes=digests.bytes,
        sha256=digests.sha256,
        crc32c=digests.crc32c,
    )


def _blocks(lines: _Lines, scratch: Path) -> Iterator[bytes]:
    """The lines' bytes in order, a few megabytes at a time, read from the spill files."""
    with ExitStack() as stack:
        files = _SpillFiles(scratch, stack)
        block: list[bytes] = []
        size = 0
        for part, start, length in zip(
            lines.part.tolist(), lines.start.tolist(), lines.length.tolist(), strict=True
        ):
            block.append(os.pread(files[part], length, start))
            size += length
            if size >= _BUFFER:
                yield b"".join(block)
                block, size = [], 0
        yield b"".join(block)


class _SpillFiles(dict[int, int]):
    """Descriptors of the spill files, opened at first use, closed with the stack."""

    def __init__(self, scratch: Path, stack: ExitStack) -> None:
        super().__init__()
        self._scratch, self._stack = scratch, stack

    def __missing__(self, part: int) -> int:
        descriptor = os.open(_spill_path(self._scratch, part), os.O_RDONLY)
        self._stack.callback(os.close, descriptor)
        self[part] = descriptor
        return descriptor


def _spill_path(scratch: Path, part: int) -> Path:
    return scratch / f"lines-{part:05d}.jsonl"


def _lines_table(split: str, lines: _Lines) -> pa.Table:
    count = len(lines.run_ids)
    return pa.table(
        {
            "split": pa.array([split] * count, pa.string()),
            "line": pa.array(range(1, count + 1), pa.int64()),
            "run_id": pa.array(lines.run_ids, pa.string()),
            "record_id": pa.array(lines.record_ids, pa.string()),
        }
    )


def _write_lines_table(store: LocalStore, path: str, table: pa.Table) -> DatasetFile:
    with store.open_write(f"{DATASET}/{path}") as file:
        pq.write_table(table, file, compression="zstd", compression_level=1)
    digests = FileDigests.of_file(store.path(f"{DATASET}/{path}"))
    return DatasetFile(
        path=path,
        format=None,
        split=None,
        lines=table.num_rows,
        bytes=digests.bytes,
        sha256=digests.sha256,
        crc32c=digests.crc32c,
    )
