"""Which split each component goes to: by draw or by time, where it was before, and stratified.

A component is what alike inputs, a conversation or a group key tie together; it is never divided.
By draw its side depends on nothing but its smallest run id and the salt. Imports `spec`,
`shingles`, `stratify`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.spec import SplitSpec
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.stratify import F64, I8, Strata, stratify

__all__ = [
    "NEVER",
    "NOWHERE",
    "SPLITS",
    "TEST",
    "TRAIN",
    "VALIDATION",
    "ComponentRows",
    "assign_splits",
]

SPLITS = ("train", "validation", "test")
"""What the numbers of `assign_splits` mean. Of two sides that are tied the later one wins."""
TRAIN, VALIDATION, TEST = range(3)
NOWHERE = -1
"""The side of what was not in the previous build."""
NEVER = np.iinfo(np.int64).min
"""The time of a run that has none."""


@dataclass(frozen=True, slots=True)
class ComponentRows:
    """One entry a component in every column."""

    draw: F64
    """In [0, 1), from the component's smallest run id."""
    rows: I64
    """How many of its records stay."""
    newest: I64
    """When its newest run was made; `NEVER` without a time."""
    previous: I8
    """Its side in the previous build, of several the last of `SPLITS`; `NOWHERE` without one."""


def assign_splits(components: ComponentRows, strata: Strata, spec: SplitSpec) -> I8:
    """The split (index into `SPLITS`) of each component."""
    free = components.previous == NOWHERE
    place = components.draw if spec.order == "hash" else _by_time(components, free)
    side = np.where(free, _at(place, spec), components.previous).astype(np.int8)
    if spec.stratify == "off":
        return side
    return stratify(side, np.where(free, place, np.inf), strata, _needed(spec))


def _at(place: F64, spec: SplitSpec) -> I8:
    """The side at each place: by draw validation lies first, by time test."""
    shares = [(VALIDATION, spec.validation), (TEST, spec.test)]
    if spec.order == "time":
        shares.reverse()
    (first, size), (second, more) = shares
    side = np.where(place < size, first, np.where(place < size + more, second, TRAIN))
    return side.astype(np.int8)


def _by_time(components: ComponentRows, free: NDArray[np.bool_]) -> F64:
    """Where a component's middle lies when the rows of all new ones stand newest first.

    Those without a time are infinitely far from validation.
    """
    timed = np.flatnonzero(free & (components.newest != NEVER))
    order = timed[np.lexsort((components.draw[timed], -components.newest[timed]))]
    rows = components.rows[order]
    place = np.full(len(components.rows), np.inf)
    place[order] = (np.cumsum(rows) - rows / 2) / max(int(components.rows[free].sum()), 1)
    return place


def _needed(spec: SplitSpec) -> tuple[int, ...]:
    """The sides that an interaction needs, the most needed first."""
    asked = {TRAIN: 1.0, VALIDATION: spec.validation, TEST: spec.test}
    return tuple(side for side, share in asked.items() if share > 0)
