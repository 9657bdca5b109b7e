"""The live rows of a build in columns: what is known of each without its payload."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.build.shelf import Shelf
from pipeline.stages.shingles import I64, U64

__all__ = ["LiveRows", "number_equal", "number_strings", "read_live_rows"]


@dataclass(frozen=True, slots=True)
class LiveRows:
    """Rows that validation let through, over all parts, in order."""

    table: pa.Table
    """run_id, record_id, interaction, interaction_key, score, times, group, step."""
    rows_of_part: Sequence[tuple[int, ...]]
    """For every part the numbers of its live rows."""

    def __len__(self) -> int:
        rows: int = self.table.num_rows
        return rows

    def priority(self) -> I64:
        """All row numbers: best score first, then newest, then by id."""
        return self._sorted([("score", "descending"), ("updated", "descending")])

    def newest(self) -> I64:
        """All row numbers, the newest first."""
        return self._sorted([("updated", "descending")])

    def latest(self) -> I64:
        """All row numbers, the one that was made last first."""
        return self._sorted([("created", "descending"), ("updated", "descending")])

    def _sorted(self, first: list[tuple[str, str]]) -> I64:
        table = self.table.select(["run_id", "record_id", "score"])
        for name in ("created", "updated"):
            moments = [_moment(text) for text in self.table[f"{name}_at"].to_pylist()]
            table = table.append_column(name, pa.array(moments, pa.int64()))
        keys = [*first, ("run_id", "ascending"), ("record_id", "ascending")]
        order = pc.sort_indices(table, sort_keys=keys)
        return np.asarray(order.to_numpy(), np.int64)


def read_live_rows(records: Shelf, validated: Shelf) -> LiveRows:
    """The rows whose code on the third shelf is null."""
    manifest = validated.manifest()
    assert manifest is not None
    tables: list[pa.Table] = []
    rows_of_part: list[tuple[int, ...]] = []
    columns = ["run_id", "record_id", "interaction", "interaction_key", "score", "group", "step"]
    for part in range(len(manifest.rows)):
        alive = validated.read_part(part, ["code"])["code"].is_null()
        table = records.read_part(part, [*columns, "created_at", "updated_at"])
        tables.append(table.filter(alive))
        rows_of_part.append(tuple(pc.indices_nonzero(alive).to_pylist()))
    return LiveRows(pa.concat_tables(tables).combine_chunks(), rows_of_part)


def number_strings(column: pa.ChunkedArray, null: int | None = None) -> I64:
    """A number for each string, equal for equal ones; nulls get `null`, or one of their own."""
    codes = column.combine_chunks().dictionary_encode()
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


def _moment(text: str | None) -> int | None:
    """Microseconds since 1970 of an ISO 8601 time; without an offset it is UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000)
