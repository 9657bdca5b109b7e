"""Check `dedupe`: every run that left is alike to the one it names, by exact similarities.

What is asked of those that stay is in `staying`.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.build.against.outside import names_another_set
from pipeline.build.comparing.rows import number_strings
from pipeline.build.verify.compared import Compared
from pipeline.build.verify.findings import SHOWN, Findings
from pipeline.build.verify.material import Ledger, Material
from pipeline.build.verify.staying import check_staying
from pipeline.stages.alike.jaccard import F64, SetReader, jaccard_of_pairs
from pipeline.stages.alike.shingles import I64

__all__ = ["check_dedupe"]

_ROUNDING = 1e-6
"""Similarities in the ledger are 32-bit numbers."""
_EDGE = 1e-9
_PAIRS = 1 << 16
_COMPARED = ("exact_duplicate", "near_duplicate", "conflict")


def check_dedupe(material: Material, compared: Compared, findings: Findings) -> str:
    """Those that left, one by one; those that stay, by an exact join."""
    ledger = material.ledger()
    material.progress.begin("verify dedupe", None)
    left = _leaving(ledger)
    _check_leaving(material, ledger, compared, left, findings)
    stays = int(ledger.stays().sum())
    examined = check_staying(material, compared, findings)
    said = f"{stays:,} that stay ({examined:,} near pairs computed), "
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
    elsewhere = names_another_set(ledger.column("code"), ledger.column("detail"))
    others = np.asarray(elsewhere.to_numpy(zero_copy_only=False), np.bool_)
    rows = np.flatnonzero(ledger.has_code(*_COMPARED) & ~others)
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
