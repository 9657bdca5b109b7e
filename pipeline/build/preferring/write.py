"""The dataset of a preference format: its files, which pair each line is, and what was left out.

`dataset/<format>/lines.parquet` names both runs of every line; `left_out.parquet` has the pairs
that make no line, with the reason. Every pair of the fourth shelf is in one of the two.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.build.ledger_file import Shelves
from pipeline.build.preferring.lines import Left, Made, MakeLines
from pipeline.build.preferring.pairs import KEYS, Laid, find_pairs
from pipeline.build.progress import Progress
from pipeline.build.write import DATASET, write_table
from pipeline.engines import Engine
from pipeline.formats import get_format
from pipeline.manifest import DatasetFile, FileDigests, Preferences
from pipeline.stages.dividing.split import SPLITS
from pipeline.storage import LocalStore

__all__ = ["LEFT_OUT", "write_preferences"]

LEFT_OUT = "left_out.parquet"
_BATCH = 512
_TEXT = pa.string()
_LIST = pa.list_(pa.string())


@dataclass(slots=True)
class _Outcome:
    """What became of the pairs, by their number."""

    lines: dict[str, list[tuple[int, tuple[str, ...]]]] = field(default_factory=dict)
    """By split, in the order of the lines: the pair, and what was rewritten."""
    left: list[tuple[int, Left]] = field(default_factory=list)


def write_preferences(
    name: str,
    shelves: Shelves,
    inputs: str,
    *,
    engine: Engine,
    scratch: Path,
    progress: Progress,
) -> tuple[tuple[DatasetFile, ...], Preferences]:
    """Write one preference format's files; what the manifest says of them."""
    store, folder = shelves.pulled.store, scratch / "pairs"
    pairs, laid = find_pairs(shelves, engine, folder)
    progress.begin(f"write {name}", pairs.num_rows)
    outcome = _Outcome()
    make = _Making(MakeLines(name, inputs), laid, _same_as_before(pairs), engine, outcome, progress)
    files: list[DatasetFile] = []
    for split in SPLITS:
        rows = np.flatnonzero(_is(pairs["split"], split))
        files += _write_split(store, make, split, rows)
    nowhere = np.flatnonzero(pairs["split"].is_null().to_numpy(zero_copy_only=False)).tolist()
    gone = Left("left", "the preferred run was taken into no split")
    outcome.left += [(row, gone) for row in nowhere]
    files.append(write_table(store, f"{name}/lines.parquet", _lines_table(pairs, outcome)))
    files.append(write_table(store, f"{name}/{LEFT_OUT}", _left_table(pairs, outcome)))
    shutil.rmtree(folder, ignore_errors=True)
    told = _told(pairs, outcome)
    progress.end(f"write {name}", f"{sum(told.lines.values()):,} lines of {told.pairs:,} pairs")
    return tuple(files), told


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes the lines of pairs, and notes what became of each."""

    make: MakeLines
    laid: Laid
    same: Any
    """Of every pair whether it has the records of the one before."""
    engine: Engine
    outcome: _Outcome
    progress: Progress

    def lines(self, rows: Any, split: str) -> Iterator[bytes]:
        """The lines of some pairs, a batch at a time."""
        batches = [rows[at : at + _BATCH] for at in range(0, len(rows), _BATCH)]
        work = self.engine.map(self.make, (self.laid.of_pairs(batch) for batch in batches))
        for batch, made in zip(batches, work, strict=True):
            pairs = zip(batch.tolist(), made, strict=True)
            yield b"".join([self._note(row, one, split) for row, one in pairs])
            self.progress.advance(len(batch))

    def _note(self, row: int, made: Made | Left, split: str) -> bytes:
        if isinstance(made, Left):
            self.outcome.left.append((row, made))
            return b""
        if self.same[row]:
            said = "the same two records make the line before"
            self.outcome.left.append((row, Left("same_pair", said)))
            return b""
        self.outcome.lines.setdefault(split, []).append((row, made.rewritten))
        return made.line


def _write_split(store: LocalStore, make: _Making, split: str, rows: Any) -> list[DatasetFile]:
    """The file of one split; none where no pair makes a line."""
    form = get_format(make.make.format)
    blocks = make.lines(rows, split)
    first = next((block for block in blocks if block), None)
    if first is None:
        return []
    path, digests = f"{form.name}/{split}{form.file_suffix}", FileDigests()
    with store.open_write(f"{DATASET}/{path}") as file:
        for block in chain((form.file_prefix, first), blocks):
            file.write(block)
            digests.update(block)
    signed = DatasetFile(
        path=path,
        format=form.name,
        split=split,
        lines=len(make.outcome.lines[split]),
        bytes=digests.bytes,
        sha256=digests.sha256,
        crc32c=digests.crc32c,
    )
    return [signed]


def _same_as_before(pairs: pa.Table) -> Any:
    """Whether a pair has both records of the pair before it."""
    same = np.zeros(pairs.num_rows, np.bool_)
    if pairs.num_rows > 1:
        equal = [
            pc.equal(pairs[name].slice(1), pairs[name].slice(0, pairs.num_rows - 1))
            for name in ("chosen_record_id", "rejected_record_id", "split")
        ]
        both = pc.and_(pc.and_(equal[0], equal[1]), equal[2])
        same[1:] = pc.fill_null(both, fill_value=False).to_numpy()
    return same


def _is(column: pa.ChunkedArray, split: str) -> Any:
    return pc.fill_null(pc.equal(column, split), fill_value=False).to_numpy()


def _lines_table(pairs: pa.Table, outcome: _Outcome) -> pa.Table:
    """`lines.parquet` as other formats have it, with the run that was not preferred."""
    listed = [
        (split, line, row, rewritten)
        for split, lines in outcome.lines.items()
        for line, (row, rewritten) in enumerate(lines, 1)
    ]
    chosen = pairs.take(pa.array([row for _, _, row, _ in listed], pa.int64()))
    return pa.table(
        {
            "split": pa.array([split for split, *_ in listed], _TEXT),
            "line": pa.array([line for _, line, *_ in listed], pa.int64()),
            "run_id": chosen["chosen_run_id"],
            "record_id": chosen["chosen_record_id"],
            "rejected_run_id": chosen["rejected_run_id"],
            "rejected_record_id": chosen["rejected_record_id"],
            "rewritten": pa.array([list(one[3]) or None for one in listed], _LIST),
        }
    )


def _left_table(pairs: pa.Table, outcome: _Outcome) -> pa.Table:
    left = sorted(outcome.left, key=lambda pair: pair[0])
    table = pairs.select(list(KEYS)).take(pa.array([row for row, _ in left], pa.int64()))
    table = table.append_column("code", pa.array([one.code for _, one in left], _TEXT))
    return table.append_column("detail", pa.array([one.detail for _, one in left], _TEXT))


def _told(pairs: pa.Table, outcome: _Outcome) -> Preferences:
    return Preferences(
        pairs=pairs.num_rows,
        lines={split: len(lines) for split, lines in outcome.lines.items() if lines},
        left_out=dict(sorted(Counter(one.code for _, one in outcome.left).items())),
    )
