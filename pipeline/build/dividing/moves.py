"""Runs of the previous build that a tie moved to another side, and what the ledger says of each."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.build.dividing.components import Grouping
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.components import I32, Ties, ways
from pipeline.stages.dividing.split import NOWHERE, SPLITS
from pipeline.stages.dividing.stratify import I8

__all__ = ["tell_moves"]


def tell_moves(
    moved: I64,
    grouping: Grouping,
    ties: Ties,
    *,
    side: I8,
    previous: I8,
    by_id: I32,
    run_ids: pa.ChunkedArray,
) -> list[str]:
    """For every moved row which run ties it, and where it was. Sides are those of the rows."""
    if not len(moved):
        return []
    rows = _rows_of(grouping, moved, by_id)
    pairs = list(ties.only(rows).pairs())
    joined = (
        np.concatenate([left for left, _ in pairs]),
        np.concatenate([right for _, right in pairs]),
    )
    goals = np.flatnonzero(previous[rows] == side[rows])
    onward = ways(len(rows), joined, goals).tolist()
    place = np.full(len(by_id), -1)
    place[rows] = np.arange(len(rows))
    names = run_ids.take(pa.array(rows)).to_pylist()
    old = previous[rows].tolist()
    return [_sentence(at, onward, old, names) for at in place[moved].tolist()]


def _rows_of(grouping: Grouping, moved: I64, by_id: I32) -> I32:
    """All rows of the components of these, in the order of their run ids."""
    touched: NDArray[np.bool_] = np.zeros(len(grouping.first), np.bool_)
    touched[grouping.component[moved]] = True
    return by_id[touched[grouping.component[by_id]]]


def _sentence(start: int, onward: list[int], old: list[int], names: list[str]) -> str:
    """Along the way to the nearest run that was on the side already."""
    tying = None
    at = start
    while onward[at] != at:
        at = onward[at]
        if tying is None and old[at] == NOWHERE:
            tying = names[at]
    by = f"run {tying} ties it" if tying else "it is now tied"
    was, where = SPLITS[old[start]], SPLITS[old[at]]
    return f"was in {was} before; {by} to run {names[at]}, which was in {where}"
