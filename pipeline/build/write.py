"""The dataset: one JSONL file a split and format, in the order of the record ids.

Lines were made in the workers, from the `record` bytes, into the spill; here each output file is
put together from them in one pass, by record id. So the order depends on the content alone.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.build.progress import Progress
from pipeline.build.shelf import Shelf
from pipeline.build.spill import Spill
from pipeline.engines import Engine
from pipeline.formats import get_format
from pipeline.manifest import DatasetFile, FileDigests
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.split import SPLITS
from pipeline.storage import LocalStore

__all__ = ["DATASET", "write_format", "write_table"]

DATASET = "dataset"
_BLOCK = 8 << 20
_NO_LINES = pa.table({name: pa.array([], pa.string()) for name in ("run_id", "record_id")})
"""Of a build that keeps nothing; only a gate may refuse it."""


@dataclass(frozen=True, slots=True)
class _StayingLines:
    """Tells of one part's staying records where their lines lie."""

    format: str
    records: Shelf
    divided: Shelf
    spill: Spill

    def __call__(self, part: int) -> pa.Table:
        """Columns run_id, record_id, split, part, start and length (in bytes)."""
        splits = self.divided.read_part(part, ["split"])["split"]
        table = self.records.read_part(part, ["run_id", "record_id"])
        sizes = self.spill.line_sizes(self.format, part)
        columns = {
            "split": splits.dictionary_encode(),
            "part": pa.array(np.full(len(sizes), part, np.int32)),
            "start": pa.array(np.cumsum(sizes) - sizes),
            "length": pa.array(sizes),
        }
        for name, column in columns.items():
            table = table.append_column(name, column)
        return table.filter(splits.is_valid())


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where the lines of one file lie, in the order in which they are written."""

    format: str
    spill: Spill
    part: I64
    start: I64
    length: I64

    def blocks(self) -> Iterator[bytes]:
        """Their bytes, a few megabytes at a time."""
        ends = np.cumsum(self.length)
        first = 0
        while first < len(ends):
            base = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, base + _BLOCK, side="right")))
            yield self._read(slice(first, last))
            first = last

    def _read(self, span: slice) -> bytes:
        part, start, length = self.part[span], self.start[span], self.length[span]
        target = np.cumsum(length) - length
        block = bytearray(int(length.sum()))
        view = memoryview(block)
        order = np.argsort(part, kind="stable")
        parts, begins = np.unique(part[order], return_index=True)
        for number, places in zip(parts.tolist(), np.split(order, begins[1:]), strict=True):
            descriptor = os.open(self.spill.lines_path(self.format, number), os.O_RDONLY)
            try:
                columns = (target[places], start[places], length[places])
                for to, begin, size in zip(*(one.tolist() for one in columns), strict=True):
                    os.preadv(descriptor, [view[to : to + size]], begin)
            finally:
                os.close(descriptor)
        return bytes(block)


def write_format(
    name: str,
    store: LocalStore,
    *,
    records: Shelf,
    divided: Shelf,
    spill: Spill,
    engine: Engine,
    progress: Progress,
) -> tuple[DatasetFile, ...]:
    """Write one format's files under `dataset/<format>/`; what the manifest says of them."""
    manifest = divided.manifest()
    assert manifest is not None
    progress.begin(f"write {name}", manifest.tally.kept)
    tables = list(
        engine.map(_StayingLines(name, records, divided, spill), range(len(manifest.rows)))
    )
    files, listed = [], []
    for split, table in _by_split(pa.concat_tables(tables).unify_dictionaries()):
        path = f"{name}/{split}{get_format(name).file_suffix}"
        numbers = (table[column].to_numpy() for column in ("part", "start", "length"))
        lines = _Lines(name, spill, *numbers)
        files.append(_assemble(store, path, split, lines))
        listed.append(_lines_table(split, table))
        progress.advance(table.num_rows)
    lines_of_all = pa.concat_tables(listed or [_lines_table("", _NO_LINES)])
    files.append(write_table(store, f"{name}/lines.parquet", lines_of_all))
    size = sum(file.bytes for file in files)
    progress.end(f"write {name}", f"{manifest.tally.kept:,} lines, {size / 1e6:,.1f} MB")
    return tuple(files)


def _by_split(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Each split with its lines, in the order of record and run ids."""
    order = pc.sort_indices(table, sort_keys=[("record_id", "ascending"), ("run_id", "ascending")])
    table = table.take(order)
    for split in SPLITS:
        chosen = table.filter(pc.equal(table["split"].cast(pa.string()), split))
        if chosen.num_rows:
            yield split, chosen


def _assemble(store: LocalStore, path: str, split: str, lines: _Lines) -> DatasetFile:
    digests = FileDigests()

    def take(block: bytes) -> None:
        file.write(block)
        digests.update(block)

    prefix = get_format(lines.format).file_prefix
    with (
        store.open_write(f"{DATASET}/{path}") as file,
        ThreadPoolExecutor(1, thread_name_prefix="write") as writer,
    ):
        waiting: Future[None] | None = writer.submit(take, prefix) if prefix else None
        for block in lines.blocks():
            if waiting is not None:
                waiting.result()
            waiting = writer.submit(take, block)
        if waiting is not None:
            waiting.result()
    return DatasetFile(
        path=path,
        format=lines.format,
        split=split,
        lines=len(lines.length),
        bytes=digests.bytes,
        sha256=digests.sha256,
        crc32c=digests.crc32c,
    )


def _lines_table(split: str, table: pa.Table) -> pa.Table:
    count = table.num_rows
    return pa.table(
        {
            "split": pa.array([split] * count, pa.string()),
            "line": pa.array(np.arange(1, count + 1)),
            "run_id": table["run_id"],
            "record_id": table["record_id"],
        }
    )


def write_table(store: LocalStore, path: str, table: pa.Table) -> DatasetFile:
    """Write a table into the dataset; what the manifest says of it."""
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
