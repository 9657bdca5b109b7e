"""What ties the live rows together, from the comparison and the spec, and each component's name."""

from dataclasses import dataclass

import numpy as np

from pipeline.build.comparing.dedupe import Alikeness
from pipeline.build.dividing.previous import run_keys
from pipeline.build.dividing.staying import groups_of
from pipeline.build.shelf import Shelf
from pipeline.stages.dividing.components import I32, Components, Ties

__all__ = ["Grouping", "group_rows", "ties_of"]


@dataclass(frozen=True, slots=True)
class Grouping:
    """The live rows by component."""

    component: I32
    """Each row's component, numbered in the order of their names."""
    first: I32
    """Of each component the row with the smallest run id, which names it."""


def ties_of(alike: Alikeness, records: Shelf, by_id: I32, groups: int) -> Ties:
    """Equal run ids, alike inputs, the spec's groups (so many), and conversations.

    `by_id` has all rows in the order of their run ids.
    """
    runs = run_keys(alike.rows.table["run_id"])
    repeated = np.flatnonzero(runs[by_id[1:]] == runs[by_id[:-1]])
    return Ties(
        one=by_id[repeated].astype(np.int64),
        other=by_id[repeated + 1].astype(np.int64),
        equal=tuple(groups_of(alike.rows, records, at) for at in range(groups)),
        input=alike.input,
        left=alike.ties.left,
        right=alike.ties.right,
        whole=alike.whole,
        beginnings=alike.beginnings,
        beginning_row=alike.beginning_row,
    )


def group_rows(components: Components, by_id: I32) -> Grouping:
    """The components as they stand. `by_id` has all rows in the order of their run ids."""
    root = components.labels()
    rank = np.empty_like(by_id)
    rank[by_id] = np.arange(len(by_id), dtype=np.int32)
    smallest = rank.copy()
    np.minimum.at(smallest, root, rank)
    names = smallest[root]
    naming = np.zeros(len(by_id), np.bool_)
    naming[names] = True
    number = np.cumsum(naming, dtype=np.int32)
    return Grouping(number[names] - 1, by_id[naming])
