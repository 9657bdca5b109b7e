"""What conflicts tell: how far answers agree, by interaction, and which was preferred to which.

`4-dedupe/pairs.parquet` has a row for every run that left as a conflict beside a run that was
preferred to it by a score or by a mediator's choice; the preference formats are made from it.
"""

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.build.comparing.rows import LiveRows, record_ids
from pipeline.stages.dedupe.deciding import CONFLICT, Verdicts
from pipeline.stages.dedupe.votes import Agreement
from pipeline.storage import LocalStore

__all__ = ["PREFERENCES", "named_agreement", "write_preferences"]

PREFERENCES = "4-dedupe/pairs.parquet"
_MOST_INTERACTIONS = 500


def named_agreement(rows: LiveRows, found: list[Agreement]) -> list[dict[str, Any]]:
    """The figures with the interactions' names, most runs first, of 500 interactions at most."""
    names = rows.table["interaction"].combine_chunks().dictionary.to_pylist()
    names.append(None)  # the number of rows without one
    most = sorted(found, key=lambda one: (-one.runs, names[one.interaction] or ""))
    return [
        {**msgspec.to_builtins(one), "interaction": names[one.interaction]}
        for one in most[:_MOST_INTERACTIONS]
    ]


def write_preferences(store: LocalStore, rows: LiveRows, verdicts: Verdicts) -> None:
    """Write down which run was preferred to which, and by what."""
    losers = np.flatnonzero((verdicts.code == CONFLICT) & (verdicts.match >= 0))
    winners = verdicts.match[losers]
    score = rows.table["score"].combine_chunks()
    selected = rows.table["selected"].combine_chunks().fill_null(fill_value=False)
    better = _pick(pc.greater, score, winners, losers)
    chosen = _pick(pc.greater, selected.cast(pa.int8()), winners, losers)
    by = np.where(better, "score", np.where(chosen, "selected", ""))
    some = by != ""
    winners, losers = winners[some], losers[some]
    table = pa.table(
        {
            "interaction": rows.table["interaction"].take(pa.array(losers)).cast(pa.string()),
            "preferred_by": pa.array(by[some].tolist(), pa.string()),
            "similarity": pa.array(verdicts.similarity[losers], pa.float32()),
            **_side(rows, "chosen", winners),
            **_side(rows, "rejected", losers),
        }
    )
    order = [("chosen_run_id", "ascending"), ("rejected_run_id", "ascending")]
    with store.open_write(PREFERENCES) as file:
        pq.write_table(table.sort_by(order), file, compression="zstd", compression_level=1)


def _pick(than: Any, column: pa.Array, winners: Any, losers: Any) -> Any:
    """Where the winner's value is greater; nowhere where one is unknown."""
    found = than(column.take(pa.array(winners)), column.take(pa.array(losers)))
    return found.fill_null(fill_value=False).to_numpy(zero_copy_only=False)


def _side(rows: LiveRows, name: str, chosen: Any) -> dict[str, pa.ChunkedArray]:
    at = pa.array(chosen)
    return {
        f"{name}_run_id": rows.table["run_id"].take(at),
        f"{name}_record_id": record_ids(rows.table["record_id"].take(at)),
        f"{name}_score": rows.table["score"].take(at),
    }
