"""What the checks of one build share: its folder, the words of its spec, the ledger, the parts.

Parts are found by looking at the folders; no shelf's manifest is asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct
from numpy.typing import NDArray

from pipeline.build.comparing.rows import number_strings
from pipeline.build.ledger_file import LEDGER, Shelves
from pipeline.build.progress import Progress
from pipeline.build.shelf import Shelf
from pipeline.build.verify.findings import NotChecked
from pipeline.engines import Engine
from pipeline.errors import IntegrityError, TrainsetError
from pipeline.ledger import LEDGER_SCHEMA
from pipeline.manifest import DatasetManifest
from pipeline.stages.alike.shingles import I64
from pipeline.storage import LocalStore

__all__ = [
    "DAMAGE",
    "DedupeWords",
    "Ledger",
    "Material",
    "align",
    "parts_of",
    "read_column",
    "said",
]

DAMAGE = (
    pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError, OverflowError,
    msgspec.MsgspecError,
)  # fmt: skip
"""What reading a damaged file may raise."""


class DedupeWords(Struct, frozen=True):
    """The words of `[dedupe]` that verify understands; others are left alone."""

    near: bool = True
    threshold: float = 0.8
    answer_threshold: float = 0.8
    conflicts: str = "best"
    best_of: int = 1
    pair_inputs: str = "equal"


_NO = pa.scalar(value=False)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger as it lies there, and which of its rows each record of the second shelf has."""

    table: pa.Table
    rows_of_part: Sequence[int]
    """Records in every part of the second shelf."""
    run_ids: pa.Array
    """Of every record, over all parts."""
    at: I64
    """Every record's row in the ledger; -1 for one that has none."""
    at_of_part: Sequence[I64]
    """The same for all runs of every part: first those that became no record, then the records."""

    def column(self, name: str) -> pa.Array:
        """A column of the ledger for every record; null where it has no row."""
        return self.table[name].combine_chunks().take(pa.array(self.at, mask=self.at < 0))

    def stays(self) -> NDArray[np.bool_]:
        """For every record whether the ledger says that it was kept."""
        return _truth(pc.equal(self.column("outcome"), "kept"))

    def has_code(self, *codes: str) -> NDArray[np.bool_]:
        """For every record whether it left with one of these codes."""
        return _truth(pc.is_in(self.column("code"), pa.array(codes, pa.string())))

    def by_part(self, values: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Values of all records, part by part."""
        ends = np.cumsum(self.rows_of_part)
        for part, rows in enumerate(self.rows_of_part):
            yield part, values[ends[part] - rows : ends[part]]


@dataclass(slots=True)
class Material:
    """One build that is verified."""

    store: LocalStore
    dataset: Path
    manifest: DatasetManifest
    engine: Engine
    progress: Progress
    scratch: Path
    shelves: Shelves = field(init=False)
    _ledger: Ledger | None = None

    def __post_init__(self) -> None:
        self.shelves = Shelves(self.store)

    @property
    def dedupe(self) -> DedupeWords:
        """The words of the spec that say what counts as alike."""
        try:
            return msgspec.convert(self.manifest.spec.get("dedupe", {}), DedupeWords)
        except msgspec.ValidationError as error:
            raise IntegrityError(
                f"manifest.json: spec.dedupe is not understood ({error})"
            ) from None

    def ledger(self) -> Ledger:
        """The ledger, read once and joined with the second shelf."""
        if self._ledger is None:
            self._ledger = _read_ledger(self.store, self.shelves.records)
        return self._ledger


def parts_of(shelf: Shelf, kind: str = "part") -> list[int]:
    """The numbers of a shelf's parts that lie there."""
    names = shelf.store.names(shelf.name)
    cut = len(kind) + 1
    return [int(name[cut:-8]) for name in names if name.startswith(f"{kind}-")]


def read_column(shelf: Shelf, part: int, name: str, kind: str = "part") -> pa.Array:
    """One column of a part; `IntegrityError` with the file's name where it cannot be read."""
    try:
        return shelf.read_part(part, [name], kind)[name].combine_chunks()
    except DAMAGE as error:
        file = f"{shelf.name}/{kind}-{part:05d}.parquet"
        raise IntegrityError(f"{file}: cannot be read ({said(error)})") from None


def said(error: BaseException) -> str:
    """An error's first line; with its name where it is not a sentence of ours."""
    line = (str(error).splitlines() or [""])[0]
    return line if isinstance(error, TrainsetError) else f"{type(error).__name__}: {line}"


def align(wanted: pa.Array, have: pa.Array) -> I64:
    """For every string of `wanted` a place in `have` of its own with the same string; else -1."""
    if wanted.equals(have):
        return np.arange(len(wanted))
    numbers = number_strings(pa.chunked_array([wanted.cast(pa.string()), have.cast(pa.string())]))
    ask, got = numbers[: len(wanted)], numbers[len(wanted) :]
    span = max(len(ask), len(got)) + 1
    ask, got = ask * span + _occurrence(ask), got * span + _occurrence(got)
    order = np.argsort(got)
    place = np.minimum(np.searchsorted(got[order], ask), max(len(got) - 1, 0))
    if not len(got):
        return np.full(len(ask), -1, np.int64)
    return np.where(got[order][place] == ask, order[place], -1)


def _occurrence(numbers: I64) -> I64:
    """Of each entry how many equal ones come before it."""
    order = np.argsort(numbers, kind="stable")
    ranked = numbers[order]
    places = np.empty(len(numbers), np.int64)
    places[order] = np.arange(len(numbers)) - np.searchsorted(ranked, ranked, side="left")
    return places


def _read_ledger(store: LocalStore, records: Shelf) -> Ledger:
    path = store.path(LEDGER)
    if not path.is_file():
        raise NotChecked(f"{LEDGER} is missing")
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
    except DAMAGE as error:
        raise IntegrityError(f"{LEDGER}: cannot be read ({said(error)})") from None
    if not table.schema.equals(LEDGER_SCHEMA):
        lacking = sorted(set(LEDGER_SCHEMA.names) - set(table.schema.names))
        raise IntegrityError(
            f"{LEDGER}: has not the columns of a ledger"
            + (f" (it lacks {', '.join(lacking)})" if lacking else "")
        )
    return _joined(table.combine_chunks(), records)


def _joined(table: pa.Table, records: Shelf) -> Ledger:
    parts = parts_of(records)
    kept = [read_column(records, part, "run_id") for part in parts]
    left = [read_column(records, part, "run_id", "rejected") for part in parts]
    none = pa.array([], pa.string())
    listed = [one for pair in zip(left, kept, strict=True) for one in pair]
    at = align(pa.concat_arrays([none, *listed]), table["run_id"].combine_chunks())
    ends = np.cumsum([len(one) for one in listed])
    at_of_part = np.split(at, ends[1:-1:2])
    places = [
        all_of[-len(one) or len(all_of) :] for one, all_of in zip(kept, at_of_part, strict=True)
    ]
    return Ledger(
        table=table,
        rows_of_part=[len(one) for one in kept],
        run_ids=pa.concat_arrays([none, *kept]),
        at=np.concatenate([np.empty(0, np.int64), *places]),
        at_of_part=at_of_part,
    )


def _truth(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.coalesce(values, _NO).to_numpy(zero_copy_only=False), np.bool_)
