"""Who stays: the near-duplicate rule over rows, inputs and answers.

Rows are decided in order of priority (evaluation score, then selected, then newest, then id). A
row leaves when a row that already stays is alike: same interaction, inputs at or above the
threshold, and answers too (a duplicate) or not (a conflict, by policy). So no two that stay are
alike (or no more than `best_of`), and every row that leaves names one that stays. Before that,
rows leave that another set has the like of, and those whose run id, workflow step or conversation
a later row repeats. Imports `spec`, `jaccard`, `neighbours`, `answers`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pipeline.spec import DedupeSpec
from pipeline.stages.alike.jaccard import F64
from pipeline.stages.alike.neighbours import Neighbours, Pairs
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dedupe.answers import Answers, Staying

__all__ = ["CODES", "KEPT", "ONE_ANSWER", "DedupeRows", "Verdicts", "decide"]

CODES = (
    "",
    "same_run_id",
    "exact_duplicate",
    "near_duplicate",
    "conflict",
    "superseded",
    "contained_conversation",
    "contaminated",
    "in_earlier_dataset",
)
"""What the numbers in `Verdicts.code` mean; the first is a row that stays."""
KEPT, SAME_RUN_ID, EXACT, NEAR, CONFLICT, SUPERSEDED, CONTAINED = range(7)
CONTAMINATED, IN_EARLIER = 7, 8
ONE_ANSWER = ("best", "majority", "pairs")
"""Policies by which an input keeps one answer: what else was answered leaves as a conflict."""


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
    outside: NDArray[np.int8] | None = None
    """Code of each row that leaves because another set has its like; 0 for the others."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of every row."""

    code: NDArray[np.int8]
    """Index into `CODES`."""
    match: I64
    """The row that stays and that this one is alike to; -1 for a row that stays, and for one
    that leaves for something outside."""
    similarity: F64
    """Jaccard index of the two inputs; 0 for a row that stays, NaN where none was asked for."""


@dataclass(slots=True)
class _Deciding:
    rows: DedupeRows
    spec: DedupeSpec
    near: Neighbours
    answers: Answers
    rank: I64
    """Each row's place in the order of priority."""
    code: NDArray[np.int8]
    match: I64
    similarity: F64
    staying: dict[tuple[int, int], Staying] = field(default_factory=dict)
    """Rows that stay, by interaction and input."""
    records: dict[tuple[int, int], int] = field(default_factory=dict)
    """The row that stays, by interaction and record."""

    def leave(self, row: int, code: int, match: int, similarity: float) -> None:
        self.code[row], self.match[row], self.similarity[row] = code, match, similarity

    def stay(self, row: int) -> None:
        place = (int(self.rows.interaction[row]), int(self.rows.input[row]))
        if place not in self.staying:
            self.staying[place] = Staying(self.answers)
        self.staying[place].add(row, int(self.rows.answer[row]))
        self.records[place[0], int(self.rows.record[row])] = row

    def places(self, row: int) -> Iterator[tuple[Staying, float]]:
        """Where rows stay with an alike input, in the same interaction."""
        interaction, own = int(self.rows.interaction[row]), int(self.rows.input[row])
        for other, similarity in chain(((own, 1.0),), self.near.of(own)):
            if staying := self.staying.get((interaction, other)):
                yield staying, similarity

    def best(self, met: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
        """The most alike first, then the first to stay."""
        return sorted(met, key=lambda pair: (-pair[1], self.rank[pair[0]]))

    def alike(self, row: int) -> list[tuple[int, float]]:
        """Rows that stay and are alike in input and answer."""
        answer = int(self.rows.answer[row])
        return self.best(
            (match, similarity)
            for staying, similarity in self.places(row)
            for match in staying.alike(answer)
        )

    def conflicting(self, row: int) -> list[tuple[int, float]]:
        """Rows that stay and are alike in input alone, one for each such input."""
        answer = int(self.rows.answer[row])
        found = ((staying.other(answer, row), likeness) for staying, likeness in self.places(row))
        return self.best((match, likeness) for match, likeness in found if match is not None)


def decide(rows: DedupeRows, pairs: Pairs, answers: Answers, spec: DedupeSpec) -> Verdicts:
    """The verdict of every row. `pairs` are over the numbers in `rows.input`."""
    count = len(rows.run)
    inputs = int(rows.input.max()) + 1 if count else 0
    deciding = _Deciding(
        rows=rows,
        spec=spec,
        near=(pairs if spec.near else Pairs.none()).neighbours(inputs),
        answers=answers,
        rank=np.argsort(rows.priority),
        code=np.zeros(count, np.int8),
        match=np.full(count, -1, np.int64),
        similarity=np.zeros(count, np.float64),
    )
    _drop_outside(deciding, (CONTAMINATED,))
    _drop_repeated_runs(deciding)
    _drop_followed(deciding, SUPERSEDED, rows.superseded)
    _drop_followed(deciding, CONTAINED, rows.contained)
    _drop_outside(deciding, (IN_EARLIER, CONFLICT))
    contested = _contested(rows, deciding)
    for row in contested:
        _decide_row(deciding, row)
    if spec.conflicts == "drop":
        _drop_conflicts(deciding, contested)
    _settle_followed(deciding)
    return Verdicts(deciding.code, deciding.match, deciding.similarity)


def _drop_outside(deciding: _Deciding, codes: tuple[int, ...]) -> None:
    """Rows that leave for something outside the build, which no row of it stands for."""
    if deciding.rows.outside is not None:
        leaving = np.isin(deciding.rows.outside, codes) & (deciding.code == KEPT)
        deciding.code[leaving] = deciding.rows.outside[leaving]


def _drop_repeated_runs(deciding: _Deciding) -> None:
    """Of several rows with one run id only the newest goes on."""
    newest_of_run: dict[int, int] = {}
    runs = deciding.rows.run
    counts = np.bincount(runs)
    for row in deciding.rows.newest[counts[runs[deciding.rows.newest]] > 1].tolist():
        if deciding.code[row] != KEPT:
            continue
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
    while deciding.code[row] not in _ENDS:
        row = int(deciding.match[row])
    return row


def _settle_followed(deciding: _Deciding) -> None:
    """A row that left for a later one names what stays: that one, or what it left for."""
    for row in np.flatnonzero(np.isin(deciding.code, _FOLLOWED)).tolist():
        deciding.match[row] = _last(deciding, int(deciding.match[row]))


_FOLLOWED = (SAME_RUN_ID, SUPERSEDED, CONTAINED)
_ENDS = (KEPT, CONFLICT, CONTAMINATED, IN_EARLIER)


def _contested(rows: DedupeRows, deciding: _Deciding) -> list[int]:
    """Rows whose input is not theirs alone, first to stay first; the others stay unasked."""
    shared = np.bincount(rows.input)[rows.input] > 1
    shared |= (np.diff(deciding.near.starts) > 0)[rows.input]
    shared &= deciding.code == KEPT
    contested: list[int] = rows.priority[shared[rows.priority]].tolist()
    return contested


def _decide_row(deciding: _Deciding, row: int) -> None:
    rows, spec = deciding.rows, deciding.spec
    twin = deciding.records.get((int(rows.interaction[row]), int(rows.record[row])))
    if twin is not None:
        return deciding.leave(row, EXACT, twin, 1.0)
    alike = deciding.alike(row) if spec.near else []
    if len(alike) >= spec.best_of:
        return deciding.leave(row, NEAR, *alike[0])
    if spec.conflicts in ONE_ANSWER:
        conflicting = deciding.conflicting(row)
        if conflicting:
            return deciding.leave(row, CONFLICT, *conflicting[0])
    return deciding.stay(row)


def _drop_conflicts(deciding: _Deciding, contested: list[int]) -> None:
    """Every row that stays beside an alike input with another answer leaves, and so does that."""
    for row in contested:
        if deciding.code[row] == KEPT and (found := deciding.conflicting(row)):
            deciding.leave(row, CONFLICT, *found[0])
