"""Rows that belong together, joined transitively: what ties them, and which component each is of.

All in columns: a join is a few passes over arrays, and nothing is kept for a single row but its
root. Imports only `shingles`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.stages.alike.shingles import I64

__all__ = ["I32", "Components", "Ties", "equal_pairs", "ways"]

I32 = NDArray[np.int32]
"""Numbers of rows, where there is one for every row of a build."""


class Components:
    """Rows joined transitively: the root of a component is its smallest row number."""

    def __init__(self, rows: int) -> None:
        self._root = np.arange(rows, dtype=np.int32)

    def join_pairs(self, left: ArrayLike, right: ArrayLike) -> None:
        """Join row `left[i]` with row `right[i]` for every i.

        In two rounds every root either hangs on a smaller one or has taken in all its neighbours,
        so the number of rounds grows with the logarithm of the longest chain.
        """
        one, other = self._root[_rows(left)], self._root[_rows(right)]
        while len(one):
            np.minimum.at(self._root, np.maximum(one, other), np.minimum(one, other))
            self._flatten()
            one, other = self._root[one], self._root[other]
            apart = one != other
            one, other = one[apart], other[apart]

    def labels(self) -> I32:
        """Every row's root: the smallest row of its component."""
        return self._root

    def _flatten(self) -> None:
        while True:
            jumped = self._root[self._root]
            if np.array_equal(jumped, self._root):
                return
            self._root = jumped


def equal_pairs(keys: I64) -> tuple[I64, I64]:
    """The first row of every key with each of the others; negative keys pair nothing."""
    rows = np.flatnonzero(keys >= 0)
    order = rows[np.argsort(keys[rows], kind="stable")]
    ranked = keys[order]
    others = np.flatnonzero(ranked[1:] == ranked[:-1]) + 1
    begins = np.ones(len(others), np.bool_)
    begins[1:] = np.diff(others) != 1
    first = (others[begins] - 1)[np.cumsum(begins) - 1]
    return order[first], order[others]


@dataclass(frozen=True, slots=True)
class Ties:
    """Everything that ties rows together."""

    one: I64
    other: I64
    """Rows that are tied, pair by pair."""
    equal: tuple[I64, ...]
    """Keys, one a row: the same number (from 0) ties."""
    input: I64
    """Each row's distinct input."""
    left: I64
    right: I64
    """Inputs that are alike, pair by pair."""
    whole: I64
    """Each row's conversation, to its end; -1 where it is too short to tie."""
    beginnings: I64
    """Conversations that rows begin with, of which each continues."""
    beginning_row: I64
    """The row of each beginning."""

    def pairs(self) -> Iterator[tuple[I64, I64]]:
        """Pairs of rows, kind by kind, that tie all that belongs together."""
        yield self.one, self.other
        for keys in (*self.equal, self.input, self.whole):
            yield equal_pairs(keys)
        yield self.of_inputs(self.left, self.right)
        yield self._conversations()

    def of_inputs(self, left: I64, right: I64) -> tuple[I64, I64]:
        """For pairs of inputs a row of each; pairs without such rows are left out."""
        highest = max(
            (int(some.max()) for some in (self.input, left, right) if len(some)), default=0
        )
        row = np.full(highest + 1, -1)
        row[self.input[::-1]] = np.arange(len(self.input))[::-1]
        there = (row[left] >= 0) & (row[right] >= 0)
        return row[left[there]], row[right[there]]

    def mended(self, left: I64, right: I64) -> "Ties":
        """The same with more pairs of alike inputs."""
        joined = np.concatenate((self.left, left)), np.concatenate((self.right, right))
        return replace(self, left=joined[0], right=joined[1])

    def only(self, rows: I32) -> "Ties":
        """What ties these rows, which are numbered anew in their order."""
        place = np.full(len(self.input), -1)
        place[rows] = np.arange(len(rows))
        inside = place[self.beginning_row] >= 0
        pairs = (place[self.one] >= 0) & (place[self.other] >= 0)
        return Ties(
            one=place[self.one[pairs]],
            other=place[self.other[pairs]],
            equal=tuple(keys[rows] for keys in self.equal),
            input=self.input[rows],
            left=self.left,
            right=self.right,
            whole=self.whole[rows],
            beginnings=self.beginnings[inside],
            beginning_row=place[self.beginning_row[inside]],
        )

    def _conversations(self) -> tuple[I64, I64]:
        """Rows that begin with another's whole conversation, each with one such."""
        order = np.argsort(self.whole, kind="stable")
        ranked = self.whole[order]
        at = np.minimum(np.searchsorted(ranked, self.beginnings), max(len(ranked) - 1, 0))
        met = ranked[at] == self.beginnings if len(ranked) else np.zeros(0, np.bool_)
        return self.beginning_row[met], order[at[met]]


def ways(rows: int, pairs: tuple[I64, I64], goals: I64) -> I64:
    """For every row the next one on a shortest way to a goal, the smallest of several.

    Goals lead to themselves; -1 where no way is.
    """
    start = np.concatenate(pairs)
    end = np.concatenate(pairs[::-1])
    onward = np.full(rows, -1)
    onward[goals] = goals
    while True:
        next_to = (onward[start] >= 0) & (onward[end] < 0)
        if not next_to.any():
            return onward
        nearest = np.full(rows, rows)
        np.minimum.at(nearest, end[next_to], start[next_to])
        onward[nearest < rows] = nearest[nearest < rows]


def _rows(numbers: ArrayLike) -> I64:
    return np.asarray(numbers, np.int64)
