"""The exact Jaccard index of many pairs of sets at once. Imports only `shingles`."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.shingles import HASH_BITS, I64, ShingleSets

__all__ = ["SetReader", "jaccard_of_pairs", "length_filter"]

F64 = NDArray[np.float64]
_BATCH = 1 << (64 - HASH_BITS)
_MAX_VALUES = 4 << 20


class SetReader(Protocol):
    """Sets that may lie on disk."""

    @property
    def sizes(self) -> I64:
        """How many values each set has."""

    def take(self, rows: I64) -> ShingleSets:
        """The sets of these rows, in this order."""


def length_filter(sizes: I64, left: I64, right: I64, threshold: float) -> NDArray[np.bool_]:
    """Which pairs can reach the threshold at all: the smaller set is large enough (exact)."""
    a, b = sizes[left], sizes[right]
    return np.minimum(a, b) >= threshold * np.maximum(a, b) - 1e-9


def jaccard_of_pairs(sets: SetReader, left: I64, right: I64) -> F64:
    """The Jaccard index, 0 to 1, of set `left[i]` and set `right[i]` for every i."""
    if len(left) == 0:
        return np.empty(0, np.float64)
    sizes = sets.sizes[left] + sets.sizes[right]
    pieces = [_one_batch(sets, left[start:end], right[start:end]) for start, end in _batches(sizes)]
    return np.concatenate(pieces)


def _batches(sizes: I64) -> Iterator[tuple[int, int]]:
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        base = ends[start - 1] if start else 0
        end = int(np.searchsorted(ends, base + _MAX_VALUES, side="right"))
        end = max(start + 1, min(end, start + _BATCH))
        yield start, end
        start = end


def _one_batch(sets: SetReader, left: I64, right: I64) -> F64:
    rows, inverse = np.unique(np.concatenate((left, right)), return_inverse=True)
    read = sets.take(rows)
    both = inverse.reshape(2, -1)
    chosen = read.take(both.T.ravel())
    sizes = chosen.sizes.reshape(-1, 2).sum(axis=1)
    pair = np.repeat(np.arange(len(left), dtype=np.uint64), sizes)
    keys = (pair << np.uint64(HASH_BITS)) | chosen.values
    keys.sort()
    same = keys[1:] == keys[:-1]
    owner = (keys[1:][same] >> np.uint64(HASH_BITS)).astype(np.int64)
    shared = np.bincount(owner, minlength=len(left))
    return np.asarray(shared / (sizes - shared), np.float64)
