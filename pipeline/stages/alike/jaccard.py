"""The exact Jaccard index of many pairs of sets at once, and exact filters before it.

A prefix filter in the sense of set-similarity joins (Chaudhuri 2006; Xiao 2008, PPJoin): with
5-grams ordered from rare to frequent, two sets of Jaccard index t or more share at least k of
the first n - ceil(t n) + k of either's. With k a tenth of n few other pairs do, and only those
are computed in full. Imports only `shingles`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.shingles import HASH_BITS, I64, ShingleSets

__all__ = [
    "AlikeOnly",
    "Mapper",
    "SetReader",
    "containment_of_pairs",
    "jaccard_of_pairs",
    "prefix_lengths",
]

F64 = NDArray[np.float64]
_BATCH = 1 << (64 - HASH_BITS)
_MAX_VALUES = 4 << 20
_SLACK = 10


A = TypeVar("A")
B = TypeVar("B")


class Mapper(Protocol):
    """`map`, or an engine's: the function of every batch, in order."""

    def __call__(self, function: Callable[[A], B], batches: Iterable[A], /) -> Iterator[B]:
        """The results, as they come."""


class SetReader(Protocol):
    """Sets that may lie on disk."""

    @property
    def sizes(self) -> I64:
        """How many values each set has."""

    def take(self, rows: I64, lengths: I64 | None = None) -> ShingleSets:
        """The sets of these rows, in this order; of each only its first `lengths` values."""

    def only(self, rows: I64) -> "SetReader":
        """The sets of these rows, numbered anew from 0."""


def prefix_lengths(sizes: I64, threshold: float) -> tuple[I64, I64]:
    """How many of a set's rarest values to look at, and how many of them must be shared."""
    slack = sizes // _SLACK + 1
    longest = sizes - np.ceil(threshold * sizes - 1e-9).astype(np.int64) + slack
    return np.minimum(sizes, longest), slack


@dataclass(frozen=True, slots=True)
class AlikeOnly:
    """The index of those pairs that can reach the threshold; 0 for those that filters refuse."""

    sets: SetReader
    threshold: float

    def __call__(self, pairs: tuple[I64, I64]) -> F64:
        """For arrays of left and right rows: the similarity of each pair."""
        left, right = pairs
        similarity = np.zeros(len(left), np.float64)
        able = np.flatnonzero(_length_filter(self.sets.sizes, left, right, self.threshold))
        able = able[_prefix_filter(self.sets, left[able], right[able], self.threshold)]
        similarity[able] = jaccard_of_pairs(self.sets, left[able], right[able])
        return similarity


def _prefix_filter(sets: SetReader, left: I64, right: I64, threshold: float) -> NDArray[np.bool_]:
    lengths, slack = prefix_lengths(sets.sizes, threshold)
    shared = _shared_of_pairs(sets, left, right, lengths)
    return shared >= np.minimum(slack[left], slack[right])


def _length_filter(sizes: I64, left: I64, right: I64, threshold: float) -> NDArray[np.bool_]:
    """Which pairs can reach the threshold at all: the smaller set is large enough (exact)."""
    a, b = sizes[left], sizes[right]
    return np.minimum(a, b) >= threshold * np.maximum(a, b) - 1e-9


def jaccard_of_pairs(sets: SetReader, left: I64, right: I64) -> F64:
    """The Jaccard index, 0 to 1, of set `left[i]` and set `right[i]` for every i."""
    shared = _shared_of_pairs(sets, left, right, sets.sizes)
    return np.asarray(shared / (sets.sizes[left] + sets.sizes[right] - shared), np.float64)


def containment_of_pairs(sets: SetReader, held: I64, holders: I64) -> F64:
    """The share, 0 to 1, of set `held[i]` that set `holders[i]` has too, for every i."""
    shared = _shared_of_pairs(sets, held, holders, sets.sizes)
    return np.asarray(shared / sets.sizes[held], np.float64)


def _shared_of_pairs(sets: SetReader, left: I64, right: I64, lengths: I64) -> I64:
    """How many of their first values (`lengths` by row) the two sets of each pair share."""
    values = lengths[left] + lengths[right]
    pieces = [
        _one_batch(sets, left[start:end], right[start:end], lengths)
        for start, end in _batches(values)
    ]
    return np.concatenate([np.empty(0, np.int64), *pieces])


def _batches(sizes: I64) -> Iterator[tuple[int, int]]:
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        base = ends[start - 1] if start else 0
        end = int(np.searchsorted(ends, base + _MAX_VALUES, side="right"))
        end = max(start + 1, min(end, start + _BATCH))
        yield start, end
        start = end


def _one_batch(sets: SetReader, left: I64, right: I64, lengths: I64) -> I64:
    rows, inverse = np.unique(np.concatenate((left, right)), return_inverse=True)
    read = sets.take(rows, lengths[rows])
    chosen = read.take(inverse.reshape(2, -1).T.ravel())
    sizes = chosen.sizes.reshape(-1, 2).sum(axis=1)
    pair = np.repeat(np.arange(len(left), dtype=np.uint64), sizes)
    keys = (pair << np.uint64(HASH_BITS)) | chosen.values
    keys.sort()
    same = keys[1:] == keys[:-1]
    owner = (keys[1:][same] >> np.uint64(HASH_BITS)).astype(np.int64)
    return np.bincount(owner, minlength=len(left))
