"""Which inputs are alike: a symmetric list of pairs with their similarity, quick to ask.

Imports only `shingles`, `candidates` and `jaccard`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.stages.candidates import candidate_pairs
from pipeline.stages.jaccard import F64, AlikeOnly, Mapper, SetReader
from pipeline.stages.shingles import I64, U64

__all__ = ["Pairs", "alike_pairs"]

_PAIRS = 8192
"""Candidate pairs verified in one batch."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of inputs at or above the threshold; every pair once, left < right."""

    left: I64
    right: I64
    similarity: F64

    def __len__(self) -> int:
        return len(self.left)

    def by_input(self) -> dict[int, list[tuple[int, float]]]:
        """For every input with any: the inputs alike to it, with their similarity."""
        found: dict[int, list[tuple[int, float]]] = {}
        for left, right, similarity in zip(
            self.left.tolist(), self.right.tolist(), self.similarity.tolist(), strict=True
        ):
            found.setdefault(left, []).append((right, similarity))
            found.setdefault(right, []).append((left, similarity))
        return found


def alike_pairs(
    sets: SetReader, keys_of_band: Iterator[U64], threshold: float, run: Mapper = map
) -> Pairs:
    """All candidate pairs whose exact Jaccard index is at least the threshold."""
    left, right = candidate_pairs(keys_of_band)
    spans = range(0, len(left), _PAIRS)
    chunks = [(left[start : start + _PAIRS], right[start : start + _PAIRS]) for start in spans]
    found = run(AlikeOnly(sets, threshold), chunks)
    similarity = np.concatenate([np.empty(0, np.float64), *found])
    alike = similarity >= threshold
    return Pairs(left[alike], right[alike], similarity[alike])
