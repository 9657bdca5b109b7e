"""Two builds' ledgers side by side: every run of either, with its row in both.

Joined on sorted columns; a run id that came more than once is paired occurrence by occurrence,
kept ones first.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from pipeline.build.ledger_file import LEDGER, Shelves
from pipeline.build.result import BuildResult
from pipeline.build.verify.material import align, parts_of, read_column
from pipeline.errors import IntegrityError
from pipeline.stages.alike.shingles import I64
from pipeline.storage import LocalStore

__all__ = ["Bool", "Listed", "Side", "aligned", "different", "edited", "read_side"]

Bool = NDArray[np.bool_]
_COLUMNS = [
    "run_id", "interaction", "outcome", "code", "matched_run_id", "component", "split", "flags",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One build: some columns of its ledger, the record ids beside them, its shelves."""

    table: pa.Table
    """`fate` is the code of a run that left, else `kept`."""
    shelves: Shelves

    def column(self, name: str) -> pa.Array:
        """One column as a whole."""
        return self.table[name].combine_chunks()


@dataclass(frozen=True, slots=True)
class Listed:
    """Every run of either build: its row in both, -1 where it was not pulled."""

    before: Side
    after: Side
    at_before: I64
    at_after: I64

    def __len__(self) -> int:
        return len(self.at_before)

    def column(self, side: Side, name: str) -> pa.Array:
        """A column of one of the two for every run."""
        at = self.at_before if side is self.before else self.at_after
        return side.column(name).take(pa.array(at, mask=at < 0))

    def was_there(self) -> Bool:
        """Which runs were pulled before."""
        return self.at_before >= 0

    def is_there(self) -> Bool:
        """Which runs are pulled now."""
        return self.at_after >= 0

    def before_is(self, name: str, *words: str) -> Bool:
        """Which runs had one of these words."""
        return _is(self.column(self.before, name), words)

    def after_is(self, name: str, *words: str) -> Bool:
        """Which runs have one of these words now."""
        return _is(self.column(self.after, name), words)

    def after_flag(self, flag: str) -> Bool:
        """Which runs are flagged so now."""
        flags = self.column(self.after, "flags")
        flat, parents = flags.flatten(), pc.list_parent_indices(flags)
        flagged = np.zeros(len(flags), np.bool_)
        flagged[parents.filter(pc.equal(flat, flag)).to_numpy()] = True
        return flagged

    def run_ids(self) -> pa.Array:
        """Every run's id."""
        return pc.coalesce(self.column(self.before, "run_id"), self.column(self.after, "run_id"))


def read_side(build: BuildResult) -> Side:
    """The ledger and the record ids of a build."""
    path = build.path / LEDGER
    try:
        table = pq.ParquetFile(path).read(_COLUMNS).combine_chunks()
    except (OSError, pa.ArrowException) as error:
        raise IntegrityError(f"{path}: cannot be read ({error}); see `trainset verify`") from None
    shelves = Shelves(LocalStore(build.path))
    fate = pc.coalesce(table["code"], table["outcome"])
    table = table.append_column("fate", fate)
    return Side(table.append_column("record_id", _record_ids(shelves, table)), shelves)


def _record_ids(shelves: Shelves, table: pa.Table) -> pa.Array:
    """Of every row of the ledger the record's id; null where the run became none."""
    shelf = shelves.records
    ids, records = [pa.array([], pa.string())], [pa.array([], pa.string())]
    for part in parts_of(shelf):
        left = read_column(shelf, part, "run_id", "rejected")
        kept = read_column(shelf, part, "run_id")
        ids += [left, kept]
        records += [pa.nulls(len(left), pa.string()), read_column(shelf, part, "record_id")]
    at = align(table["run_id"].combine_chunks(), pa.concat_arrays(ids))
    return pa.concat_arrays(records).take(pa.array(at, mask=at < 0))


def aligned(before: Side, after: Side) -> Listed:
    """Every run of either."""
    first, second = _kept_first(before), _kept_first(after)
    at = align(
        before.column("run_id").take(pa.array(first)), after.column("run_id").take(pa.array(second))
    )
    met = np.zeros(len(second), np.bool_)
    met[at[at >= 0]] = True
    new = second[~met]
    found = np.where(at >= 0, second[np.maximum(at, 0)] if len(second) else -1, -1)
    return Listed(
        before,
        after,
        np.concatenate((first, np.full(len(new), -1, np.int64))),
        np.concatenate((found, new)),
    )


def different(pairs: Listed, name: str) -> Bool:
    """Which runs have another word than before (both known)."""
    unlike = pc.not_equal(pairs.column(pairs.before, name), pairs.column(pairs.after, name))
    return _truth(unlike)


def edited(pairs: Listed, asked: Bool) -> Bool:
    """Of the runs that are asked about: whose document is another one than before."""
    rows = np.flatnonzero(asked & pairs.was_there() & pairs.is_there())
    changed = np.zeros(len(pairs), np.bool_)
    one = _documents(pairs.before, pairs.at_before[rows])
    other = _documents(pairs.after, pairs.at_after[rows])
    changed[rows] = one != other
    return changed


def _documents(side: Side, rows: I64) -> I64:
    """A digest of the document of each of these rows of a ledger; 0 where there is none."""
    shelf = side.shelves.pulled
    wanted = side.column("run_id").take(pa.array(rows))
    parts = parts_of(shelf)
    ids = [read_column(shelf, part, "run_id") for part in parts]
    place = align(wanted, pa.concat_arrays([pa.array([], pa.string()), *ids]))
    digests = np.zeros(len(rows), np.int64)
    begin = 0
    for part, here in zip(parts, ids, strict=True):
        inside = np.flatnonzero((place >= begin) & (place < begin + len(here)))
        if len(inside):
            raws = read_column(shelf, part, "raw").take(pa.array(place[inside] - begin))
            digests[inside] = [_digest(raw) for raw in raws.to_pylist()]
        begin += len(here)
    return digests


def _digest(raw: bytes | None) -> int:
    return 0 if raw is None else xxhash.xxh3_64_intdigest(raw) >> 1


def _kept_first(side: Side) -> I64:
    kept = _is(side.column("outcome"), ("kept",))
    return np.argsort(~kept, kind="stable")


def _is(column: pa.Array, words: tuple[str, ...]) -> Bool:
    return _truth(pc.is_in(column, value_set=pa.array(words, pa.string())))


def _truth(values: pa.Array) -> Bool:
    told = pc.coalesce(values, pa.scalar(value=False))
    return np.asarray(told.to_numpy(zero_copy_only=False), np.bool_)
