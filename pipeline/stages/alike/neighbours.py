"""Which inputs are alike: pairs with their similarity, quick to ask for one input's neighbours.

Imports only `shingles`, `candidates` and `jaccard`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.stages.alike.candidates import CROWD, BandKeys, find_candidates
from pipeline.stages.alike.jaccard import F64, AlikeOnly, Mapper, SetReader
from pipeline.stages.alike.shingles import I64

__all__ = ["Neighbours", "Pairs", "alike_pairs"]

_PAIRS = 8192
"""Candidate pairs verified in one batch."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For every input the inputs alike to it, one after the other."""

    starts: I64
    others: I64
    similarity: F64

    def of(self, own: int) -> Iterator[tuple[int, float]]:
        """The inputs alike to this one, with their similarity."""
        here = slice(self.starts[own], self.starts[own + 1])
        return zip(self.others[here].tolist(), self.similarity[here].tolist(), strict=True)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of inputs at or above the threshold; every pair once, left < right."""

    left: I64
    right: I64
    similarity: F64

    @classmethod
    def none(cls) -> "Pairs":
        """No pair at all."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))

    @classmethod
    def of(cls, one: I64, other: I64, similarity: F64) -> "Pairs":
        """Each of these pairs once, whichever side stands first."""
        left, right = np.minimum(one, other), np.maximum(one, other)
        _, first = np.unique((left << 32) | right, return_index=True)
        return cls(left[first], right[first], similarity[first])

    def __len__(self) -> int:
        return len(self.left)

    def __or__(self, more: "Pairs") -> "Pairs":
        """The pairs of both."""
        if not len(more):
            return self
        return Pairs.of(
            np.concatenate((self.left, more.left)),
            np.concatenate((self.right, more.right)),
            np.concatenate((self.similarity, more.similarity)),
        )

    def neighbours(self, inputs: int) -> Neighbours:
        """The same, to be asked for one input; `inputs` is how many there are."""
        own = np.concatenate((self.left, self.right))
        order = np.argsort(own, kind="stable")
        return Neighbours(
            np.searchsorted(own[order], np.arange(inputs + 1)),
            np.concatenate((self.right, self.left))[order],
            np.concatenate((self.similarity, self.similarity))[order],
        )


def alike_pairs(
    sets: SetReader,
    keys: BandKeys,
    threshold: float,
    run: Mapper = map,
    crowd: int = CROWD,
) -> tuple[Pairs, I64]:
    """All candidate pairs whose exact Jaccard index is at least the threshold; and the crowd."""
    found = find_candidates(keys, crowd, run)
    spans = range(0, len(found.left), _PAIRS)
    chunks = [
        (found.left[start : start + _PAIRS], found.right[start : start + _PAIRS]) for start in spans
    ]
    similarity = np.concatenate([np.empty(0, np.float64), *run(AlikeOnly(sets, threshold), chunks)])
    alike = similarity >= threshold
    return Pairs(found.left[alike], found.right[alike], similarity[alike]), found.crowd
