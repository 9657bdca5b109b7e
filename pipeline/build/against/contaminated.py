"""Decontamination: which live rows ask what an item of an evaluation file asks.

Inputs are held against items by the Jaccard index, and, where a whole item may stand inside a
longer input, by the share of it that stands there in one place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.build.against.evaluation import Items, read_texts_of
from pipeline.build.against.joining import pairs_alike, pairs_held
from pipeline.build.against.outside import Found
from pipeline.build.comparing.dedupe import Alikeness
from pipeline.build.comparing.keys import Templates, compared_texts, record_texts
from pipeline.build.comparing.rows import LiveRows
from pipeline.build.comparing.scratch import FileSets, write_sets
from pipeline.build.shelf import Shelf
from pipeline.build.spill import Spill
from pipeline.engines import Engine
from pipeline.stages.against.held import held_share, needed_share
from pipeline.stages.against.item import without_system
from pipeline.stages.against.joining import Pairs, best_of
from pipeline.stages.alike.jaccard import F64
from pipeline.stages.alike.shingles import I64, U8, shingle_sets
from pipeline.stages.dedupe.deciding import CONTAMINATED
from pipeline.stages.varying.templates import NO_TEMPLATE

__all__ = ["find_contaminated"]

_KIND = "turns"


@dataclass(slots=True)
class _Nearest:
    """Each live row's nearest item so far."""

    item: I64
    """-1 for none."""
    similarity: F64
    rank: I64
    """Each item's place among all by name: of equally near ones the first counts."""

    def take(self, rows: I64, items: I64, similarity: F64) -> None:
        """Take in an item for each of these rows (each at most once)."""
        known = self.item[rows]
        nearer = similarity > self.similarity[rows]
        nearer |= (similarity == self.similarity[rows]) & (self.rank[items] < self.rank[known])
        nearer |= known < 0
        self.item[rows[nearer]] = items[nearer]
        self.similarity[rows[nearer]] = similarity[nearer]


def find_contaminated(
    alike: Alikeness,
    items: Items,
    *,
    threshold: float,
    contained: bool,
    spill: Spill,
    engine: Engine,
    scratch: Path,
) -> Found:
    """The live rows that are near an item, each with the nearest."""
    count = len(alike.rows)
    names = sorted(range(len(items.labels)), key=lambda at: (items.labels[at], items.said[at]))
    rank = np.empty(len(names), np.int64)
    rank[names] = np.arange(len(names))
    nearest = _Nearest(np.full(count, -1, np.int64), np.zeros(count), rank)
    _hold_inputs(nearest, alike, items, threshold, engine)
    _hold_turns(
        nearest,
        alike,
        items,
        threshold=threshold,
        spill=spill,
        engine=engine,
        scratch=scratch,
    )
    near = np.flatnonzero(nearest.item >= 0)
    said = [f"input {one:.2f} alike to" for one in nearest.similarity[near].tolist()]
    if contained:
        share = needed_share(threshold)
        _find_held(nearest, alike, items, share=share, spill=spill, engine=engine, scratch=scratch)
    holding = np.setdiff1d(np.flatnonzero(nearest.item >= 0), near)
    said += [f"input holds {one:.2f} of" for one in nearest.similarity[holding].tolist()]
    rows = np.concatenate((near, holding))
    found = nearest.item[rows].tolist()
    return Found(
        rows=rows,
        code=np.full(len(rows), CONTAMINATED, np.int8),
        similarity=nearest.similarity[rows],
        matched=[items.labels[item] for item in found],
        detail=[f"{how} {items.said[item]}" for how, item in zip(said, found, strict=True)],
    )


def _hold_inputs(
    nearest: _Nearest, alike: Alikeness, items: Items, threshold: float, engine: Engine
) -> None:
    """Every distinct input against every text of the items."""
    pairs = pairs_alike(alike.inputs, items.sets, threshold, engine.map)
    _spread(nearest, alike, pairs, items)


def _spread(nearest: _Nearest, alike: Alikeness, pairs: Pairs, items: Items) -> None:
    """The nearest item of an input (`one`) is that of all rows which have the input."""
    owner = items.owner[pairs.other]
    best = best_of(pairs.one, nearest.rank[owner], pairs.similarity)
    place = np.full(len(alike.inputs.sizes), -1, np.int64)
    place[pairs.one[best]] = best
    rows = np.flatnonzero(place[alike.input] >= 0)
    at = place[alike.input[rows]]
    nearest.take(rows, owner[at], pairs.similarity[at])


def _hold_turns(
    nearest: _Nearest,
    alike: Alikeness,
    items: Items,
    *,
    threshold: float,
    spill: Spill,
    engine: Engine,
    scratch: Path,
) -> None:
    """Rows whose input has words of the system message: the same without them."""
    work = _TurnsPart(spill, alike.templates, alike.ranks, scratch)
    found = list(engine.map(work, list(enumerate(alike.rows.rows_of_part))))
    begins = np.cumsum([0, *map(len, alike.rows.rows_of_part)])
    rows = np.concatenate([at + begin for (at, _), begin in zip(found, begins, strict=False)])
    sets = FileSets.over(scratch, _KIND, [sizes for _, sizes in found])
    pairs = pairs_alike(sets, items.sets, threshold, engine.map)
    owner = items.owner[pairs.other]
    best = best_of(pairs.one, nearest.rank[owner], pairs.similarity)
    nearest.take(rows[pairs.one[best]], owner[best], pairs.similarity[best])


@dataclass(frozen=True, slots=True)
class _TurnsPart:
    """Writes the sets of one part's inputs without their system messages, where they have one."""

    spill: Spill
    templates: Templates
    ranks: U8
    scratch: Path

    def __call__(self, task: tuple[int, I64]) -> tuple[I64, I64]:
        """For a part's number and live rows: the places among these that have one, the sizes."""
        part, rows = task
        keys = self.spill.records.read_part(part, ["interaction_key"])[
            "interaction_key"
        ].to_pylist()
        own = [self.templates.get(keys[row], NO_TEMPLATE) for row in rows.tolist()]
        places = [at for at, template in enumerate(own) if template.with_system]
        chosen = pa.array(rows[places], pa.int64())
        texts = record_texts(self.spill.texts(part).take(chosen))
        turns = (without_system(own[at], text) for at, text in zip(places, texts, strict=True))
        found = {at: text for at, text in zip(places, turns, strict=True) if text is not None}
        sizes = write_sets(self.scratch, _KIND, part, shingle_sets([*found.values()], self.ranks))
        return np.fromiter(found, np.int64, len(found)), sizes


def _find_held(
    nearest: _Nearest,
    alike: Alikeness,
    items: Items,
    *,
    share: float,
    spill: Spill,
    engine: Engine,
    scratch: Path,
) -> None:
    """Items inside longer inputs, for rows that are near none."""
    free = np.ones(len(alike.inputs.sizes), np.bool_)
    free[alike.input[nearest.item >= 0]] = False
    inputs, texts = np.flatnonzero(free), np.flatnonzero(items.sought)
    pairs = pairs_held(alike.inputs.only(inputs), items.sets.only(texts), share, engine.map)
    row_of_input = np.zeros(len(free), np.int64)
    row_of_input[alike.input[::-1]] = np.arange(len(alike.input))[::-1]
    row = row_of_input[inputs[pairs.one]]
    order = np.lexsort((pairs.other, -pairs.similarity, row))
    row, text = row[order], texts[pairs.other[order]]
    places = (items.sets.part[text].astype(np.int64), items.row[text])
    tasks = _held_tasks(alike.rows, row, places, pairs.similarity[order])
    work = _HeldPart(spill.records, alike.templates, scratch)
    similarity = np.concatenate([np.empty(0), *engine.map(work, tasks)])
    met = np.flatnonzero(similarity >= share)
    _spread(nearest, alike, Pairs(alike.input[row[met]], text[met], similarity[met]), items)


@dataclass(frozen=True, slots=True)
class _HeldTask:
    """Pairs of a part's rows and texts of items, by row, then by what is possible at most."""

    part: int
    rows: I64
    """Row of the part."""
    text_parts: I64
    text_rows: I64
    most: F64
    """The share of the text's 5-grams that the input has at all."""


def _held_tasks(rows: LiveRows, row: I64, texts: tuple[I64, I64], most: F64) -> Iterator[_HeldTask]:
    begin = 0
    for part, alive in enumerate(rows.rows_of_part):
        first, last = np.searchsorted(row, (begin, begin + len(alive))).tolist()
        span = slice(first, last)
        if last > first:
            local = alive[row[span] - begin]
            yield _HeldTask(part, local, texts[0][span], texts[1][span], most[span])
        begin += len(alive)


@dataclass(frozen=True, slots=True)
class _HeldPart:
    """How much of each text stands in one place of its row's input."""

    records: Shelf
    templates: Templates
    scratch: Path

    def __call__(self, task: _HeldTask) -> F64:
        """The share of each pair; 0 where another of the same row has more for sure."""
        rows = np.unique(task.rows)
        pairs = compared_texts(self.records, task.part, rows, self.templates)
        inputs = {row: variable for row, (variable, _) in zip(rows.tolist(), pairs, strict=True)}
        texts = {part: read_texts_of(self.scratch, part) for part in set(task.text_parts.tolist())}
        shares = np.zeros(len(task.rows))
        best: dict[int, float] = {}
        columns = (task.rows, task.text_parts, task.text_rows, task.most)
        for at, (row, part, text, most) in enumerate(
            zip(*(c.tolist() for c in columns), strict=True)
        ):
            if most >= best.get(row, 0.0):
                shares[at] = held_share(texts[part][text], inputs[row])
                best[row] = max(best.get(row, 0.0), float(shares[at]))
        return shares
