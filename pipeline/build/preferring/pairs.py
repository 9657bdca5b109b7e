"""Which preferences there are, where their records lie, and the order of their lines.

The pairs were written beside the fourth shelf. The records of both sides are laid aside by the
workers, part by part, so that a pair can be made whichever parts its two runs are in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.build.comparing.conflicts import PREFERENCES
from pipeline.build.ledger_file import Shelves
from pipeline.build.shelf import Shelf
from pipeline.engines import Engine
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.split import SPLITS
from pipeline.storage import LocalStore

__all__ = ["KEYS", "SIDES", "Laid", "find_pairs", "lay_aside", "read_pairs"]

SIDES = ("chosen", "rejected")
KEYS = ("chosen_run_id", "chosen_record_id", "rejected_run_id", "rejected_record_id")
_ORDER = ("chosen_record_id", "rejected_record_id", "chosen_run_id", "rejected_run_id")
_NEEDED = "needed.arrow"


@dataclass(frozen=True, slots=True)
class Laid:
    """Where the records of some runs were laid aside: one entry a run in every column."""

    folder: Path
    part: I64
    start: I64
    length: I64
    """In bytes, in `records-<part>` of the folder."""
    split: pa.Array
    """Null where the run is in no split."""

    def path(self, part: int) -> Path:
        """The file of one part's records."""
        return _path(self.folder, part)

    def of_pairs(self, pairs: I64) -> "Laid":
        """The two entries of each of some pairs, where entries 2 n and 2 n + 1 are pair n."""
        both = np.stack([pairs * 2, pairs * 2 + 1], axis=1).ravel()
        split = self.split.take(pa.array(both))
        return Laid(self.folder, self.part[both], self.start[both], self.length[both], split)


def read_pairs(store: LocalStore) -> pa.Table:
    """Run and record ids of both sides of every preference (`KEYS`)."""
    return pq.ParquetFile(store.path(PREFERENCES)).read(columns=list(KEYS)).combine_chunks()


def find_pairs(shelves: Shelves, engine: Engine, folder: Path) -> tuple[pa.Table, Laid]:
    """The preferences in the order of their lines, and where their records lie.

    Columns: those of `KEYS`, and `split`, the side of the preferred run, null where it left. Of
    row n the preferred record is entry 2 n, the other one entry 2 n + 1.
    """
    pairs = read_pairs(shelves.pulled.store)
    manifest = shelves.records.manifest()
    assert manifest is not None
    laid = lay_aside(
        pairs,
        shelves.records,
        shelves.divided,
        range(len(manifest.rows)),
        engine=engine,
        folder=folder,
    )
    pairs = pairs.append_column("split", laid.split.take(pa.array(np.arange(0, len(laid.part), 2))))
    rank = pc.index_in(pairs["split"], pa.array(SPLITS, pa.string()))
    keys = [("rank", "ascending"), *((name, "ascending") for name in _ORDER)]
    order = pc.sort_indices(pairs.append_column("rank", rank), sort_keys=keys).to_numpy()
    return pairs.take(pa.array(order)), laid.of_pairs(order.astype(np.int64))


def lay_aside(
    pairs: pa.Table,
    records: Shelf,
    divided: Shelf,
    parts: Sequence[int],
    *,
    engine: Engine,
    folder: Path,
) -> Laid:
    """The records of both sides of every pair, in the order of the pairs; preferred ones first.

    A run that is not there has the part -1.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sides = [_keys_of(pairs[f"{side}_run_id"], pairs[f"{side}_record_id"]) for side in SIDES]
    asked = pa.concat_arrays(sides)
    needed = pc.unique(asked)
    with pa.ipc.new_file(folder / _NEEDED, pa.schema([("key", needed.type)])) as file:
        file.write_table(pa.table({"key": needed}))
    part, start, length = (np.full(len(needed), -1, np.int64) for _ in range(3))
    split = np.full(len(needed), -1, np.int64)
    work = engine.map(_LayPart(records, divided, folder), parts)
    for number, (at, begins, sizes, sides_of) in zip(parts, work, strict=True):
        part[at], start[at], length[at], split[at] = number, begins, sizes, sides_of
    at = pc.index_in(asked, needed).to_numpy().reshape(2, -1).T.ravel()
    names = pa.array(SPLITS, pa.string()).take(pa.array(split[at], mask=split[at] < 0))
    return Laid(folder, part[at], start[at], length[at], names)


def _keys_of(run_ids: pa.ChunkedArray, record_ids: pa.ChunkedArray) -> pa.Array:
    """One string a run that no other run has: an id may be met twice with other records."""
    strings = (pc.cast(one, pa.large_string()) for one in (record_ids, run_ids))
    joined = pc.binary_join_element_wise(*strings, pa.scalar(" ", pa.large_string()))
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _path(folder: Path, part: int) -> Path:
    return folder / f"records-{part:05d}"


@dataclass(frozen=True, slots=True)
class _LayPart:
    """Lays aside what is needed of one part."""

    records: Shelf
    divided: Shelf
    folder: Path

    def __call__(self, part: int) -> tuple[I64, I64, I64, I64]:
        """Which of the needed runs are in the part; start, length and split of each."""
        with pa.memory_map(str(self.folder / _NEEDED)) as file:
            needed = pa.ipc.open_file(file).read_all()["key"]
            ids = self.records.read_part(part, ["run_id", "record_id"])
            at = pc.index_in(_keys_of(ids["run_id"], ids["record_id"]), needed)
        rows = np.flatnonzero(np.asarray(at.is_valid().to_numpy(zero_copy_only=False)))
        at, rows = _first_of_each(at.take(pa.array(rows)).to_numpy().astype(np.int64), rows)
        if not len(rows):
            return (np.empty(0, np.int64),) * 4
        chosen = self.records.read_part(part, ["record"])["record"].take(pa.array(rows))
        data: list[bytes] = chosen.to_pylist()
        _path(self.folder, part).write_bytes(b"".join(data))
        sizes = np.fromiter(map(len, data), np.int64, len(data))
        sides = self.divided.read_part(part, ["split"])["split"].take(pa.array(rows))
        side = pc.index_in(sides.cast(pa.string()), pa.array(SPLITS, pa.string()))
        return at, np.cumsum(sizes) - sizes, sizes, _or_minus_one(side)


def _first_of_each(at: I64, rows: I64) -> tuple[I64, I64]:
    """Of equal entries the first; a run that came twice has the same record both times."""
    at, first = np.unique(at, return_index=True)
    return at, rows[first]


def _or_minus_one(numbers: Any) -> I64:
    return np.asarray(pc.fill_null(numbers, -1).to_numpy(), np.int64)
