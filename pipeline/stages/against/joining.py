"""Two lots of sets held against one another: as one lot for `join`, and by what one holds.

`join` finds what is alike. What is held by a larger set is found the same way: of an item's
rarest 5-grams a text that holds the item must have some, so only they are indexed; of a text all
are looked up, as it may hold any. Imports `shingles` and `jaccard`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.jaccard import F64, SetReader, containment_of_pairs, prefix_lengths
from pipeline.stages.alike.shingles import I64, U64, ShingleSets

__all__ = ["HoldJoin", "JoinedSets", "Pairs", "best_of", "spans"]

_PROBES = 2 << 20
"""About how many 5-grams are looked up at once."""
_MEETINGS = 4 << 20
"""About how many meetings of two sets at one 5-gram are held at once."""
_FILTER_BITS = (21, 26)
"""Fewest and most bits that a 5-gram is first looked up by."""


@dataclass(frozen=True)
class JoinedSets:
    """Two lots as one: the rows of the second are counted on after those of the first."""

    first: SetReader
    second: SetReader

    @cached_property
    def sizes(self) -> I64:
        """How many values each set has."""
        return np.concatenate((self.first.sizes, self.second.sizes))

    def take(self, rows: I64, lengths: I64 | None = None) -> ShingleSets:
        """The sets of these rows, in this order; of each only its first `lengths` values."""
        count = len(self.first.sizes)
        own, other = np.flatnonzero(rows < count), np.flatnonzero(rows >= count)
        read = [
            lot.take(rows[at] - begin, None if lengths is None else lengths[at])
            for lot, at, begin in ((self.first, own, 0), (self.second, other, count))
            if len(at)
        ]
        values = np.concatenate([np.empty(0, np.uint64), *(sets.values for sets in read)])
        sizes = np.concatenate([np.empty(0, np.int64), *(sets.sizes for sets in read)])
        places = np.empty(len(rows), np.int64)
        places[np.concatenate((own, other))] = np.arange(len(rows))
        return ShingleSets(values, np.concatenate(([0], np.cumsum(sizes)))).take(places)

    def only(self, rows: I64) -> "JoinedSets":
        """The sets of these rows, numbered anew; those of the first lot must come first."""
        count = len(self.first.sizes)
        own = int(np.count_nonzero(rows < count))
        if (rows[:own] >= count).any():
            raise ValueError("rows of the second lot stand before rows of the first")
        return JoinedSets(self.first.only(rows[:own]), self.second.only(rows[own:] - count))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows of one lot and of another, with how near they are."""

    one: I64
    other: I64
    similarity: F64

    @classmethod
    def merged(cls, found: list["Pairs"]) -> "Pairs":
        """All of them, one after the other."""
        empty = np.empty(0, np.int64)
        return cls(
            one=np.concatenate([empty, *(pairs.one for pairs in found)]),
            other=np.concatenate([empty, *(pairs.other for pairs in found)]),
            similarity=np.concatenate([np.empty(0), *(pairs.similarity for pairs in found)]),
        )


@dataclass(frozen=True, slots=True)
class HoldJoin:
    """Finds which texts hold at least a share of which items."""

    share: float

    def indexed(self, sizes: I64) -> I64:
        """How many 5-grams of items of these sizes are indexed."""
        return prefix_lengths(sizes, self.share)[0]

    def __call__(self, task: tuple[SetReader, SetReader]) -> Pairs:
        """For a lot of items and one of texts: text (`one`), item (`other`), the share held."""
        items, texts = task
        count = len(items.sizes)
        both = JoinedSets(items, texts)
        index = _Index.over(both, np.arange(count), self.share)
        found = [
            pairs
            for begin, end in spans(texts.sizes, _PROBES)
            for pairs in index.holders(np.arange(begin, end) + count)
        ]
        merged = Pairs.merged(found)
        return Pairs(merged.one - count, merged.other, merged.similarity)


@dataclass(frozen=True, slots=True)
class _Index:
    """The rarest 5-grams of the items, each with whose it is."""

    sets: SetReader
    share: float
    tokens: U64
    owner: I64
    slack: I64
    seen: NDArray[np.bool_]
    """By the low bits of a 5-gram: whether any indexed one has them."""

    @classmethod
    def over(cls, sets: SetReader, rows: I64, share: float) -> "_Index":
        lengths, slack = prefix_lengths(sets.sizes[rows], share)
        tokens = sets.take(rows, lengths).values
        order = np.argsort(tokens, kind="stable")
        seen = np.zeros(1 << _filter_bits(len(tokens)), np.bool_)
        seen[_low_bits(tokens, seen)] = True
        return cls(sets, share, tokens[order], np.repeat(rows, lengths)[order], slack, seen)

    def holders(self, texts: I64) -> Iterator[Pairs]:
        """The pairs of these texts and indexed items of which they hold the share."""
        sets = self.sets.take(texts)
        known = np.flatnonzero(self.seen[_low_bits(sets.values, self.seen)])
        tokens = sets.values[known]
        owner = np.searchsorted(sets.offsets, known, side="right") - 1
        begin = np.searchsorted(self.tokens, tokens, side="left")
        counts = np.searchsorted(self.tokens, tokens, side="right") - begin
        of_text = np.bincount(owner, weights=counts, minlength=len(texts)).astype(np.int64)
        for first, last in spans(of_text, _MEETINGS):
            here = slice(*np.searchsorted(owner, (first, last)).tolist())
            text, item = self._enough(owner[here], begin[here], counts[here])
            text = texts[text]
            shares = containment_of_pairs(self.sets, item, text)
            met = shares >= self.share
            yield Pairs(text[met], item[met], shares[met])

    def _enough(self, owner: I64, begin: I64, counts: I64) -> tuple[I64, I64]:
        """Text and item that share as many of the item's rarest as a holder must."""
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        at = np.arange(total) + np.repeat(begin - (ends - counts), counts)
        items = max(len(self.slack), 1)
        codes = np.repeat(owner, counts) * items + self.owner[at]
        pairs, shared = np.unique(codes, return_counts=True)
        text, item = pairs // items, pairs % items
        enough = shared >= self.slack[item]
        return text[enough], item[enough]


def _filter_bits(tokens: int) -> int:
    """So many that hardly one in ten of the places is taken."""
    fewest, most = _FILTER_BITS
    return min(max(fewest, (tokens * 8).bit_length()), most)


def _low_bits(tokens: U64, seen: NDArray[np.bool_]) -> I64:
    return (tokens & np.uint64(len(seen) - 1)).astype(np.int64)


def spans(sizes: I64, most: int) -> Iterator[tuple[int, int]]:
    """Begin and end of runs of neighbours whose sizes sum to at most `most`, or of one alone."""
    ends = np.cumsum(sizes)
    begin = 0
    while begin < len(sizes):
        base = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, base + most, side="right")))
        yield begin, end
        begin = end


def best_of(groups: I64, order: I64, similarity: F64) -> I64:
    """For each group the place of its best entry: highest similarity, then lowest `order`."""
    ranked = np.lexsort((order, -similarity, groups))
    sorted_groups = groups[ranked]
    fresh = np.ones(len(ranked), np.bool_)
    fresh[1:] = sorted_groups[1:] != sorted_groups[:-1]
    return ranked[fresh]
