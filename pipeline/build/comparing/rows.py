"""The live rows of a build in columns: what is known of each without its payload.

A million rows are held at once, so strings that repeat are held once, and the others as bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.build.shelf import Shelf
from pipeline.stages.alike.shingles import I64, U64

__all__ = ["LiveRows", "number_equal", "number_strings", "read_live_rows", "record_ids"]

_COLUMNS = ("run_id", "record_id", "score", "selected", "created", "updated")
_REPEATED = ("interaction", "interaction_key", "step")
_RECORD_ID = 16
"""Bytes of a record id, which is written with two digits for each."""
_UNKNOWN = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class LiveRows:
    """Rows that validation let through, over all parts, in order."""

    table: pa.Table
    """run_id; record_id (16 bytes); score; selected; created, updated (microseconds since 1970);
    and as dictionaries interaction, interaction_key and step."""
    rows_of_part: Sequence[I64]
    """For every part the numbers of its live rows."""

    def __len__(self) -> int:
        rows: int = self.table.num_rows
        return rows

    def priority(self) -> I64:
        """All row numbers: best score first, then selected, then newest, then by id."""
        score = self.table["score"].fill_null(-np.inf).to_numpy()
        selected = self.table["selected"].fill_null(fill_value=False).to_numpy()
        return np.lexsort((self._by_id(), -self._moments("updated"), ~selected, -score))

    def newest(self) -> I64:
        """All row numbers, the newest first."""
        return np.lexsort((self._by_id(), -self._moments("updated")))

    def latest(self) -> I64:
        """All row numbers, the one that was made last first."""
        return np.lexsort((self._by_id(), -self._moments("updated"), -self._moments("created")))

    def _moments(self, name: str) -> I64:
        """Unknown moments are before all others."""
        filled = self.table[name].cast(pa.int64()).fill_null(_UNKNOWN + 1)
        return np.asarray(filled.to_numpy(), np.int64)

    def _by_id(self) -> I64:
        """Each row's place in the order of the run ids, then of the record ids."""
        keys = [("run_id", "ascending"), ("record_id", "ascending")]
        order = pc.sort_indices(self.table, sort_keys=keys).to_numpy()
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order))
        return places


def read_live_rows(records: Shelf, validated: Shelf) -> LiveRows:
    """The rows whose code on the third shelf is null."""
    manifest = validated.manifest()
    assert manifest is not None
    tables: list[pa.Table] = []
    rows_of_part: list[I64] = []
    for part in range(len(manifest.rows)):
        alive = validated.read_part(part, ["code"])["code"].is_null()
        tables.append(_lean(records.read_part(part, [*_COLUMNS, *_REPEATED]).filter(alive)))
        rows_of_part.append(np.asarray(pc.indices_nonzero(alive).to_numpy(), np.int64))
    whole = pa.concat_tables(tables).unify_dictionaries()
    del tables
    return LiveRows(whole.combine_chunks(), rows_of_part)


def _lean(table: pa.Table) -> pa.Table:
    """Repeated strings as dictionaries, the digits of the record ids as bytes."""
    columns = {name: table[name].dictionary_encode() for name in _REPEATED}
    data = bytes.fromhex("".join(table["record_id"].to_pylist()))
    columns["record_id"] = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(_RECORD_ID), table.num_rows, [None, pa.py_buffer(data)]
    )
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def record_ids(column: pa.ChunkedArray) -> pa.Array:
    """The record ids of live rows as they are written."""
    return pa.array([value.hex() for value in column.to_pylist()], pa.string())


def number_strings(column: pa.ChunkedArray, null: int | None = None) -> I64:
    """A number for each string, equal for equal ones; nulls get `null`, or one of their own."""
    codes = column.combine_chunks()
    if not pa.types.is_dictionary(codes.type):
        codes = codes.dictionary_encode()
    fill = len(codes.dictionary) if null is None else null
    return np.asarray(codes.indices.fill_null(fill).to_numpy(zero_copy_only=False), np.int64)


def number_equal(digests: U64) -> tuple[I64, I64]:
    """A number for each 128-bit digest (equal for equal ones), and a row of each number."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    ranked = digests[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(fresh) - 1
    return numbers, order[fresh]
