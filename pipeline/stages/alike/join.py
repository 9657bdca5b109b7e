"""The exact set-similarity join: every pair of sets that is alike, no sketch, in bounded memory.

One block of rows is indexed by the signatures of its parts (see `signatures`), another looked up:
of a probe's parts those that fewest indexed sets have, as many as it takes to miss no alike set;
what shares one of them is computed exactly. A part holds about three 5-grams at once, which few
sets share that are not alike, so the work grows with the rows and not with their square. Imports
`shingles`, `jaccard` and `signatures`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.jaccard import F64, AlikeOnly, Mapper, SetReader, jaccard_of_pairs
from pipeline.stages.alike.shingles import I64, U64
from pipeline.stages.alike.signatures import Classes, SignatureTable, signatures

__all__ = ["AlsoAlike", "Found", "Join", "across", "crowding", "within"]

_INDEX_PARTS = 1 << 20
"""About how many parts one index holds; each takes about 40 bytes."""
_TASK_PARTS = (1 << 17, 1 << 22)
"""Fewest and most parts of the rows that one task looks up."""
_TASKS = 8
"""Tasks that are wanted where they are not too small for it."""
_PROBE_VALUES = 1 << 18
"""About how many 5-grams are looked up at once."""
_MEETINGS = 1 << 20
"""About how many meetings of two sets are held at once."""
_MANY = (1 << 16) - 1
_ROUNDING = 1e-9
_SALT = np.uint64(0x9E3779B97F4A7C15)


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
    return Found.merged(run(_carry_out, _self_tasks(join, _by_size(join.sets, rows))), join.most)


def across(join: Join, indexed: I64, probes: I64, run: Mapper = map) -> Found:
    """All alike pairs of one row of `probes` (left) and one of `indexed` (right)."""
    tasks = _cross_tasks(join, _by_size(join.sets, indexed), _by_size(join.sets, probes))
    return Found.merged(run(_carry_out, tasks), join.most)


def crowding(join: Join, rows: I64) -> int:
    """How many meetings the join of these rows with one another would have to look at."""
    rows = _by_size(join.sets, rows)
    index = _Index.over(join, rows)
    return sum(int(met.counts.sum()) for met in index.met(rows, 1 / join.threshold))


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
    reach: float
    """How many times as large as a probe an indexed set may be."""


def _self_tasks(join: Join, rows: I64) -> Iterator[_Task]:
    """Blocks of rows in the order of their sizes, each with itself and with those before."""
    sizes = join.sets.sizes[rows]
    for start, stop in pairwise(_task_edges(join, rows)):
        first = int(np.searchsorted(sizes, sizes[start] * join.threshold - _ROUNDING))
        for begin, end in pairwise(_index_edges(join, rows, first, stop)):
            names = (rows[begin:end], rows[start:stop])
            yield _task(join, *names, ahead=start - begin, reach=1.0)


def _cross_tasks(join: Join, indexed: I64, probes: I64) -> Iterator[_Task]:
    sizes, asked = join.sets.sizes[indexed], join.sets.sizes[probes]
    for start, stop in pairwise(_task_edges(join, probes)):
        first = np.searchsorted(sizes, asked[start] * join.threshold - _ROUNDING)
        largest = asked[stop - 1] / join.threshold + _ROUNDING
        last = np.searchsorted(sizes, largest, side="right")
        for begin, end in pairwise(_index_edges(join, indexed, int(first), int(last))):
            names = (indexed[begin:end], probes[start:stop])
            yield _task(join, *names, ahead=end - begin, reach=1 / join.threshold)


def _task(join: Join, indexed: I64, probes: I64, *, ahead: int, reach: float) -> _Task:
    names = np.concatenate((indexed, probes))
    count, places = len(indexed), np.arange(len(names))
    return _Task(join.only(names), names, places[:count], places[count:], ahead, reach)


def _by_size(sets: SetReader, rows: I64) -> I64:
    return rows[np.lexsort((rows, sets.sizes[rows]))]


def _task_edges(join: Join, rows: I64) -> list[int]:
    parts = Classes(join.threshold).parts_of(join.sets.sizes[rows])
    return _edges(parts, int(np.clip(parts.sum() // _TASKS, *_TASK_PARTS)))


def _index_edges(join: Join, rows: I64, first: int, last: int) -> list[int]:
    parts = Classes(join.threshold).parts_of(join.sets.sizes[rows[first:last]])
    return [first + edge for edge in _edges(parts, _INDEX_PARTS)]


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
    edges = _edges(task.join.sets.sizes[task.probes], _PROBE_VALUES)
    found = chain.from_iterable(
        index.join(task.probes[start:stop], start + task.ahead, task.reach)
        for start, stop in pairwise(edges)
    )
    merged = Found.merged(found, task.join.most)
    return Found(
        left=task.names[merged.left],
        right=task.names[merged.right],
        similarity=merged.similarity,
        highest=merged.highest,
        examined=merged.examined,
    )


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

    def span(self, start: int, stop: int) -> "_Met":
        """Those of some probes."""
        here = slice(*np.searchsorted(self.owner, [start, stop]))
        return _Met(self.owner[here], self.begin[here], self.counts[here])


@dataclass(frozen=True, slots=True)
class _Index:
    """The signatures of a block of rows."""

    of: Join
    rows: I64
    classes: I64
    """The classes that the rows are of."""
    table: SignatureTable
    owner: NDArray[np.int32]
    """Whose the signatures are, counted among the rows."""

    @classmethod
    def over(cls, join: Join, rows: I64) -> "_Index":
        sizes = join.sets.sizes[rows]
        of_row = Classes(join.threshold).of(sizes)
        keys, owner = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
        for number in np.unique(of_row).tolist():
            members = np.flatnonzero(of_row == number).astype(np.int32)
            for start, stop in pairwise(_edges(sizes[members], _PROBE_VALUES)):
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
        for met in self.met(probes, reach):
            of_probe = np.bincount(met.owner, weights=met.counts, minlength=len(probes))
            for start, stop in pairwise(_edges(of_probe.astype(np.int64), _MEETINGS)):
                pairs = self._pairs(met.span(start, stop), first)
                yield self._computed(probes[pairs[0]], self.rows[pairs[1]])

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

    def _pairs(self, met: _Met, first: int) -> tuple[I64, I64]:
        """Probe and indexed row of every meeting, each pair once."""
        ends = np.cumsum(met.counts)
        total = int(ends[-1]) if len(ends) else 0
        place = np.arange(total) + np.repeat(met.begin - (ends - met.counts), met.counts)
        probe, match = np.repeat(met.owner, met.counts), self.owner[place]
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
