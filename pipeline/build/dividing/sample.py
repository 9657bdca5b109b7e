"""Sampling: which of the records that dedupe let through are taken, and what is said of the others.

It comes before the split and knows nothing of it. The verdicts are written on the fifth shelf.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.build.comparing.rows import LiveRows
from pipeline.build.dividing.staying import Names, draws
from pipeline.build.progress import Progress
from pipeline.errors import GateRefused
from pipeline.spec import SampleSpec
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.components import I32
from pipeline.stages.dividing.sample import (
    OVER_BUDGET,
    OVER_CAP,
    TAKEN,
    Budget,
    SampleRows,
    take_sample,
)

__all__ = ["Sampled", "sample"]

_CODES = {OVER_CAP: "over_cap", OVER_BUDGET: "over_budget"}
_APART = "sample/"
"""Before the salt: with the draws of the split, all that is taken would be for validation."""
_UNBOUNDED = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Sampled:
    """What became of the live rows."""

    taken: NDArray[np.bool_]
    """The rows that go on to the split."""
    verdict: I32
    """Of every row the number of its code and sentence; -1 where it was not this that left it."""
    codes: pa.Array
    sentences: pa.Array
    rejected: dict[str, int]
    """Count by code."""

    @classmethod
    def everything(cls, stays: NDArray[np.bool_]) -> "Sampled":
        """Where no sample is asked for."""
        nothing = pa.array([], pa.string())
        return cls(stays, np.broadcast_to(np.int32(-1), len(stays)), nothing, nothing, {})


def sample(
    rows: LiveRows,
    tokens: I64,
    stays: NDArray[np.bool_],
    interactions: Names,
    by_id: I32,
    *,
    spec: SampleSpec,
    progress: Progress,
) -> Sampled:
    """Take the sample that the spec asks for; everything that stays where it asks for none.

    `tokens` are those of every row, as the ledger has them.
    """
    if not spec.is_asked():
        return Sampled.everything(stays)
    chosen = np.flatnonzero(stays)
    progress.begin("sample", len(chosen))
    columns = SampleRows(
        interaction=interactions.number[chosen].astype(np.int64),
        turn=_turns(rows, chosen, by_id, spec.salt),
        tokens=tokens[chosen],
    )
    caps = [_UNBOUNDED if cap is None else cap for cap in map(spec.cap_of, interactions.names)]
    code = take_sample(columns, np.array(caps, np.int64), _budget(spec))
    taken = code == TAKEN
    if not taken.any():
        raise GateRefused(_nothing_fits(spec))
    progress.end("sample", f"{np.count_nonzero(taken):,} of {len(code):,} records are taken")
    verdict = np.full(len(rows), -1, np.int32)
    verdict[chosen[~taken]] = (code * len(caps) - len(caps) + columns.interaction)[~taken]
    return Sampled(
        taken=_marked(len(rows), chosen[taken]),
        verdict=verdict,
        codes=pa.array([word for word in _CODES.values() for _ in caps], pa.string()),
        sentences=pa.array(_sentences(spec, interactions.names, columns, code), pa.string()),
        rejected=_counts(code),
    )


def _turns(rows: LiveRows, chosen: I64, by_id: I32, salt: str) -> I64:
    """Each chosen row's place in the order of the draws, equal ones in the order of their ids."""
    rank = np.empty_like(by_id)
    rank[by_id] = np.arange(len(by_id), dtype=np.int32)
    order = np.lexsort((rank[chosen], draws(rows, chosen, f"{_APART}{salt}")))
    turn = np.empty(len(chosen), np.int64)
    turn[order] = np.arange(len(order))
    return turn


def _budget(spec: SampleSpec) -> Budget:
    bounds = [bound for bound in (spec.max_tokens, spec.tokens_for_cost()) if bound is not None]
    return Budget(spec.max_records, min(bounds, default=None), spec.temperature)


def _marked(count: int, rows: I64) -> NDArray[np.bool_]:
    marks = np.zeros(count, np.bool_)
    marks[rows] = True
    return marks


def _counts(code: NDArray[np.int8]) -> dict[str, int]:
    counts = {word: int(np.count_nonzero(code == number)) for number, word in _CODES.items()}
    return {word: count for word, count in counts.items() if count}


def _sentences(
    spec: SampleSpec, names: list[str | None], rows: SampleRows, code: NDArray[np.int8]
) -> list[str]:
    """What the ledger says of a row over the cap of each interaction, then of one over budget."""
    given, capped, kept = (
        np.bincount(rows.interaction[chosen], minlength=len(names)).tolist()
        for chosen in (code >= TAKEN, code != OVER_CAP, code == TAKEN)
    )
    budget = _binding(spec, sum(kept))
    over_cap = zip(names, capped, given, map(spec.cap_word, names), strict=True)
    over_budget = zip(names, kept, capped, [budget] * len(names), strict=True)
    return [
        f"{'runs without an interaction' if name is None else f'interaction {name}'}: "
        f"{few:,} of {many:,} are kept (sample.{word})"
        for name, few, many, word in (*over_cap, *over_budget)
    ]


def _binding(spec: SampleSpec, kept: int) -> str:
    """The budget that was used up first."""
    if kept == spec.max_records:
        return "max_records"
    paid = spec.tokens_for_cost()
    dearer = paid is not None and (spec.max_tokens is None or paid < spec.max_tokens)
    return "max_cost" if dearer else "max_tokens"


def _nothing_fits(spec: SampleSpec) -> str:
    word = _binding(spec, 0)
    return (
        f"sample.{word} = {getattr(spec, word):g}: pays for no record at all, because the first "
        "one drawn has more tokens; give a larger budget"
    )
