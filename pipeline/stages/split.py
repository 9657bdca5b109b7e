"""Which split a record goes to: by component of what belongs together, by hash.

A component is what alike inputs, a conversation or a group key tie together, transitively. It
is never divided, and its side depends on nothing but its smallest run id and the salt. Imports
`digests` and `spec`.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.digests import unit_hash
from pipeline.spec import SplitSpec
from pipeline.stages.shingles import I64

__all__ = ["SPLITS", "TEST", "TRAIN", "VALIDATION", "Components", "assign_splits"]

SPLITS = ("train", "validation", "test")
"""What the numbers of `assign_splits` mean."""
TRAIN, VALIDATION, TEST = range(3)


class Components:
    """Rows joined transitively (union-find with path halving)."""

    def __init__(self, rows: int) -> None:
        self._parent = list(range(rows))

    def join(self, one: int, other: int) -> None:
        """From now on the two rows are of one component."""
        one, other = self._root(one), self._root(other)
        if one != other:
            self._parent[max(one, other)] = min(one, other)

    def join_pairs(self, left: Iterable[int], right: Iterable[int]) -> None:
        """Join row `left[i]` with row `right[i]` for every i."""
        for one, other in zip(left, right, strict=True):
            self.join(one, other)

    def join_equal(self, keys: I64) -> None:
        """Join the rows that have the same key; negative keys join nothing."""
        rows = np.flatnonzero(keys >= 0)
        order = rows[np.argsort(keys[rows], kind="stable")]
        same = keys[order[1:]] == keys[order[:-1]]
        self.join_pairs(order[:-1][same].tolist(), order[1:][same].tolist())

    def labels(self) -> I64:
        """A number for every row; equal where the component is."""
        return np.fromiter(map(self._root, range(len(self._parent))), np.int64, len(self._parent))

    def _root(self, row: int) -> int:
        parent = self._parent
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row


def assign_splits(keys: Sequence[str], spec: SplitSpec) -> NDArray[np.int8]:
    """The split (index into `SPLITS`) of each component, from its key alone."""
    return np.fromiter((_side(key, spec) for key in keys), np.int8, len(keys))


def _side(key: str, spec: SplitSpec) -> int:
    draw = unit_hash(spec.salt, key)
    if draw < spec.validation:
        return VALIDATION
    return TEST if draw < spec.validation + spec.test else TRAIN
