"""The exact set-similarity join: every pair of sets that is alike, no sketch, in bounded memory.

One block of rows is indexed (see `join_index`), another looked up; what may be alike is computed
exactly. A part of a set holds about three 5-grams, which few sets share that are not alike, so the
work grows with the rows and not with their square. A block's work is one task for an engine.
Imports `joined`, `join_index`, `jaccard` and `signatures`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np

from pipeline.stages.alike.jaccard import Mapper, SetReader
from pipeline.stages.alike.join_index import PROBE_VALUES, JoinIndex, edges_of
from pipeline.stages.alike.joined import AlsoAlike, Found, Join
from pipeline.stages.alike.shingles import I64
from pipeline.stages.alike.signatures import Classes

__all__ = ["AlsoAlike", "Found", "Join", "across", "crowding", "within"]

_INDEX_PARTS = 1 << 20
"""About how many parts one index holds; each takes about 40 bytes."""
_TASK_PARTS = (1 << 17, 1 << 22)
"""Fewest and most parts of the rows that one task looks up."""
_TASKS = 8
"""Tasks that are wanted where they are not too small for it."""
_AT_HAND = 2 << 20
"""5-grams of all sets of a task up to which they are held."""
_ROUNDING = 1e-9


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
    index = JoinIndex.over(join, rows)
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
    return edges_of(parts, int(np.clip(parts.sum() // _TASKS, *_TASK_PARTS)))


def _index_edges(join: Join, rows: I64, first: int, last: int) -> list[int]:
    parts = Classes(join.threshold).parts_of(join.sets.sizes[rows[first:last]])
    return [first + edge for edge in edges_of(parts, _INDEX_PARTS)]


def _carry_out(task: _Task) -> Found:
    join = _at_hand(task.join)
    index = JoinIndex.over(join, task.indexed)
    edges = edges_of(join.sets.sizes[task.probes], PROBE_VALUES)
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


def _at_hand(join: Join) -> Join:
    """The same with its sets in memory, where they are small: they are read many times."""
    if int(join.sets.sizes.sum()) > _AT_HAND:
        return join
    return replace(join, sets=join.sets.take(np.arange(len(join.sets.sizes))))
