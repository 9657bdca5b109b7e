"""The exact join over the cut: every pair of inputs in different splits that is alike, no sketch.

A prefix filter in the sense of set-similarity joins (Chaudhuri 2006; Xiao 2008, PPJoin): order
all 5-grams from rare to frequent; two sets of Jaccard index t or more share at least k of the
first n - ceil(t n) + k of either's. With k a tenth of n few other pairs do, and those are
computed exactly. Imports `shingles` and `jaccard`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.jaccard import F64, SetReader, jaccard_of_pairs, length_filter
from pipeline.stages.shingles import HASH_BITS, I64, U64

__all__ = ["CrossPairs", "cross_pairs"]

_CHUNK = 1 << (64 - HASH_BITS)
_BUCKETS = 1 << 20
_ORDER_BITS = 6
_VALUE_BITS = HASH_BITS - _ORDER_BITS
_SLACK = 10


@dataclass(frozen=True, slots=True)
class CrossPairs:
    """What the join found."""

    left: I64
    right: I64
    similarity: F64
    """Of the pairs at or above the threshold, left and right in different splits."""
    highest: float | None
    """Over all pairs that were computed."""
    examined: int


def cross_pairs(sets: SetReader, side: NDArray[np.int8], threshold: float) -> CrossPairs:
    """All pairs of sets at or above the threshold whose `side` differs.

    `side` is the split of each set, 0 the largest; negative leaves a set out.
    """
    ranks = _token_ranks(sets, side)
    found: list[CrossPairs] = []
    for indexed in (2, 1):
        rows = np.flatnonzero(side == indexed)
        if len(rows):
            index = _Index.over(sets, rows, ranks, threshold)
            probes = np.flatnonzero((side >= 0) & (side < indexed))
            found += [index.join(chunk) for chunk in _chunks(probes)]
    return _merge(found)


def _merge(found: list[CrossPairs]) -> CrossPairs:
    empty = np.empty(0, np.int64)
    highest = [part.highest for part in found if part.highest is not None]
    return CrossPairs(
        left=np.concatenate([empty, *(part.left for part in found)]),
        right=np.concatenate([empty, *(part.right for part in found)]),
        similarity=np.concatenate([empty.astype(float), *(part.similarity for part in found)]),
        highest=max(highest, default=None),
        examined=sum(part.examined for part in found),
    )


def _chunks(rows: I64) -> Iterator[I64]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _token_ranks(sets: SetReader, side: NDArray[np.int8]) -> U64:
    """For every bucket of 5-grams how frequent it is, on a scale of 0 to 63, rare first."""
    counts = np.zeros(_BUCKETS, np.int64)
    for chunk in _chunks(np.flatnonzero(side >= 0)):
        values = sets.take(chunk).values
        counts += np.bincount(_bucket(values), minlength=_BUCKETS)
    scale = np.minimum(np.log2(counts + 1.0) * 3, (1 << _ORDER_BITS) - 1)
    return np.asarray(scale, np.uint64)


def _bucket(values: U64) -> I64:
    return (values & np.uint64(_BUCKETS - 1)).astype(np.int64)


def _prefixes(sets: SetReader, rows: I64, ranks: U64, threshold: float) -> tuple[U64, I64, I64]:
    """Of each row its rarest 5-grams: their keys, whose they are, and how many must be shared."""
    read = sets.take(rows)
    sizes = read.sizes
    slack = sizes // _SLACK + 1
    lengths = np.minimum(sizes, sizes - np.ceil(threshold * sizes - 1e-9).astype(int) + slack)
    owner = np.repeat(np.arange(len(rows)), sizes)
    order_key = (ranks[_bucket(read.values)] << np.uint64(_VALUE_BITS)) | (
        read.values >> np.uint64(_ORDER_BITS)
    )
    keys = (owner.astype(np.uint64) << np.uint64(HASH_BITS)) | order_key
    keys.sort()
    position = np.arange(len(keys)) - np.repeat(read.offsets[:-1], sizes)
    first = position < np.repeat(lengths, sizes)
    tokens = keys[first] & np.uint64((1 << HASH_BITS) - 1)
    return tokens, np.repeat(np.arange(len(rows)), lengths), slack


@dataclass(frozen=True, slots=True)
class _Index:
    """The prefixes of one side, by 5-gram."""

    sets: SetReader
    ranks: U64
    threshold: float
    rows: I64
    tokens: U64
    owner: I64
    slack: I64

    @classmethod
    def over(cls, sets: SetReader, rows: I64, ranks: U64, threshold: float) -> "_Index":
        tokens, owners, slacks = [], [], []
        for start, chunk in enumerate(_chunks(rows)):
            token, owner, slack = _prefixes(sets, chunk, ranks, threshold)
            tokens.append(token)
            owners.append(owner + start * _CHUNK)
            slacks.append(slack)
        flat = np.concatenate(tokens)
        order = np.argsort(flat, kind="stable")
        owner = np.concatenate(owners)[order]
        return cls(sets, ranks, threshold, rows, flat[order], owner, np.concatenate(slacks))

    def join(self, probes: I64) -> CrossPairs:
        """The alike pairs between these rows and the indexed ones."""
        tokens, owner, slack = _prefixes(self.sets, probes, self.ranks, self.threshold)
        probe, match, shared = self._meetings(tokens, owner)
        enough = shared >= np.minimum(slack[probe], self.slack[match])
        left, right = probes[probe[enough]], self.rows[match[enough]]
        able = length_filter(self.sets.sizes, left, right, self.threshold)
        left, right = left[able], right[able]
        similarity = jaccard_of_pairs(self.sets, left, right)
        alike = similarity >= self.threshold
        return CrossPairs(
            left=left[alike],
            right=right[alike],
            similarity=similarity[alike],
            highest=float(similarity.max()) if len(similarity) else None,
            examined=len(similarity),
        )

    def _meetings(self, tokens: U64, owner: I64) -> tuple[I64, I64, I64]:
        """Probe and indexed set that share a prefix 5-gram, and how many they share."""
        first = np.searchsorted(self.tokens, tokens, side="left")
        counts = np.searchsorted(self.tokens, tokens, side="right") - first
        met = counts > 0
        first, counts, owner = first[met], counts[met], owner[met]
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        at = np.arange(total) - np.repeat(ends - counts, counts) + np.repeat(first, counts)
        codes = np.repeat(owner, counts) * len(self.rows) + self.owner[at]
        pairs, shared = np.unique(codes, return_counts=True)
        return pairs // len(self.rows), pairs % len(self.rows), shared
