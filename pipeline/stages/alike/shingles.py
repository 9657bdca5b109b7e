"""Sets of character 5-grams, made in columns: no Python string a shingle.

A set is a sorted run of distinct 54-bit values inside one flat uint64 array; `offsets` (n + 1)
marks where each begins. A value is a 48-bit hash below a 6-bit rank, so a set begins with its
rarest 5-grams, which is what the exact joins look at. 54 bits leave 10 for a row number: one
sort makes the sets of a whole batch. Two different 5-grams of one pair of texts meet with a
chance below 1e-7. Imports only numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HASH_BITS", "NO_RANKS", "ShingleSets", "shingle_sets", "token_ranks"]

SIZE = 5
HASH_BITS = 54
_BATCH = 1 << (64 - HASH_BITS)
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)

_BUCKETS = 1 << 20
_RANK_BITS = 6
_LONG_ROW = 200
"""Mean shingles a row from which on rows are sorted one by one."""

U8 = NDArray[np.uint8]
U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

NO_RANKS: U8 = np.zeros(_BUCKETS, np.uint8)
"""All 5-grams count as equally rare."""


@dataclass(frozen=True, slots=True)
class ShingleSets:
    """Sets of 5-grams: set i is `values[offsets[i]:offsets[i + 1]]`, sorted, distinct."""

    values: U64
    offsets: I64

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> I64:
        """How many 5-grams each set has; at least 1."""
        return np.diff(self.offsets)

    def take(self, rows: I64, lengths: I64 | None = None) -> "ShingleSets":
        """The sets of these rows, in this order; of each only its first `lengths` values."""
        starts = self.offsets[rows]
        sizes = self.sizes[rows] if lengths is None else lengths
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        index = np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])
        return ShingleSets(self.values[index], offsets)

    def only(self, rows: I64) -> "ShingleSets":
        """The sets of these rows, numbered anew from 0."""
        return self.take(rows)


def token_ranks(samples: Sequence[tuple[ShingleSets, float]]) -> U8:
    """How frequent each bucket of 5-grams is, 0 (rare) to 63, from unranked sets of samples.

    Each sample comes with how many texts one of its texts stands for. Any ranks give right
    results; good ones give quick joins.
    """
    counts = np.zeros(_BUCKETS)
    for sets, weight in samples:
        buckets = (sets.values >> np.uint64(HASH_BITS - _RANK_BITS - 20)).astype(np.int64)
        counts += np.bincount(buckets & (_BUCKETS - 1), minlength=_BUCKETS) * weight
    return np.asarray(np.minimum(np.log2(counts + 1) * 3, (1 << _RANK_BITS) - 1), np.uint8)


def shingle_sets(texts: Sequence[str], ranks: U8 = NO_RANKS) -> ShingleSets:
    """The 5-gram sets of normalized texts; a text below 5 characters is one shingle."""
    starts = range(0, len(texts), _BATCH)
    batches = [_batch(texts[start : start + _BATCH], ranks) for start in starts]
    if not batches:
        return ShingleSets(np.empty(0, np.uint64), np.zeros(1, np.int64))
    sizes = np.concatenate([sets.sizes for sets in batches])
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    return ShingleSets(np.concatenate([sets.values for sets in batches]), offsets)


def _batch(texts: Sequence[str], ranks: U8) -> ShingleSets:
    padded = [text if len(text) >= SIZE else text.ljust(SIZE, "\0") for text in texts]
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    points = np.frombuffer("".join(padded).encode("utf-32-le"), np.uint32)
    hashes = _ranked(_hash_windows(points), ranks)
    counts = lengths - (SIZE - 1)
    rows = np.repeat(np.arange(len(padded)), counts)
    starts = np.cumsum(lengths) - lengths
    ends = np.cumsum(counts)
    windows = np.repeat(starts - (ends - counts), counts) + np.arange(ends[-1])
    keys = (rows.astype(np.uint64) << np.uint64(HASH_BITS)) | hashes[windows]
    _sort_rows(keys, ends)
    return _distinct(keys, len(padded))


def _hash_windows(points: NDArray[np.uint32]) -> U64:
    """The hash of every window of five code points, windows across texts included."""
    wide = points.astype(np.uint64)
    count = len(wide) - (SIZE - 1)
    mixed = wide[:count].copy()
    for shift in range(1, SIZE):
        mixed *= _BASE
        mixed += wide[shift : shift + count]
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MIX_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MIX_2
    mixed ^= mixed >> np.uint64(31)
    mixed >>= np.uint64(64 - HASH_BITS + _RANK_BITS)
    return mixed


def _ranked(hashes: U64, ranks: U8) -> U64:
    """The 48-bit hashes below the ranks of their buckets (their topmost 20 bits)."""
    if ranks is NO_RANKS:
        return hashes
    bits = np.uint64(HASH_BITS - _RANK_BITS)
    buckets = (hashes >> (bits - np.uint64(20))).astype(np.int64)
    return (ranks[buckets].astype(np.uint64) << bits) | hashes


def _sort_rows(keys: U64, ends: I64) -> None:
    """Sort keys that are in the order of their rows; long rows one by one, which is quicker."""
    if len(keys) < _LONG_ROW * len(ends):
        keys.sort()
        return
    start = 0
    for end in ends.tolist():
        keys[start:end].sort()
        start = end


def _distinct(keys: U64, rows: int) -> ShingleSets:
    keep = np.empty(len(keys), np.bool_)
    keep[0] = True
    np.not_equal(keys[1:], keys[:-1], out=keep[1:])
    keys = keys[keep]
    edges = np.arange(rows + 1, dtype=object) * (1 << HASH_BITS)
    offsets = np.searchsorted(keys, edges[:-1].astype(np.uint64))
    values = keys & np.uint64((1 << HASH_BITS) - 1)
    return ShingleSets(values, np.append(offsets, len(keys)).astype(np.int64))
