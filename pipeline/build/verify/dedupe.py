"""Check `dedupe`: no two that stay are alike, and every one that left is alike to what it names.

Both are computed exactly, from the second shelf; the first by a join within each interaction.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.build.rows import number_strings, read_live_rows
from pipeline.build.verify.compared import Compared
from pipeline.build.verify.findings import SHOWN, Findings
from pipeline.build.verify.material import Ledger, Material, parts_of, read_column
from pipeline.stages.jaccard import F64, SetReader, jaccard_of_pairs
from pipeline.stages.join import AlsoAlike, Found, Join, crowding, within
from pipeline.stages.shingles import I64

__all__ = ["check_dedupe"]

_ROUNDING = 1e-6
"""Similarities in the ledger are 32-bit numbers."""
_EDGE = 1e-9
_MOST = 100_000
"""So many alike pairs that stay are not counted further."""
_PAIRS = 1 << 16
_SAMPLE = 1024
"""Rows of an interaction that tell whether its inputs or its answers differ more."""
_COMPARED = ("exact_duplicate", "near_duplicate", "conflict")


def check_dedupe(material: Material, compared: Compared, findings: Findings) -> str:
    """Those that left, one by one; those that stay, by an exact join."""
    ledger = material.ledger()
    material.progress.begin("verify dedupe", None)
    left = _leaving(ledger)
    _check_leaving(material, ledger, compared, left, findings)
    stays = _Staying.of(ledger, compared)
    examined = _check_staying(material, ledger, stays, findings)
    said = f"{len(stays.rows):,} that stay ({examined:,} near pairs computed), "
    said += f"{len(left.rows):,} that left for another"
    material.progress.end("verify dedupe", said)
    return said


@dataclass(frozen=True, slots=True)
class _Leaving:
    """Rows that left as alike to another, and the rows of those."""

    rows: I64
    matches: I64
    code: NDArray[np.object_]
    similarity: F64
    """As the ledger has it; NaN where it has none."""


def _leaving(ledger: Ledger) -> _Leaving:
    rows = np.flatnonzero(ledger.has_code(*_COMPARED))
    stays = ledger.stays()
    order = np.concatenate((np.flatnonzero(stays), np.flatnonzero(~stays)))
    named = ledger.column("matched_run_id").take(pa.array(rows))
    at = pc.index_in(named, value_set=ledger.run_ids.take(pa.array(order)))
    rows = rows[at.is_valid().to_numpy(zero_copy_only=False)]
    similarity = ledger.column("similarity").take(pa.array(rows)).cast(pa.float64())
    return _Leaving(
        rows=rows,
        matches=order[at.drop_null().to_numpy()],
        code=np.array(ledger.column("code").take(pa.array(rows)).to_pylist(), object),
        similarity=np.asarray(similarity.to_numpy(zero_copy_only=False), float),
    )


def _check_leaving(
    material: Material, ledger: Ledger, compared: Compared, left: _Leaving, findings: Findings
) -> None:
    words = material.dedupe
    interaction = number_strings(pa.chunked_array([ledger.column("interaction")]))
    inputs = _similarities(material, compared.inputs, compared.input, left)
    answers = _similarities(material, compared.answers, compared.answer, left)
    conflict = left.code == "conflict"
    low = inputs < words.threshold - _EDGE
    claimed = ~np.isnan(left.similarity)
    wrong = np.abs(left.similarity - inputs) > _ROUNDING
    apart = interaction[left.rows] != interaction[left.matches]
    other_answer = answers < words.answer_threshold - _EDGE
    for rule, broken, figures in (
        ("it left for a run of another interaction", apart, inputs),
        ("it left as a duplicate and its input is not alike", ~conflict & low, inputs),
        ("it left as a conflict and its input is not alike", conflict & low, inputs),
        ("it left as a duplicate and its answer is not alike", ~conflict & other_answer, answers),
        ("its similarity is not the one computed", ~claimed | wrong, inputs),
    ):
        at = np.flatnonzero(broken)
        shown = [
            f"{ledger.run_ids[left.rows[one]]} and {ledger.run_ids[left.matches[one]]}: "
            f"{figures[one]:.6f} computed, the ledger has {left.similarity[one]:.6f}"
            for one in at[:SHOWN].tolist()
        ]
        findings.add(rule, *shown, count=len(at))


def _similarities(material: Material, sets: SetReader, number: I64, left: _Leaving) -> F64:
    """Of each pair the exact similarity of what the two rows have."""
    one, other = number[left.rows], number[left.matches]
    found = np.ones(len(one))
    unlike = np.flatnonzero(one != other)
    tasks = (
        _some_pairs(sets, one[unlike[at : at + _PAIRS]], other[unlike[at : at + _PAIRS]])
        for at in range(0, len(unlike), _PAIRS)
    )
    found[unlike] = np.concatenate([np.empty(0), *material.engine.map(_jaccard, tasks)])
    return found


def _some_pairs(sets: SetReader, one: I64, other: I64) -> tuple[SetReader, I64, I64]:
    rows, places = np.unique(np.concatenate((one, other)), return_inverse=True)
    return sets.only(rows), places[: len(one)], places[len(one) :]


def _jaccard(task: tuple[SetReader, I64, I64]) -> F64:
    return jaccard_of_pairs(*task)


@dataclass(frozen=True, slots=True)
class _Staying:
    """Rows that stay, and of each what is compared."""

    rows: I64
    interaction: I64
    input: I64
    inputs: SetReader
    """The set of every row, equal ones once for each."""
    answers: SetReader

    @classmethod
    def of(cls, ledger: Ledger, compared: Compared) -> "_Staying":
        rows = np.flatnonzero(ledger.stays())
        interaction = number_strings(pa.chunked_array([ledger.column("interaction")]))
        return cls(
            rows=rows,
            interaction=interaction[rows],
            input=compared.input[rows],
            inputs=compared.inputs.only(compared.input[rows]),
            answers=compared.answers.only(compared.answer[rows]),
        )


def _check_staying(material: Material, ledger: Ledger, stays: _Staying, findings: Findings) -> int:
    """No two that stay are alike; with `best_of`, so many but no more."""
    words = material.dedupe
    if not words.near:
        _check_equal(material, ledger, stays, findings)
        return 0
    most = _MOST + len(stays.rows) * (words.best_of - 1)
    found = _alike(material, stays, most)
    pairs = np.stack((found.left, found.right), axis=1)
    rule = "two that stay are alike"
    if words.best_of > 1:
        pairs = _beyond(material, ledger, stays.rows[pairs], words.best_of)
        rule = f"it stays and {words.best_of} better ones that are alike do as well"
    else:
        pairs = stays.rows[pairs]
    shown = [f"{ledger.run_ids[a]} and {ledger.run_ids[b]}" for a, b in pairs[:SHOWN].tolist()]
    if len(found.left) > most:
        findings.add("there are more alike pairs than were counted", f"{most:,} were counted")
    findings.add(rule, *shown, count=len(pairs))
    return found.examined


def _check_equal(material: Material, ledger: Ledger, stays: _Staying, findings: Findings) -> None:
    """Where near-duplicates stay: equal records do not, nor equal inputs with other answers."""
    record = number_strings(pa.chunked_array([_record_ids(material)]))[stays.rows]
    told = [("two that stay are equal", record, 1)]
    if material.dedupe.conflicts != "keep":
        told.append(("two that stay have the same input", stays.input, material.dedupe.best_of))
    for rule, number, most in told:
        keys = np.stack((stays.interaction, number), axis=1)
        _, group, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
        rows = stays.rows[counts[group.ravel()] > most]
        shown = [str(ledger.run_ids[row]) for row in rows[:SHOWN].tolist()]
        findings.add(rule, *shown, count=len(rows))


def _record_ids(material: Material) -> pa.Array:
    shelf = material.shelves.records
    columns = [read_column(shelf, part, "record_id") for part in parts_of(shelf)]
    return pa.concat_arrays([pa.array([], pa.string()), *columns])


def _alike(material: Material, stays: _Staying, most: int) -> Found:
    """Pairs that stay and are alike: their inputs, and where conflicts stay, their answers too."""
    words, run = material.dedupe, material.engine.map
    inputs = Join(stays.inputs, words.threshold, stays.interaction, most=most)
    rows = np.arange(len(stays.rows))
    if words.conflicts != "keep":
        return within(inputs, rows, run)
    answers = Join(stays.answers, words.answer_threshold, stays.interaction, most=most)
    by_answer = _answers_differ_more(inputs, answers)
    also_answers = replace(inputs, also=AlsoAlike(stays.answers, words.answer_threshold))
    also_inputs = replace(answers, also=AlsoAlike(stays.inputs, words.threshold))
    return Found.merged(
        (within(also_answers, rows[~by_answer], run), within(also_inputs, rows[by_answer], run))
    )


def _answers_differ_more(inputs: Join, answers: Join) -> NDArray[np.bool_]:
    """For every row whether its interaction is joined quicker by its answers."""
    assert inputs.group is not None
    order = np.argsort(inputs.group, kind="stable")
    edges = np.flatnonzero(np.diff(inputs.group[order])) + 1
    quicker = np.zeros(len(order), np.bool_)
    for members in np.split(order, edges):
        sample = members[:: len(members) // _SAMPLE + 1]
        quicker[members] = crowding(answers, sample) < crowding(inputs, sample)
    return quicker


def _beyond(material: Material, ledger: Ledger, pairs: I64, best_of: int) -> I64:
    """Of alike pairs, as rows: those of a row that has too many better ones."""
    rank = _ranks(material, ledger)
    worse = np.where(rank[pairs[:, 0]] > rank[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    counts = np.bincount(worse, minlength=len(rank))
    many = np.unique(worse[counts[worse] >= best_of])
    at = np.searchsorted(worse[np.argsort(worse, kind="stable")], many)
    return pairs[np.argsort(worse, kind="stable")[at]]


def _ranks(material: Material, ledger: Ledger) -> I64:
    """Every record's place in the order of priority; those that left before come last."""
    live = read_live_rows(material.shelves.records, material.shelves.validated)
    begins = np.cumsum(ledger.rows_of_part) - ledger.rows_of_part
    places = [
        begin + np.array(rows, np.int64)
        for begin, rows in zip(begins, live.rows_of_part, strict=True)
    ]
    rows = np.concatenate([np.empty(0, np.int64), *places])
    rank = np.full(len(ledger.at), len(ledger.at), np.int64)
    rank[rows[live.priority()]] = np.arange(len(rows))
    return rank
