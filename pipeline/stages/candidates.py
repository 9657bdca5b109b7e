"""Candidate pairs by MinHash LSH: which sets are worth comparing exactly.

25 bands of 5 over 125 permutations: a pair with Jaccard index s becomes a candidate with the
chance 1 - (1 - s^5)^25, which is 0.99995 at 0.8. Every candidate is verified afterwards, so a
band too many costs time and never a wrong merge. Imports only `shingles`.
"""

from collections.abc import Iterator

import numpy as np
import rensa
from numpy.typing import NDArray

from pipeline.stages.shingles import I64, U64, ShingleSets

__all__ = ["BANDS", "ROWS", "band_keys", "candidate_pairs"]

BANDS = 25
ROWS = 5
_SEED = 20_261_123
_MIX = np.uint64(0xFF51AFD7ED558CCD)


def band_keys(sets: ShingleSets) -> U64:
    """One 64-bit key for each set and band, shape (sets, bands)."""
    if len(sets) == 0:
        return np.empty((0, BANDS), np.uint64)
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
        sets.values, sets.offsets.astype(np.uint64), BANDS * ROWS, _SEED
    )
    signature = np.array(matrix.to_rows(), np.uint64).reshape(len(sets), BANDS, ROWS)
    keys = np.zeros((len(sets), BANDS), np.uint64)
    for row in range(ROWS):
        keys ^= signature[:, :, row]
        keys *= _MIX
        keys ^= keys >> np.uint64(32)
    return keys


def candidate_pairs(keys_of_band: Iterator[U64]) -> tuple[I64, I64]:
    """All pairs (left < right) of rows that share a key in at least one band, each once."""
    found = np.empty(0, np.uint64)
    for keys in keys_of_band:
        left, right = _pairs_in_band(keys)
        codes = (left.astype(np.uint64) << np.uint64(32)) | right.astype(np.uint64)
        found = np.unique(np.concatenate((found, codes)))
    return (
        (found >> np.uint64(32)).astype(np.int64),
        (found & np.uint64(0xFFFFFFFF)).astype(np.int64),
    )


def _pairs_in_band(keys: U64) -> tuple[I64, I64]:
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    fresh = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    sizes = np.diff(np.append(fresh, len(ranked)))
    shared = sizes > 1
    return _pairs_in_buckets(order, fresh[shared], sizes[shared])


def _pairs_in_buckets(order: I64, starts: I64, sizes: I64) -> tuple[I64, I64]:
    """Every pair within each bucket; `order` is ascending inside a bucket (stable sort)."""
    members = np.repeat(starts, sizes) + _ramps(sizes)
    later = np.repeat(sizes, sizes) - 1 - _ramps(sizes)
    left = np.repeat(members, later)
    right = left + 1 + _ramps(later)
    return order[left], order[right]


def _ramps(sizes: NDArray[np.int64]) -> I64:
    """0, 1, .. size - 1 for every size, one after the other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - sizes, sizes)
