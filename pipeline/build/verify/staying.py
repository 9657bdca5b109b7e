"""Of the runs that stay: no two are alike, as far as the words of the spec say, by an exact join.

Within an interaction; the order in which the build decided is not asked for: what is checked
holds for every order that there is.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.build.comparing.rows import number_strings
from pipeline.build.verify.compared import Compared
from pipeline.build.verify.findings import SHOWN, Findings
from pipeline.build.verify.material import Ledger, Material, parts_of, read_column
from pipeline.stages.alike.jaccard import SetReader, jaccard_of_pairs
from pipeline.stages.alike.join import AlsoAlike, Found, Join, crowding, within
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dedupe.deciding import ONE_ANSWER

__all__ = ["check_staying"]

_EDGE = 1e-9
"""Answers that are alike up to the rounding of a product are left alone."""
_MOST = 100_000
"""So many alike pairs that stay are not counted further."""
_SAMPLE = 1024
"""Rows of an interaction that tell whether its inputs or its answers differ more."""
_ONE_ANSWER = (*ONE_ANSWER, "drop")
"""Policies by which no two stay that have alike inputs and other answers."""


@dataclass(frozen=True, slots=True)
class _Staying:
    """Rows that stay, and of each what is compared."""

    rows: I64
    interaction: I64
    input: I64
    answer: I64
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
            answer=compared.answer[rows],
            inputs=compared.inputs.only(compared.input[rows]),
            answers=compared.answers.only(compared.answer[rows]),
        )

    def answers_alike(self, pairs: I64, threshold: float) -> NDArray[np.bool_]:
        """Of each pair whether its answers are alike."""
        similarity = np.ones(len(pairs))
        unlike = np.flatnonzero(self.answer[pairs[:, 0]] != self.answer[pairs[:, 1]])
        similarity[unlike] = jaccard_of_pairs(self.answers, *pairs[unlike].T)
        return similarity >= threshold - _EDGE


def check_staying(material: Material, compared: Compared, findings: Findings) -> int:
    """Check those that stay; how many pairs were computed."""
    ledger = material.ledger()
    stays = _Staying.of(ledger, compared)
    if not material.dedupe.near:
        _check_equal(material, stays, findings)
        return 0
    words = material.dedupe
    most = _MOST + len(stays.rows) * (words.best_of - 1)
    found = _alike(material, stays, most)
    if len(found.left) > most:
        findings.add("there are more alike pairs than were counted", f"{most:,} were counted")
    pairs = np.stack((found.left, found.right), axis=1)
    if words.best_of == 1:
        _add_pairs(findings, "two that stay are alike", ledger, stays, pairs)
        return found.examined
    both = stays.answers_alike(pairs, words.answer_threshold)
    many = _crowded(pairs[both], len(stays.rows), words.best_of)
    _add_pairs(findings, f"more than {words.best_of} that are alike stay", ledger, stays, many)
    excused = np.zeros(len(stays.rows), np.bool_)
    if words.conflicts != "drop":
        excused[pairs[both].ravel()] = True
    other = pairs[~both & ~excused[pairs].any(axis=1)]
    _add_pairs(findings, "two that stay have alike inputs and other answers", ledger, stays, other)
    return found.examined


def _alike(material: Material, stays: _Staying, most: int) -> Found:
    """Pairs that stay and have alike inputs; where conflicts stay, alike answers as well."""
    words, run = material.dedupe, material.engine.map
    inputs = Join(stays.inputs, words.threshold, stays.interaction, most=most)
    rows = np.arange(len(stays.rows))
    if words.conflicts in _ONE_ANSWER:
        return within(inputs, rows, run)
    threshold = min(1.0, words.answer_threshold + _EDGE)
    answers = Join(stays.answers, threshold, stays.interaction, most=most)
    by_answer = _answers_differ_more(inputs, answers)
    also_answers = replace(inputs, also=AlsoAlike(stays.answers, threshold))
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


def _crowded(pairs: I64, rows: int, best_of: int) -> I64:
    """Pairs among rows that have too many alike ones in whatever order they were decided.

    Rows with fewer than `best_of` alike ones are taken away, again and again; what is left has
    too many.
    """
    while len(pairs):
        degree = np.bincount(pairs.ravel(), minlength=rows)
        left = pairs[(degree[pairs] >= best_of).all(axis=1)]
        if len(left) == len(pairs):
            break
        pairs = left
    return pairs


def _check_equal(material: Material, stays: _Staying, findings: Findings) -> None:
    """Where near-duplicates stay: equal records do not, nor equal inputs with other answers."""
    ledger = material.ledger()
    record = number_strings(pa.chunked_array([_record_ids(material)]))[stays.rows]
    equal = _beside_first(stays.interaction, record)
    _add_pairs(findings, "two that stay are equal", ledger, stays, equal)
    if material.dedupe.conflicts in _ONE_ANSWER:
        pairs = _beside_first(stays.interaction, stays.input)
        other = pairs[~stays.answers_alike(pairs, material.dedupe.answer_threshold)]
        rule = "two that stay have equal inputs and other answers"
        _add_pairs(findings, rule, ledger, stays, other)


def _beside_first(interaction: I64, number: I64) -> I64:
    """Rows of one interaction and number, each with the first of them."""
    order = np.lexsort((np.arange(len(number)), number, interaction))
    same = interaction[order[1:]] == interaction[order[:-1]]
    same &= number[order[1:]] == number[order[:-1]]
    begins = np.concatenate(([0], np.flatnonzero(~same) + 1)).astype(np.int64)
    first = order[np.repeat(begins, np.diff(np.append(begins, len(order))))]
    return np.stack((first, order), axis=1)[1:][same] if len(order) else np.empty((0, 2), np.int64)


def _record_ids(material: Material) -> pa.Array:
    shelf = material.shelves.records
    columns = [read_column(shelf, part, "record_id") for part in parts_of(shelf)]
    return pa.concat_arrays([pa.array([], pa.string()), *columns])


def _add_pairs(findings: Findings, rule: str, ledger: Ledger, stays: _Staying, pairs: I64) -> None:
    shown = stays.rows[pairs[:SHOWN]].tolist()
    named = [f"{ledger.run_ids[one]} and {ledger.run_ids[other]}" for one, other in shown]
    findings.add(rule, *named, count=len(pairs))
