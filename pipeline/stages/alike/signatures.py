"""Signatures of parts of sets, by which alike sets find one another exactly.

The members of a set fall by their hash into P parts. Two sets of which at most d members are not
shared have all but d of their parts equal, so of any d + 1 parts of a set one is equal in every set
that is alike to it (after PartEnum: Arasu, Ganti, Kaushik 2006). Imports `jaccard`, `shingles`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.jaccard import SetReader
from pipeline.stages.alike.shingles import I64, U64

__all__ = ["Classes", "SignatureTable", "signatures"]

_PART = 3.0
"""Most 5-grams that a part holds on average."""
_WIDEST = 0.9
"""The threshold from which on classes do not become narrower."""
_ROUNDING = 1e-9
_ZERO = np.zeros(1, np.int32)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SALT = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes of sizes; all sets of one class have the same number of parts.

    A class is so wide that the sizes that can be alike to one size lie in two of them.
    """

    threshold: float

    def of(self, sizes: NDArray[Any]) -> I64:
        """The class of each size."""
        step = 2 * np.log(1 / min(self.threshold, _WIDEST))
        return np.asarray(np.floor(np.log(np.maximum(sizes, 1)) / step + _ROUNDING), np.int64)

    def largest(self, classes: I64) -> I64:
        """A size that no set of the class exceeds."""
        width = 1 / min(self.threshold, _WIDEST) ** 2
        return np.asarray(np.ceil(width ** (classes + 1.0)), np.int64)

    def parts(self, classes: I64) -> I64:
        """How many parts sets of each class have: more than they can differ in from alike ones."""
        largest = self.largest(classes)
        most = self.unshared(largest / self.threshold + largest)
        return np.maximum(np.ceil(largest / _PART).astype(np.int64), most + 1)

    def parts_of(self, sizes: I64) -> I64:
        """The same for sets of these sizes."""
        return self.parts(self.of(sizes))

    def unshared(self, both: NDArray[Any]) -> I64:
        """How many members two alike sets with so many together do not share, at most."""
        share = (1 - self.threshold) / (1 + self.threshold)
        return np.asarray(np.floor(share * both + _ROUNDING * both + _ROUNDING), np.int64)


def signatures(sets: SetReader, rows: I64, number: int, parts: int) -> U64:
    """The signature of every part of each row, for one class; shape (rows, parts)."""
    taken = sets.take(rows)
    mixed = _mixed(taken.values)
    part = ((mixed >> np.uint64(32)) * np.uint64(parts)) >> np.uint64(32)
    owner = np.repeat(np.arange(len(rows)) * parts, taken.sizes)
    sums = np.zeros(len(rows) * parts, np.uint64)
    np.add.at(sums, owner + part.astype(np.int64), _mixed(mixed ^ _SALT))
    places = (np.arange(parts, dtype=np.uint64) << np.uint64(8)) + np.uint64(number)
    keys = sums.reshape(-1, parts) ^ _mixed(places + _SALT)
    return _mixed(keys)


def _mixed(values: U64) -> U64:
    mixed = values ^ (values >> np.uint64(30))
    mixed *= _MIX_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MIX_2
    mixed ^= mixed >> np.uint64(31)
    return mixed


@dataclass(frozen=True, slots=True)
class SignatureTable:
    """Sorted signatures, found by their topmost bits."""

    keys: U64
    """The different ones, ascending."""
    begin: I64
    """Of each where its entries begin; one more at the end."""
    first: NDArray[np.int32]
    """By topmost bits: the first key that has them or higher ones."""
    shift: np.uint64

    @classmethod
    def of(cls, ordered: U64) -> "SignatureTable":
        """The table of ascending signatures."""
        begin = np.flatnonzero(np.concatenate((ordered[:1] == ordered[:1], np.diff(ordered) != 0)))
        keys = ordered[begin]
        bits = max(10, len(keys).bit_length())
        shift = np.uint64(64 - bits)
        counts = np.bincount((keys >> shift).astype(np.int64), minlength=1 << bits)
        first = np.concatenate((_ZERO, np.cumsum(counts, dtype=np.int32)))
        return cls(keys, np.append(begin, len(ordered)), first, shift)

    def find(self, asked: U64) -> tuple[I64, I64]:
        """Of each signature where its entries begin, and how many there are."""
        bucket = (asked >> self.shift).astype(np.int64)
        at, end = self.first[bucket].astype(np.int64), self.first[bucket + 1]
        begin, counts = np.zeros(len(asked), np.int64), np.zeros(len(asked), np.int64)
        open_ones = np.flatnonzero(at < end)
        while len(open_ones):
            place = at[open_ones]
            met = self.keys[place] == asked[open_ones]
            found, there = open_ones[met], place[met]
            begin[found] = self.begin[there]
            counts[found] = self.begin[there + 1] - self.begin[there]
            open_ones = open_ones[~met]
            at[open_ones] += 1
            open_ones = open_ones[at[open_ones] < end[open_ones]]
        return begin, counts
