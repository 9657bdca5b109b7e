"""How many of the records are taken: caps by interaction, then a budget shared out among them.

Every record has one draw, and of its interaction the lowest draws are taken: so a higher cap or a
larger budget takes the same records and more. Imports only `shingles`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.shingles import I64

__all__ = ["OVER_BUDGET", "OVER_CAP", "TAKEN", "Budget", "SampleRows", "take_sample"]

TAKEN, OVER_CAP, OVER_BUDGET = range(3)


@dataclass(frozen=True, slots=True)
class SampleRows:
    """One entry a record in every column."""

    interaction: I64
    """Numbered from 0."""
    turn: I64
    """Its place in the order of the draws of all records."""
    tokens: I64


@dataclass(frozen=True, slots=True)
class Budget:
    """What all interactions share."""

    records: int | None = None
    tokens: int | None = None
    temperature: float = 1.0

    def is_bounded(self) -> bool:
        """Whether there is a bound at all."""
        return self.records is not None or self.tokens is not None


def take_sample(rows: SampleRows, caps: I64, budget: Budget) -> NDArray[np.int8]:
    """For every record `TAKEN`, `OVER_CAP` or `OVER_BUDGET`; `caps` has a bound an interaction."""
    place = _places(rows)
    code = np.where(place < caps[rows.interaction], TAKEN, OVER_CAP).astype(np.int8)
    if budget.is_bounded():
        queue = _queue(rows, place, np.flatnonzero(code == TAKEN), budget.temperature)
        code[queue[_fitting(rows.tokens[queue], budget) :]] = OVER_BUDGET
    return code


def _places(rows: SampleRows) -> I64:
    """How many records of its interaction have a lower draw than this one."""
    order = np.lexsort((rows.turn, rows.interaction))
    ranked = rows.interaction[order]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.searchsorted(ranked, ranked)
    return place


def _queue(rows: SampleRows, place: I64, chosen: I64, temperature: float) -> I64:
    """The chosen records in the order in which a growing budget takes them.

    An interaction with n records has the weight n^(1/temperature), and its k-th record comes at
    the level (k - 1/2) / weight, as in Webster's way of giving out seats: at any level the
    interactions stand in the proportion of their weights, to the nearest record, until one has
    no more; then the others go on.
    """
    interaction = rows.interaction[chosen]
    weight = np.bincount(interaction).astype(float) ** (1 / temperature)
    level = (place[chosen] + 0.5) / weight[interaction]
    return chosen[np.lexsort((rows.turn[chosen], level))]


def _fitting(tokens: I64, budget: Budget) -> int:
    """How many records from the head of the queue the budget pays for."""
    fitting = len(tokens) if budget.records is None else min(len(tokens), budget.records)
    if budget.tokens is None:
        return fitting
    return min(fitting, int(np.searchsorted(np.cumsum(tokens), budget.tokens, side="right")))
