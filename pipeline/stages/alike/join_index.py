"""The index of a block of rows, in which a join looks up the others.

By the signatures of parts (see `signatures`): of a probe's parts those that fewest indexed sets
have, as many as it takes to miss no alike set. A probe that meets many all the same is looked up by
its rarest 5-grams (see `prefixes`), if those are met less often. Imports both, `joined`, `jaccard`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.jaccard import F64, AlikeOnly, jaccard_of_pairs
from pipeline.stages.alike.joined import Found, Join
from pipeline.stages.alike.prefixes import PrefixTable
from pipeline.stages.alike.shingles import I64, U64
from pipeline.stages.alike.signatures import Classes, SignatureTable, signatures

__all__ = ["PROBE_VALUES", "JoinIndex", "edges_of"]

PROBE_VALUES = 1 << 18
"""About how many 5-grams are looked up at once."""
_MEETINGS = 1 << 20
"""About how many meetings of two sets are held at once."""
_HEAVY = 64
"""Meetings of one probe from which on its rarest 5-grams are asked as well."""
_MANY = (1 << 16) - 1
_ROUNDING = 1e-9
_SALT = np.uint64(0x9E3779B97F4A7C15)


def edges_of(values: I64, most: int) -> list[int]:
    """Where to cut so that every block has about `most` values, and at least one row."""
    ends = np.cumsum(values)
    edges = [0]
    while edges[-1] < len(values):
        base = ends[edges[-1] - 1] if edges[-1] else 0
        edges.append(max(edges[-1] + 1, int(np.searchsorted(ends, base + most, side="right"))))
    return edges


def _signatures(join: Join, rows: I64, number: int, parts: int) -> U64:
    keys = signatures(join.sets, rows, number, parts)
    if join.group is not None:
        keys ^= (join.group[rows].astype(np.uint64) * _SALT)[:, None]
    return keys


@dataclass(frozen=True, slots=True)
class _Met:
    """Signatures of probes that indexed rows have."""

    owner: I64
    """Whose, counted among the probes, ascending."""
    begin: I64
    """Where those rows stand in the index."""
    counts: I64

    def cost(self, probes: int) -> F64:
        """How many meetings each of so many probes has."""
        found = np.bincount(self.owner, weights=self.counts, minlength=probes)
        return np.asarray(found, np.float64)

    def only(self, chosen: NDArray[np.bool_]) -> "_Met":
        """Those of the chosen probes."""
        here = chosen[self.owner]
        return _Met(self.owner[here], self.begin[here], self.counts[here])

    def span(self, start: int, stop: int) -> "_Met":
        """Those of some probes."""
        here = slice(*np.searchsorted(self.owner, [start, stop]))
        return _Met(self.owner[here], self.begin[here], self.counts[here])


@dataclass(frozen=True, slots=True)
class JoinIndex:
    """The signatures of a block of rows."""

    of: Join
    rows: I64
    classes: I64
    """The classes that the rows are of."""
    table: SignatureTable
    owner: NDArray[np.int32]
    """Whose the signatures are, counted among the rows."""
    prefixes: list[PrefixTable] = field(default_factory=list)
    """The rows' rarest 5-grams, once they were asked for."""

    @classmethod
    def over(cls, join: Join, rows: I64) -> "JoinIndex":
        """The index of these rows of the join."""
        sizes = join.sets.sizes[rows]
        of_row = Classes(join.threshold).of(sizes)
        keys, owner = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
        for number in np.unique(of_row).tolist():
            members = np.flatnonzero(of_row == number).astype(np.int32)
            for start, stop in pairwise(edges_of(sizes[members], PROBE_VALUES)):
                some = members[start:stop]
                parts = int(Classes(join.threshold).parts(np.array(number)))
                keys.append(_signatures(join, rows[some], number, parts).ravel())
                owner.append(np.repeat(some, parts))
        flat = np.concatenate(keys)
        order = np.argsort(flat)
        table = SignatureTable.of(flat[order])
        return cls(join, rows, np.unique(of_row), table, np.concatenate(owner)[order])

    def join(self, probes: I64, first: int, reach: float) -> Iterator[Found]:
        """The alike pairs between these rows, the first of which has place `first`, and mine."""
        met = list(self.met(probes, reach))
        for one, owner in self._cheapest(probes, met):
            of_probe = np.bincount(one.owner, weights=one.counts, minlength=len(probes))
            for start, stop in pairwise(edges_of(of_probe.astype(np.int64), _MEETINGS)):
                pairs = self._pairs(one.span(start, stop), owner, first)
                yield self._computed(probes[pairs[0]], self.rows[pairs[1]])

    def _cheapest(
        self, probes: I64, met: list["_Met"]
    ) -> Iterator[tuple["_Met", NDArray[np.int32]]]:
        """Meetings by parts; of probes with many those by rarest 5-grams, if they are fewer."""
        by_parts = sum((one.cost(len(probes)) for one in met), np.zeros(len(probes)))
        heavy = np.flatnonzero(by_parts > _HEAVY)
        rare = np.zeros(len(probes), np.bool_)
        if len(heavy):
            table = self._prefixes()
            found = table.find(self.of.sets, probes[heavy], self.of.threshold, self.of.group)
            by_prefix = _Met(heavy[found[0]], *found[1:])
            rare[heavy] = by_prefix.cost(len(probes))[heavy] < by_parts[heavy]
            yield by_prefix.only(rare), table.owner
        for one in met:
            yield one.only(~rare), self.owner

    def _prefixes(self) -> PrefixTable:
        if not self.prefixes:
            join = self.of
            self.prefixes.append(PrefixTable.over(join.sets, self.rows, join.threshold, join.group))
        return self.prefixes[0]

    def met(self, probes: I64, reach: float) -> Iterator[_Met]:
        """Class by class, of each probe the signatures that fewest rows have, and where."""
        sizes = self.of.sets.sizes[probes]
        classes = Classes(self.of.threshold)
        low = classes.of(sizes * self.of.threshold - _ROUNDING)
        high = classes.of(sizes * reach + _ROUNDING)
        for number in self.classes.tolist():
            able = np.flatnonzero((low <= number) & (number <= high))
            if len(able):
                largest = int(classes.largest(np.array(number)))
                other = np.minimum(sizes[able] * reach, largest)
                needed = classes.unshared(sizes[able] + other) + 1
                yield self._rarest(probes, able, number, needed)

    def _rarest(self, probes: I64, able: I64, number: int, needed: I64) -> _Met:
        """Of each of those probes its `needed` rarest signatures of a class."""
        parts = int(Classes(self.of.threshold).parts(np.array(number)))
        keys = _signatures(self.of, probes[able], number, parts)
        begin, counts = (one.reshape(keys.shape) for one in self.table.find(keys.ravel()))
        asked = np.flatnonzero((counts == 0).sum(axis=1) < needed)
        begin, counts = begin[asked], counts[asked]
        order = np.argsort(np.minimum(counts, _MANY).astype(np.uint16), axis=1, kind="stable")
        begin, counts = (np.take_along_axis(one, order, 1) for one in (begin, counts))
        chosen = (np.arange(parts) < needed[asked][:, None]) & (counts > 0)
        owner = np.broadcast_to(able[asked][:, None], counts.shape)[chosen]
        return _Met(owner, begin[chosen], counts[chosen])

    def _pairs(self, met: _Met, owner: NDArray[np.int32], first: int) -> tuple[I64, I64]:
        """Probe and indexed row of every meeting, each pair once."""
        ends = np.cumsum(met.counts)
        total = int(ends[-1]) if len(ends) else 0
        place = np.arange(total) + np.repeat(met.begin - (ends - met.counts), met.counts)
        probe, match = np.repeat(met.owner, met.counts), owner[place]
        later = probe + first > match
        codes = np.unique(probe[later] * len(self.rows) + match[later])
        return codes // len(self.rows), codes % len(self.rows)

    def _computed(self, left: I64, right: I64) -> Found:
        if self.of.group is not None:
            same = self.of.group[left] == self.of.group[right]
            left, right = left[same], right[same]
        similarity = AlikeOnly(self.of.sets, self.of.threshold)((left, right))
        alike = similarity >= self.of.threshold
        one, other, alike_by = left[alike], right[alike], similarity[alike]
        if self.of.also is not None and len(one):
            second = jaccard_of_pairs(self.of.also.sets, one, other)
            both = second >= self.of.also.threshold
            one, other, alike_by = one[both], other[both], alike_by[both]
        highest = float(similarity.max()) if similarity.any() else None
        return Found(one, other, alike_by, highest, int(np.count_nonzero(similarity)))
