"""Which stretches of a group's texts are shared, and by exactly which of them.

Every window of a text is hashed, and windows that the same texts hold form a *family*: all the
words of one template make one family, whatever stands between them, and so does a question that
some of the runs repeat. Only columns are handled here, no window is ever a Python string.
Imports numpy and `shingles`' types.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.shingles import I64, U64

__all__ = ["BARRIER", "Families", "Span", "find_families"]

BARRIER = "\n"
"""No stretch reaches across it: normalized texts hold none, so it marks what was cut out."""
_MOST = 128
_BASE = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1

Span = tuple[int, int, int]
"""Where a stretch begins and ends in its text, and its family."""


@dataclass(frozen=True, slots=True)
class Families:
    """The shared stretches of some texts."""

    holders: list[int]
    """For each family its texts, a bit each; the most widely shared family first."""
    spans: list[list[Span]]
    """For each text its shared stretches, in order; neighbours may overlap."""

    def above(self, family: int) -> frozenset[int]:
        """The family and all whose texts include its texts."""
        own = self.holders[family]
        return frozenset(f for f, other in enumerate(self.holders) if own & other == own)


def find_families(texts: Sequence[str], window: int, least: int) -> Families:
    """The families of at least so many texts; of very many the weightiest."""
    points = np.frombuffer(
        "".join(f"{text}{BARRIER}" for text in texts).encode("utf-32-le", "surrogatepass"),
        np.uint32,
    )
    lengths = np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts))
    if len(points) <= window:
        return Families([], [[] for _ in texts])
    owner = np.repeat(np.arange(len(texts)), lengths)
    places = _whole_windows(points, window)
    hashes = _hash_windows(points, window)[places]
    family, holders = _families(hashes, owner[places], least)
    spans: list[list[Span]] = [[] for _ in texts]
    starts = np.cumsum(lengths) - lengths
    for place, last, which in _runs(places, owner, family):
        text = int(owner[place])
        begin = int(starts[text])
        spans[text].append((place - begin, last - begin + window, which))
    return Families(holders, spans)


def _whole_windows(points: NDArray[np.uint32], window: int) -> I64:
    """Where windows begin that hold no barrier."""
    barriers = np.concatenate(([0], np.cumsum(points == ord(BARRIER))))
    return np.flatnonzero(barriers[window:] == barriers[:-window])


def _hash_windows(points: NDArray[np.uint32], window: int) -> U64:
    """A polynomial hash of every window, put together from windows of powers of two."""
    count = len(points) - window + 1
    power = points.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    size, hashed, done = 1, np.zeros(count, np.uint64), 0
    while True:
        if window & size:
            hashed = hashed * _power(size) + power[done : done + count]
            done += size
        if size * 2 > window:
            break
        power = power[:-size] * _power(size) + power[size:]
        size *= 2
    hashed ^= hashed >> np.uint64(29)
    return hashed * np.uint64(_BASE)


def _power(size: int) -> np.uint64:
    return np.uint64(pow(_BASE, size, _WORD + 1))


def _families(hashes: U64, owner: I64, least: int) -> tuple[I64, list[int]]:
    """The family of every window, -1 for none, and the texts of each family."""
    family = np.full(len(hashes), -1, np.int64)
    bits = len(hashes).bit_length() + 2
    buckets = (hashes >> np.uint64(64 - bits)).astype(np.int64)
    likely = np.flatnonzero(np.bincount(buckets)[buckets] >= least)
    if not len(likely):
        return family, []
    order = likely[np.argsort(hashes[likely], kind="stable")]
    ranked, holders = hashes[order], owner[order]
    fresh = np.concatenate(([True], ranked[1:] != ranked[:-1]))
    starts = np.flatnonzero(fresh)
    first = fresh | np.concatenate(([True], holders[1:] != holders[:-1]))
    held = np.add.reduceat(first.astype(np.int64), starts)
    names = np.add.reduceat(np.where(first, _names(holders), np.uint64(0)), starts)
    shared = np.flatnonzero(held >= least)
    _, example, number = np.unique(names[shared], return_index=True, return_inverse=True)
    windows = np.bincount(number, minlength=len(example))
    support = held[shared[example]]
    place = order[starts[shared[example]]]
    best = np.lexsort((place, -support, -(support * windows)))[:_MOST]
    best = best[np.lexsort((place[best], -support[best]))]
    rank = np.full(len(example), -1, np.int64)
    rank[best] = np.arange(len(best))
    sizes = np.diff(np.append(starts, len(order)))
    of_group = np.full(len(starts), -1, np.int64)
    of_group[shared] = rank[number]
    family[order] = np.repeat(of_group, sizes)
    groups = shared[example[best]]
    spans = zip(starts[groups].tolist(), sizes[groups].tolist(), strict=True)
    return family, [_bits(holders[start : start + size]) for start, size in spans]


def _names(holders: I64) -> U64:
    """A fixed random number for each text: their sum names a set of texts."""
    mixed = (holders.astype(np.uint64) + np.uint64(1)) * np.uint64(_BASE)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)


def _bits(holders: I64) -> int:
    return sum(1 << holder for holder in set(holders.tolist()))


def _runs(places: I64, owner: I64, family: I64) -> list[tuple[int, int, int]]:
    """First and last window of every run of neighbouring windows of one family."""
    if not len(places):
        return []
    broken = (np.diff(places) != 1) | (np.diff(family) != 0) | (np.diff(owner[places]) != 0)
    starts = np.concatenate(([0], np.flatnonzero(broken) + 1))
    ends = np.concatenate((starts[1:], [len(places)])) - 1
    inside = family[starts] >= 0
    runs = (places[starts[inside]], places[ends[inside]], family[starts[inside]])
    return list(zip(*(column.tolist() for column in runs), strict=True))
