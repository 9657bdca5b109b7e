"""Who stays: the near-duplicate rule over rows, inputs and answers.

Rows are decided in order of priority (evaluation score, then newest, then id). A row leaves when
a row that already stays is alike: same interaction, inputs at or above the threshold, and
answers too (a duplicate) or not (a conflict, by policy). So no two that stay are alike, and
every row that leaves names one that stays. Before that, rows leave whose run id, workflow step
or conversation a later row repeats. Imports `spec`, `jaccard`, `neighbours`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.spec import DedupeSpec
from pipeline.stages.jaccard import F64, SetReader
from pipeline.stages.neighbours import Pairs
from pipeline.stages.shingles import I64

__all__ = ["CODES", "KEPT", "DedupeRows", "Verdicts", "decide"]

CODES = (
    "",
    "same_run_id",
    "exact_duplicate",
    "near_duplicate",
    "conflict",
    "superseded",
    "contained_conversation",
)
"""What the numbers in `Verdicts.code` mean; the first is a row that stays."""
KEPT, SAME_RUN_ID, EXACT, NEAR, CONFLICT, SUPERSEDED, CONTAINED = range(7)


@dataclass(frozen=True, slots=True)
class DedupeRows:
    """One entry a row in every column; equal numbers mean equal things."""

    run: I64
    """Which run id."""
    record: I64
    """Which record id."""
    interaction: I64
    input: I64
    """Which distinct variable input."""
    answer: I64
    """Which distinct normalized answer; also its row in the answers' sets."""
    priority: I64
    """All row numbers, the first to stay first."""
    newest: I64
    """All row numbers, the newest first: decides among rows of one run id."""
    superseded: Mapping[int, int] = field(default_factory=dict)
    """The later row of the same workflow step, for rows that have one."""
    contained: Mapping[int, int] = field(default_factory=dict)
    """The row whose conversation goes on from theirs, for rows that have one."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of every row."""

    code: NDArray[np.int8]
    """Index into `CODES`."""
    match: I64
    """The row that stays and that this one is alike to; -1 for a row that stays."""
    similarity: F64
    """Jaccard index of the two inputs; 0 for a row that stays, NaN where none was asked for."""


@dataclass(slots=True)
class _Deciding:
    rows: DedupeRows
    spec: DedupeSpec
    near: dict[int, list[tuple[int, float]]]
    answers: SetReader
    rank: I64
    """Each row's place in the order of priority."""
    code: NDArray[np.int8]
    match: I64
    similarity: F64
    staying: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """Rows that stay, by interaction and input."""
    records: dict[tuple[int, int], int] = field(default_factory=dict)
    """The row that stays, by interaction and record."""
    answer_alike: dict[tuple[int, int], bool] = field(default_factory=dict)

    def leave(self, row: int, code: int, match: int, similarity: float) -> None:
        self.code[row], self.match[row], self.similarity[row] = code, match, similarity

    def stay(self, row: int) -> None:
        place = (int(self.rows.interaction[row]), int(self.rows.input[row]))
        self.staying.setdefault(place, []).append(row)
        self.records[place[0], int(self.rows.record[row])] = row

    def neighbours(self, row: int) -> Iterator[tuple[int, float]]:
        """Rows that stay with an alike input, in the same interaction."""
        interaction, own = int(self.rows.interaction[row]), int(self.rows.input[row])
        for other, similarity in ((own, 1.0), *self.near.get(own, ())):
            for match in self.staying.get((interaction, other), ()):
                yield match, similarity

    def answers_alike(self, one: int, two: int) -> bool:
        """Whether two answers (by number) reach the answers' threshold."""
        if one == two:
            return True
        key = (min(one, two), max(one, two))
        if key not in self.answer_alike:
            sets = self.answers.take(np.array(key, np.int64))
            a, b = np.split(sets.values, sets.offsets[1:2])
            shared = len(np.intersect1d(a, b, assume_unique=True))
            self.answer_alike[key] = shared >= self.spec.answer_threshold * (
                len(a) + len(b) - shared
            )
        return self.answer_alike[key]


def decide(rows: DedupeRows, pairs: Pairs, answers: SetReader, spec: DedupeSpec) -> Verdicts:
    """The verdict of every row. `pairs` are over the numbers in `rows.input`."""
    count = len(rows.run)
    deciding = _Deciding(
        rows=rows,
        spec=spec,
        near=pairs.by_input() if spec.near else {},
        answers=answers,
        rank=np.argsort(rows.priority),
        code=np.zeros(count, np.int8),
        match=np.full(count, -1, np.int64),
        similarity=np.zeros(count, np.float64),
    )
    _drop_repeated_runs(deciding)
    _drop_followed(deciding, SUPERSEDED, rows.superseded)
    _drop_followed(deciding, CONTAINED, rows.contained)
    for row in _contested(rows, deciding):
        _decide_row(deciding, row)
    if spec.conflicts == "drop":
        _drop_conflicts(deciding)
    _settle_followed(deciding)
    return Verdicts(deciding.code, deciding.match, deciding.similarity)


def _drop_repeated_runs(deciding: _Deciding) -> None:
    """Of several rows with one run id only the newest goes on."""
    newest_of_run: dict[int, int] = {}
    runs = deciding.rows.run
    counts = np.bincount(runs)
    for row in deciding.rows.newest[counts[runs[deciding.rows.newest]] > 1].tolist():
        first = newest_of_run.setdefault(int(runs[row]), row)
        if first != row:
            deciding.leave(row, SAME_RUN_ID, first, 1.0)


def _drop_followed(deciding: _Deciding, code: int, followed: Mapping[int, int]) -> None:
    """Rows whose place another one takes, which may itself have left for a third."""
    for row, by in sorted(followed.items()):
        if deciding.code[row] == KEPT and (last := _last(deciding, by)) != row:
            deciding.leave(row, code, last, float("nan"))


def _last(deciding: _Deciding, row: int) -> int:
    """The row itself where it stays, or what it left for, and so on to one that stays."""
    while deciding.code[row] not in (KEPT, CONFLICT):
        row = int(deciding.match[row])
    return row


def _settle_followed(deciding: _Deciding) -> None:
    """A row that left for a later one names what stays: that one, or what it left for."""
    for row in np.flatnonzero(np.isin(deciding.code, _FOLLOWED)).tolist():
        deciding.match[row] = _last(deciding, int(deciding.match[row]))


_FOLLOWED = (SAME_RUN_ID, SUPERSEDED, CONTAINED)


def _contested(rows: DedupeRows, deciding: _Deciding) -> list[int]:
    """Rows whose input is not theirs alone, first to stay first; the others stay unasked."""
    shared = np.bincount(rows.input)[rows.input] > 1
    if deciding.near:
        near = np.zeros(int(rows.input.max()) + 1, np.bool_)
        near[list(deciding.near)] = True
        shared |= near[rows.input]
    shared &= deciding.code == KEPT
    contested: list[int] = rows.priority[shared[rows.priority]].tolist()
    return contested


def _decide_row(deciding: _Deciding, row: int) -> None:
    rows = deciding.rows
    twin = deciding.records.get((int(rows.interaction[row]), int(rows.record[row])))
    if twin is not None:
        return deciding.leave(row, EXACT, twin, 1.0)
    met = sorted(deciding.neighbours(row), key=lambda pair: (-pair[1], deciding.rank[pair[0]]))
    if deciding.spec.near:
        for match, similarity in met:
            if deciding.answers_alike(int(rows.answer[row]), int(rows.answer[match])):
                return deciding.leave(row, NEAR, match, similarity)
    if met and deciding.spec.conflicts == "best":
        return deciding.leave(row, CONFLICT, *met[0])
    return deciding.stay(row)


def _drop_conflicts(deciding: _Deciding) -> None:
    """Every row that stays beside an alike input with another answer leaves, and so does that."""
    for row in [row for rows in deciding.staying.values() for row in rows]:
        met = (pair for pair in deciding.neighbours(row) if pair[0] != row)
        first = min(met, key=lambda pair: (-pair[1], deciding.rank[pair[0]]), default=None)
        if first is not None:
            deciding.leave(row, CONFLICT, *first)
