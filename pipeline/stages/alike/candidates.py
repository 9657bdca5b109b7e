"""Candidate pairs by MinHash LSH: which sets are worth comparing exactly.

At the threshold 0.8 there are 40 bands of 5 over 200 permutations: a pair with Jaccard index s
becomes a candidate with the chance 1 - (1 - s^5)^40; at 0.8 one pair in eight million is missed.
Every candidate is verified afterwards, so a band too many costs time and never a wrong merge.
Imports `shingles` and `jaccard`.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import rensa
from numpy.typing import NDArray

from pipeline.stages.alike.jaccard import Mapper
from pipeline.stages.alike.shingles import I64, U64, ShingleSets

__all__ = ["CROWD", "BandKeys", "Banding", "Candidates", "band_keys", "find_candidates"]

_PERMUTATIONS = 200
_MISSED = 2e-7
"""The greatest chance that a pair at the threshold is missed."""
CROWD = 128
"""More sets than this with one key in one band are a crowd: they are not paired one by one."""
_HELD = 8 << 20
"""Pairs, some of them found in several bands, that are held until each is held once."""
_SEED = 20_261_123
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_MIX = np.uint64(0xFF51AFD7ED558CCD)


class BandKeys(Protocol):
    """The band keys of some sets, which may lie on disk."""

    @property
    def bands(self) -> int:
        """How many bands there are."""

    def __len__(self) -> int:
        """How many sets there are."""

    def band(self, number: int) -> U64:
        """The key of every set in one band."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is worth comparing."""

    left: I64
    right: I64
    """Pairs of rows (left < right) that share a key in a band, each once."""
    crowd: I64
    """Rows that share a key with so many others that their pairs are not listed."""


@dataclass(frozen=True, slots=True)
class Banding:
    """How a sketch is cut into bands: two sets are candidates if one band of both is equal."""

    bands: int
    rows: int

    @classmethod
    def of(cls, threshold: float) -> "Banding":
        """The bands with the most rows that miss next to no pair at the threshold."""
        able = [cls(_PERMUTATIONS // rows, rows) for rows in range(1, _PERMUTATIONS + 1)]
        return max((one for one in able if one.missed(threshold) <= _MISSED), key=_rows)

    def missed(self, similarity: float) -> float:
        """The chance that two sets with this Jaccard index are no candidates."""
        return float((1 - similarity**self.rows) ** self.bands)


def _rows(banding: Banding) -> int:
    return banding.rows


def band_keys(sets: ShingleSets, banding: Banding) -> U64:
    """One 64-bit key for each set and band, shape (sets, bands)."""
    bands, rows = banding.bands, banding.rows
    if len(sets) == 0:
        return np.empty((0, bands), np.uint64)
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
        sets.values, sets.offsets.astype(np.uint64), bands * rows, _SEED
    )
    signature = np.array(matrix.to_rows(), np.uint64).reshape(len(sets), bands, rows)
    keys = np.zeros((len(sets), bands), np.uint64)
    for row in range(rows):
        keys ^= signature[:, :, row]
        keys *= _MIX
        keys ^= keys >> np.uint64(32)
    return keys


def find_candidates(keys: BandKeys, crowd: int = CROWD, run: Mapper = map) -> Candidates:
    """All rows that share a key in at least one band, as pairs or, where too many, as a crowd.

    Of two rows of the crowd no pair is listed, whatever key they share.
    """
    crowded = np.zeros(len(keys), np.bool_)
    found = [np.empty(0, np.uint64)]
    for codes, many in run(_InBand(keys, crowd), range(keys.bands)):
        crowded[many] = True
        found.append(_listed(codes, crowded))
        if sum(map(len, found)) > _HELD:
            found = [np.unique(np.concatenate(found))]
    codes = np.unique(_listed(np.concatenate(found), crowded))
    return Candidates(*_rows_of(codes), np.flatnonzero(crowded))


def _listed(codes: U64, crowded: NDArray[np.bool_]) -> U64:
    """The pairs that are not of two rows of the crowd."""
    left, right = _rows_of(codes)
    return codes[~(crowded[left] & crowded[right])]


def _rows_of(codes: U64) -> tuple[I64, I64]:
    return (codes >> _HALF).astype(np.int64), (codes & _LOW).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _InBand:
    """What one band finds."""

    keys: BandKeys
    crowd: int

    def __call__(self, number: int) -> tuple[U64, I64]:
        """The pairs that share a key in this band, each as one number; the rows of its crowds.

        A key's low bits make way for the row's number, so one sort of numbers does: two keys that
        are equal above them by chance (at a million rows, one pair in 10^13) are verified in vain.
        """
        keys = self.keys.band(number)
        bits = np.uint64(max(1, len(keys).bit_length()))
        ranked = (keys >> bits << bits) | np.arange(len(keys), dtype=np.uint64)
        ranked.sort()
        order = (ranked & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
        starts, sizes = _buckets(ranked >> bits)
        many = sizes > self.crowd
        left, right = _pairs_in_buckets(order, starts[~many], sizes[~many])
        codes = (left.astype(np.uint64) << _HALF) | right.astype(np.uint64)
        return codes, order[_members(starts[many], sizes[many])]


def _buckets(ranked: U64) -> tuple[I64, I64]:
    """Where runs of two and more equal keys begin in a sorted column, and how long they are."""
    fresh = np.flatnonzero(np.concatenate((ranked[:1] == ranked[:1], ranked[1:] != ranked[:-1])))
    sizes = np.diff(np.append(fresh, len(ranked)))
    shared = sizes > 1
    return fresh[shared], sizes[shared]


def _members(starts: I64, sizes: I64) -> I64:
    return np.repeat(starts, sizes) + _ramps(sizes)


def _pairs_in_buckets(order: I64, starts: I64, sizes: I64) -> tuple[I64, I64]:
    """Every pair within each bucket; `order` is ascending inside a bucket."""
    members = _members(starts, sizes)
    later = np.repeat(sizes, sizes) - 1 - _ramps(sizes)
    left = np.repeat(members, later)
    right = left + 1 + _ramps(later)
    return order[left], order[right]


def _ramps(sizes: NDArray[np.int64]) -> I64:
    """0, 1, .. size - 1 for every size, one after the other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - sizes, sizes)
