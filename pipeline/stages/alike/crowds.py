"""Very many sets that are all alike, without comparing each with each.

A health check logged all night makes a million inputs that share every key of the sketch. So a
crowd gets leaders: in their order, a set that is alike to no leader before it becomes one, the
others are compared with the leaders alone. Where nearly all are alike there are few leaders;
where they are not, the exact join finds the few that are. Imports `join`.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.jaccard import Mapper
from pipeline.stages.alike.join import Found, Join, across, within
from pipeline.stages.alike.neighbours import Pairs
from pipeline.stages.alike.shingles import I64

__all__ = ["lead"]

_FIRST = 256
_LARGEST = 1 << 15
_ENOUGH = 16
"""Pairs a set from which on a batch is halved instead of joined in one piece."""
_SMALL = 64
"""A batch that is never halved."""


def lead(join: Join, order: I64, copies: int = 1, run: Mapper = map) -> Pairs:
    """Pairs of the crowd's sets with their leaders, by row of the join's sets.

    `order` holds the crowd's rows, the first to lead first; `copies` is how many leaders may be
    alike to one another. Every row is a leader or is alike to `copies` leaders before it.
    """
    leading = _Leading(join, copies, run)
    batches = [order]
    size = _FIRST
    while batches:
        batch = batches.pop()
        if len(batch) > size:
            batches.append(batch[size:])
            batch = batch[:size]
            size = min(2 * size, _LARGEST)
        if rest := leading.take(batch):
            batches += rest[::-1]
            size = max(_SMALL, len(batch) // 2)
    return leading.pairs()


class _Leading:
    """The leaders so far, and who follows them."""

    def __init__(self, join: Join, copies: int, run: Mapper) -> None:
        self._join, self._copies, self._run = join, copies, run
        self._leaders = np.empty(0, np.int64)
        self._found: list[Found] = []

    def take(self, batch: I64) -> list[I64]:
        """Sort a batch into leaders and followers; or its halves, if it is too dense for that."""
        met = across(self._join, self._leaders, batch, self._run)
        follow = self._followers(batch, met)
        rest = batch[~follow]
        self._keep(met, np.isin(met.left, batch[follow]))
        most = _ENOUGH * len(rest) if len(rest) > _SMALL else None
        inside = within(self._limited(most), rest, self._run)
        if most is not None and len(inside.left) > most:
            return [rest[: len(rest) // 2], rest[len(rest) // 2 :]]
        self._keep(met, np.isin(met.left, rest))
        self._elect(rest, met, inside)
        return []

    def pairs(self) -> Pairs:
        """Every follower with its leaders."""
        found = Found.merged(self._found)
        return Pairs.of(found.left, found.right, found.similarity)

    def _limited(self, most: int | None) -> Join:
        return Join(self._join.sets, self._join.threshold, self._join.group, self._join.also, most)

    def _followers(self, batch: I64, met: Found) -> NDArray[np.bool_]:
        """Which rows have as many alike leaders as may be."""
        probes, counts = np.unique(met.left, return_counts=True)
        return np.isin(batch, probes[counts >= self._copies])

    def _keep(self, found: Found, chosen: NDArray[np.bool_]) -> None:
        self._found.append(
            Found(found.left[chosen], found.right[chosen], found.similarity[chosen], None, 0)
        )

    def _elect(self, rest: I64, met: Found, inside: Found) -> None:
        """Go through a sparse batch in order; who has too few leaders becomes one."""
        alike: dict[int, list[int]] = {}
        for one, other in zip(inside.left.tolist(), inside.right.tolist(), strict=True):
            alike.setdefault(one, []).append(other)
            alike.setdefault(other, []).append(one)
        probes, counts = np.unique(met.left, return_counts=True)
        led = dict(zip(probes.tolist(), counts.tolist(), strict=True))
        new: set[int] = set()
        for row in rest.tolist():
            if led.get(row, 0) + sum(one in new for one in alike.get(row, ())) < self._copies:
                new.add(row)
        leaders = np.array([row for row in rest.tolist() if row in new], np.int64)
        self._keep(inside, np.isin(inside.left, leaders) | np.isin(inside.right, leaders))
        self._leaders = np.concatenate((self._leaders, leaders))
