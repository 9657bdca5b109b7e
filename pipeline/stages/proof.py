"""The exact join over the cut: every pair of inputs in different splits that is alike, no sketch.

The rarest 5-grams of one side are indexed and those of the other looked up; pairs that share
enough of them (see `jaccard`) are computed exactly. Imports `shingles` and `jaccard`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.jaccard import F64, AlikeOnly, Mapper, SetReader, prefix_lengths
from pipeline.stages.shingles import I64, U64

__all__ = ["CrossPairs", "cross_pairs"]

_CHUNK = 4096
_FILTER_BITS = 21


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


def cross_pairs(
    sets: SetReader, side: NDArray[np.int8], threshold: float, run: Mapper = map
) -> CrossPairs:
    """All pairs of sets at or above the threshold whose `side` differs.

    `side` is the split of each set, 0 the largest; negative leaves a set out.
    """
    found: list[CrossPairs] = []
    for indexed in (2, 1):
        rows = np.flatnonzero(side == indexed)
        if len(rows):
            index = _Index.over(sets, rows, threshold)
            probes = np.flatnonzero((side >= 0) & (side < indexed))
            found += run(index.join, list(_chunks(probes)))
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


def _prefixes(sets: SetReader, rows: I64, threshold: float) -> tuple[U64, I64, I64]:
    """Of each row its rarest 5-grams, whose they are, and how many must be shared."""
    lengths, slack = prefix_lengths(sets.sizes[rows], threshold)
    tokens = sets.take(rows, lengths).values
    return tokens, np.repeat(np.arange(len(rows)), lengths), slack


@dataclass(frozen=True, slots=True)
class _Index:
    """The prefixes of one side, by 5-gram."""

    sets: SetReader
    threshold: float
    rows: I64
    tokens: U64
    owner: I64
    slack: I64
    seen: NDArray[np.bool_]
    """By the low bits of a 5-gram: whether any indexed one has them."""

    @classmethod
    def over(cls, sets: SetReader, rows: I64, threshold: float) -> "_Index":
        tokens, owners, slacks = [], [], []
        for start, chunk in enumerate(_chunks(rows)):
            token, owner, slack = _prefixes(sets, chunk, threshold)
            tokens.append(token)
            owners.append(owner + start * _CHUNK)
            slacks.append(slack)
        flat = np.concatenate(tokens)
        order = np.argsort(flat, kind="stable")
        owner = np.concatenate(owners)[order]
        seen = np.zeros(1 << _FILTER_BITS, np.bool_)
        seen[_low_bits(flat)] = True
        return cls(sets, threshold, rows, flat[order], owner, np.concatenate(slacks), seen)

    def join(self, probes: I64) -> CrossPairs:
        """The alike pairs between these rows and the indexed ones."""
        tokens, owner, slack = _prefixes(self.sets, probes, self.threshold)
        met = self.seen[_low_bits(tokens)]
        probe, match, shared = self._meetings(tokens[met], owner[met])
        enough = shared >= np.minimum(slack[probe], self.slack[match])
        left, right = probes[probe[enough]], self.rows[match[enough]]
        similarity = AlikeOnly(self.sets, self.threshold)((left, right))
        alike = similarity >= self.threshold
        return CrossPairs(
            left=left[alike],
            right=right[alike],
            similarity=similarity[alike],
            highest=float(similarity.max()) if similarity.any() else None,
            examined=int(np.count_nonzero(similarity)),
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


def _low_bits(tokens: U64) -> I64:
    return (tokens & np.uint64((1 << _FILTER_BITS) - 1)).astype(np.int64)
