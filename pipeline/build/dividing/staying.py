"""The records that dedupe let through and what sampling and the split ask of them, in columns.

Read part by part beside the live rows, so nothing is held that is not asked for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.build.comparing.rows import LiveRows, number_strings
from pipeline.build.shelf import Shelf
from pipeline.digests import unit_hash
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.components import I32
from pipeline.stages.dividing.split import NEVER
from pipeline.stages.dividing.stratify import F64

__all__ = [
    "Names",
    "draws",
    "groups_of",
    "made_at",
    "number_by_name",
    "order_of_ids",
    "staying",
]

_PIECE = 1 << 16
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Names:
    """Strings numbered in their order; None, where it occurs, has the last number."""

    number: I32
    """One a row."""
    names: list[str | None]


def number_by_name(column: pa.ChunkedArray) -> Names:
    """A number for each row's string, that depends on the strings but not on their order."""
    codes = column.combine_chunks()
    if not pa.types.is_dictionary(codes.type):
        codes = codes.dictionary_encode()
    order = pc.array_sort_indices(codes.dictionary)
    names: list[str | None] = codes.dictionary.take(order).to_pylist()
    rank = np.full(len(names) + 1, len(names), np.int32)
    rank[order.to_numpy()] = np.arange(len(names))
    number = codes.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
    return Names(rank[number], [*names, None] if column.null_count else names)


def order_of_ids(rows: LiveRows) -> I32:
    """All row numbers in the order of their run ids."""
    order = pc.sort_indices(rows.table["run_id"])
    return np.asarray(order.to_numpy(), np.int32)


def staying(rows: LiveRows, deduped: Shelf) -> NDArray[np.bool_]:
    """Which live rows dedupe let through."""
    columns = (column.is_null() for column in _live(rows, deduped, "code"))
    return _joined(columns, np.dtype(np.bool_))


def made_at(rows: LiveRows) -> I64:
    """Microseconds since 1970 of every live row's making; `NEVER` without a time."""
    times = rows.table["created"].cast(pa.int64()).fill_null(NEVER)
    return np.asarray(times.to_numpy(), np.int64)


def groups_of(rows: LiveRows, records: Shelf, at: int) -> I64:
    """A number for every live row, equal where the value of tie `at` is; -1 without one."""
    columns = (pc.list_element(column, at) for column in _live(rows, records, "group"))
    whole = pa.chunked_array([column.dictionary_encode() for column in columns])
    return number_strings(whole.unify_dictionaries(), null=-1)


def draws(rows: LiveRows, chosen: NDArray[np.signedinteger[Any]], salt: str) -> F64:
    """A number in [0, 1) for each chosen row, from its run id and the salt."""
    run_ids = rows.table["run_id"].combine_chunks()
    found = [np.empty(0, np.float64)]
    for start in range(0, len(chosen), _PIECE):
        piece = run_ids.take(pa.array(chosen[start : start + _PIECE])).to_pylist()
        drawn = (unit_hash(salt, run_id) for run_id in piece)
        found.append(np.fromiter(drawn, np.float64, len(piece)))
    return np.concatenate(found)


def _joined(columns: Iterable[pa.Array], kind: np.dtype[T]) -> NDArray[T]:
    pieces = (column.to_numpy(zero_copy_only=False) for column in columns)
    return np.concatenate([np.empty(0, kind), *pieces])


def _live(rows: LiveRows, shelf: Shelf, name: str) -> Iterator[pa.Array]:
    """A column of the shelf, part by part, at the live rows."""
    for part, alive in enumerate(rows.rows_of_part):
        column = shelf.read_part(part, [name])[name].combine_chunks()
        yield column.take(pa.array(np.asarray(alive, np.int64)))
