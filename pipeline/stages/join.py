"""The exact set-similarity join: every pair of sets that is alike, no sketch, in bounded memory.

A prefix filter (see `jaccard`) in blocks: the rows of one block are indexed by their rarest
5-grams and the rows of another are looked up; what shares enough of them and can still reach the
threshold by size and place is computed exactly. A block's work is one task for an engine.
Imports `shingles` and `jaccard`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.jaccard import F64, Mapper, SetReader, jaccard_of_pairs, prefix_lengths
from pipeline.stages.shingles import HASH_BITS, I64, U64

__all__ = ["AlsoAlike", "Found", "Join", "across", "within"]

_BLOCK_VALUES = (1 << 17, 1 << 22)
"""Fewest and most 5-grams of a block; an index has 24 bytes for each."""
_BLOCKS = 8
"""Blocks that are wanted where they are not too small for it."""
_PROBE_VALUES = 1 << 18
"""About how many are looked up at once."""
_MEETINGS = 4 << 20
"""About how many meetings of two sets at one 5-gram are held at once."""
_FILTER_BITS = 21
_CLASS_BITS = np.uint64(64 - HASH_BITS)
_CLASS_STEP = np.log(1.02)
_HASH_MASK = np.uint64((1 << HASH_BITS) - 1)
_SALT = np.uint64(0x9E3779B97F4A7C15)
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class AlsoAlike:
    """A second pair of sets that must be alike as well: the answers, beside the inputs."""

    sets: SetReader
    threshold: float

    def only(self, rows: I64) -> "AlsoAlike":
        """The same for these rows, numbered anew."""
        return AlsoAlike(self.sets.only(rows), self.threshold)


@dataclass(frozen=True, slots=True)
class Found:
    """What a join found."""

    left: I64
    right: I64
    similarity: F64
    """Of the pairs at or above the threshold."""
    highest: float | None
    """Over all pairs that were computed."""
    examined: int

    @classmethod
    def merged(cls, found: Iterable["Found"], most: int | None = None) -> "Found":
        """All of them, or as many as come before more than `most` pairs are found."""
        parts: list[Found] = []
        count = 0
        for part in found:
            parts.append(part)
            count += len(part.left)
            if most is not None and count > most:
                break
        empty = np.empty(0, np.int64)
        highest = [part.highest for part in parts if part.highest is not None]
        return cls(
            left=np.concatenate([empty, *(part.left for part in parts)]),
            right=np.concatenate([empty, *(part.right for part in parts)]),
            similarity=np.concatenate([empty.astype(float), *(part.similarity for part in parts)]),
            highest=max(highest, default=None),
            examined=sum(part.examined for part in parts),
        )


@dataclass(frozen=True, slots=True)
class Join:
    """A join over the rows of some sets."""

    sets: SetReader
    threshold: float
    group: I64 | None = None
    """Only rows of one group are compared; without any, all are."""
    also: AlsoAlike | None = None
    most: int | None = None
    """So many pairs are enough to know; None asks for all."""

    def only(self, rows: I64) -> "Join":
        """The same over these rows, numbered anew."""
        group = None if self.group is None else self.group[rows]
        also = None if self.also is None else self.also.only(rows)
        return Join(self.sets.only(rows), self.threshold, group, also, self.most)


def within(join: Join, rows: I64, run: Mapper = map) -> Found:
    """All alike pairs among the rows, each once."""
    return Found.merged(run(_carry_out, _self_tasks(join, rows)), join.most)


def across(join: Join, indexed: I64, probes: I64, run: Mapper = map) -> Found:
    """All alike pairs of one row of `probes` (left) and one of `indexed` (right)."""
    return Found.merged(run(_carry_out, _cross_tasks(join, indexed, probes)), join.most)


@dataclass(frozen=True, slots=True)
class _Task:
    """One block of probes against one of indexed rows; both count in `join`'s rows."""

    join: Join
    names: I64
    """What the rows are called outside."""
    indexed: I64
    probes: I64
    ahead: int
    """By how much the probes' places are ahead: a pair counts if its probe comes later."""


def _self_tasks(join: Join, rows: I64) -> Iterator[_Task]:
    """Every block with itself and with later blocks whose sets are not too large."""
    rows = _by_size(join.sets, rows)
    sizes = join.sets.sizes[rows]
    edges = _blocks(join, rows)
    for begin, end in pairwise(edges):
        largest = sizes[end - 1] / join.threshold + _ROUNDING
        for start, stop in pairwise(edges):
            last = min(stop, int(np.searchsorted(sizes, largest, side="right")))
            if start >= begin and last > start:
                yield _task(join, rows[begin:end], rows[start:last], ahead=start - begin)


def _cross_tasks(join: Join, indexed: I64, probes: I64) -> Iterator[_Task]:
    indexed, probes = _by_size(join.sets, indexed), _by_size(join.sets, probes)
    sizes, able = join.sets.sizes[indexed], join.sets.sizes[probes]
    edges = _blocks(join, indexed)
    for begin, end in pairwise(edges):
        smallest = sizes[begin] * join.threshold - _ROUNDING
        largest = sizes[end - 1] / join.threshold + _ROUNDING
        first, last = np.searchsorted(able, smallest), np.searchsorted(able, largest, side="right")
        near = probes[first:last]
        cuts = _blocks(join, near)
        for start, stop in pairwise(cuts):
            yield _task(join, indexed[begin:end], near[start:stop], ahead=end - begin)


def _task(join: Join, indexed: I64, probes: I64, *, ahead: int) -> _Task:
    names = np.concatenate((indexed, probes))
    count = len(indexed)
    places = np.arange(len(names))
    return _Task(join.only(names), names, places[:count], places[count:], ahead)


def _by_size(sets: SetReader, rows: I64) -> I64:
    return rows[np.lexsort((rows, sets.sizes[rows]))]


def _blocks(join: Join, rows: I64) -> list[int]:
    values = prefix_lengths(join.sets.sizes[rows], join.threshold)[0]
    return _edges(values, int(np.clip(values.sum() // _BLOCKS, *_BLOCK_VALUES)))


def _edges(values: I64, most: int) -> list[int]:
    """Where to cut so that every block has about `most` values, and at least one row."""
    ends = np.cumsum(values)
    edges = [0]
    while edges[-1] < len(values):
        base = ends[edges[-1] - 1] if edges[-1] else 0
        edges.append(max(edges[-1] + 1, int(np.searchsorted(ends, base + most, side="right"))))
    return edges


def _carry_out(task: _Task) -> Found:
    index = _Index.over(task.join, task.indexed)
    values = prefix_lengths(task.join.sets.sizes[task.probes], task.join.threshold)[0]
    edges = _edges(values, _PROBE_VALUES)
    chunks = pairwise(edges)
    found = chain.from_iterable(
        index.join(task.probes[start:stop], start + task.ahead) for start, stop in chunks
    )
    merged = Found.merged(found, task.join.most)
    return Found(
        left=task.names[merged.left],
        right=task.names[merged.right],
        similarity=merged.similarity,
        highest=merged.highest,
        examined=merged.examined,
    )


@dataclass(frozen=True, slots=True)
class _Prefixes:
    """The rarest 5-grams of some rows, one after the other."""

    tokens: U64
    owner: I64
    """Whose they are, counted among the rows."""
    at: I64
    """Their places in their sets."""
    slack: I64
    """Of each row how many must be shared."""

    @classmethod
    def of(cls, join: Join, rows: I64) -> "_Prefixes":
        lengths, slack = prefix_lengths(join.sets.sizes[rows], join.threshold)
        tokens = join.sets.take(rows, lengths).values
        owner = np.repeat(np.arange(len(rows)), lengths)
        at = np.arange(len(tokens)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        if join.group is not None:
            salts = join.group[rows].astype(np.uint64) * _SALT
            tokens = tokens ^ (salts[owner] & _HASH_MASK)
        return cls(tokens, owner, at, slack)


@dataclass(frozen=True, slots=True)
class _Index:
    """The prefixes of a block of rows, by 5-gram and then by size."""

    of: Join
    rows: I64
    keys: U64
    """A 5-gram above the class of its set's size."""
    owner: I64
    at: I64
    slack: I64
    seen: NDArray[np.bool_]
    """By the low bits of a 5-gram: whether any indexed one has them."""

    @classmethod
    def over(cls, join: Join, rows: I64) -> "_Index":
        found = _Prefixes.of(join, rows)
        classes = _size_class(join.sets.sizes[rows])
        keys = (found.tokens << _CLASS_BITS) | classes[found.owner]
        order = np.argsort(keys, kind="stable")
        seen = np.zeros(1 << _FILTER_BITS, np.bool_)
        seen[_low_bits(found.tokens)] = True
        return cls(join, rows, keys[order], found.owner[order], found.at[order], found.slack, seen)

    def join(self, probes: I64, first: int) -> Iterator[Found]:
        """The alike pairs between these rows, the first of which has place `first`, and mine."""
        found = _Prefixes.of(self.of, probes)
        met = self.seen[_low_bits(found.tokens)]
        tokens, owner, at = found.tokens[met], found.owner[met], found.at[met]
        sizes = self.of.sets.sizes[probes][owner]
        low = _size_class(sizes * self.of.threshold - _ROUNDING)
        high = _size_class(sizes / self.of.threshold + _ROUNDING)
        begin = np.searchsorted(self.keys, (tokens << _CLASS_BITS) | low, side="left")
        end = np.searchsorted(self.keys, (tokens << _CLASS_BITS) | high, side="right")
        counts = end - begin
        some = counts > 0
        begin, counts, owner, at = begin[some], counts[some], owner[some], at[some]
        of_probe = np.bincount(owner, weights=counts, minlength=len(probes)).astype(np.int64)
        edges = _edges(of_probe, _MEETINGS)
        for start, stop in pairwise(edges):
            here = slice(*np.searchsorted(owner, [start, stop]))
            met_here = _Met(begin[here], counts[here], owner[here], at[here])
            yield self._found(probes, found.slack, self._meetings(probes, met_here, first))

    def _meetings(self, probes: I64, met: "_Met", first: int) -> tuple[I64, I64, I64]:
        """Probe and indexed row that share a prefix 5-gram, and how many they share."""
        ends = np.cumsum(met.counts)
        total = int(ends[-1]) if len(ends) else 0
        place = np.arange(total) + np.repeat(met.begin - (ends - met.counts), met.counts)
        probe, match = np.repeat(met.owner, met.counts), self.owner[place]
        able = (probe + first > match) & self._can_reach(
            self.of.sets.sizes[probes][probe],
            self.of.sets.sizes[self.rows][match],
            np.repeat(met.at, met.counts),
            self.at[place],
        )
        codes = probe[able] * len(self.rows) + match[able]
        pairs, shared = np.unique(codes, return_counts=True)
        return pairs // len(self.rows), pairs % len(self.rows), shared

    def _can_reach(self, size: I64, other: I64, at: I64, at_other: I64) -> NDArray[np.bool_]:
        """Whether two sets that meet at these places can be alike (exact, never too strict)."""
        most = np.minimum(at, at_other) + np.minimum(size - at, other - at_other)
        needed = self.of.threshold / (1 + self.of.threshold) * (size + other) - _ROUNDING
        return np.asarray(most >= needed, np.bool_)

    def _found(self, probes: I64, slack: I64, met: tuple[I64, I64, I64]) -> Found:
        probe, match, shared = met
        enough = shared >= np.minimum(slack[probe], self.slack[match])
        left, right = probes[probe[enough]], self.rows[match[enough]]
        if self.of.group is not None:
            same = self.of.group[left] == self.of.group[right]
            left, right = left[same], right[same]
        similarity = jaccard_of_pairs(self.of.sets, left, right)
        alike = similarity >= self.of.threshold
        left_alike, right_alike, alike_by = left[alike], right[alike], similarity[alike]
        if self.of.also is not None and len(left_alike):
            second = jaccard_of_pairs(self.of.also.sets, left_alike, right_alike)
            both = second >= self.of.also.threshold
            left_alike, right_alike, alike_by = left_alike[both], right_alike[both], alike_by[both]
        return Found(
            left=left_alike,
            right=right_alike,
            similarity=alike_by,
            highest=float(similarity.max()) if len(similarity) else None,
            examined=len(similarity),
        )


@dataclass(frozen=True, slots=True)
class _Met:
    """Probes' 5-grams that the index has: where there, how often, whose, and where in theirs."""

    begin: I64
    counts: I64
    owner: I64
    at: I64


def _size_class(sizes: NDArray[Any]) -> U64:
    """Sizes in steps of 2 %, in 10 bits; a larger size has no smaller class."""
    classes = np.floor(np.log(np.maximum(sizes, 1)) / _CLASS_STEP)
    return np.asarray(np.clip(classes, 0, (1 << int(_CLASS_BITS)) - 1), np.uint64)


def _low_bits(tokens: U64) -> I64:
    return (tokens & np.uint64((1 << _FILTER_BITS) - 1)).astype(np.int64)
