"""The rarest 5-grams of sets, by which alike sets find one another exactly.

Sets begin with their rarest members. Two sets of Jaccard index t or more share one of the first
n - ceil(t n) + 1 members of either (Chaudhuri, Ganti, Kaushik 2006). Where texts are short and have
most of their words in common, as stamps of time do, this finds fewer that are not alike than the
signatures of parts. Imports `jaccard` and `shingles`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.jaccard import SetReader
from pipeline.stages.alike.shingles import HASH_BITS, I64, U64

__all__ = ["PrefixTable"]

_SALT = np.uint64(0x9E3779B97F4A7C15)
_MASK = np.uint64((1 << HASH_BITS) - 1)
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class PrefixTable:
    """The rarest 5-grams of some rows, ascending."""

    tokens: U64
    owner: NDArray[np.int32]
    """Whose they are, counted among the rows."""

    @classmethod
    def over(cls, sets: SetReader, rows: I64, threshold: float, group: I64 | None) -> "PrefixTable":
        """The table of these rows; `group` has a number for every row of the sets."""
        tokens, owner = _prefixes(sets, rows, threshold, group)
        order = np.argsort(tokens)
        return cls(tokens[order], owner[order].astype(np.int32))

    def find(
        self, sets: SetReader, rows: I64, threshold: float, group: I64 | None
    ) -> tuple[I64, I64, I64]:
        """Whose 5-grams (counted among these rows) the table has, where, and how often."""
        tokens, owner = _prefixes(sets, rows, threshold, group)
        begin = np.searchsorted(self.tokens, tokens, side="left")
        counts = np.searchsorted(self.tokens, tokens, side="right") - begin
        met = counts > 0
        return owner[met], begin[met], counts[met]


def _prefixes(sets: SetReader, rows: I64, threshold: float, group: I64 | None) -> tuple[U64, I64]:
    """Of each row its rarest 5-grams, as many as it takes, and whose they are."""
    sizes = sets.sizes[rows]
    lengths = sizes - np.ceil(threshold * sizes - _ROUNDING).astype(np.int64) + 1
    tokens = sets.take(rows, lengths).values
    owner = np.repeat(np.arange(len(rows)), lengths)
    if group is not None:
        tokens ^= (group[rows].astype(np.uint64) * _SALT & _MASK)[owner]
    return tokens, owner
