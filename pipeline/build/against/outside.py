"""What became of live rows because of something outside the build: another set has their like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.stages.alike.jaccard import F64
from pipeline.stages.alike.shingles import I64

__all__ = ["CONTRADICTED", "Found", "Outside", "names_another_set"]

CONTRADICTED = "kept another answer to this input"
"""What the detail of a conflict ends with whose other side is in an earlier build."""


@dataclass(frozen=True, slots=True)
class Found:
    """Live rows that another set has the like of; each at most once."""

    rows: I64
    code: NDArray[np.int8]
    """Index into `stages.dedupe.CODES`."""
    similarity: F64
    matched: Sequence[str]
    """The name of what they are near."""
    detail: Sequence[str]
    """The same in words."""


@dataclass(frozen=True, slots=True)
class Outside:
    """One entry a live row in every column; code 0 and null where nothing outside is near."""

    code: NDArray[np.int8]
    similarity: F64
    matched: pa.Array
    detail: pa.Array
    facts: tuple[dict[str, Any], ...] = ()
    """What the manifest says of each set."""

    @classmethod
    def of(
        cls, count: int, found: Sequence[Found] = (), facts: Sequence[dict[str, Any]] = ()
    ) -> "Outside":
        """The findings over all live rows; no row is in two of them."""
        code, similarity = np.zeros(count, np.int8), np.zeros(count, np.float64)
        place = np.full(count, -1, np.int64)
        matched: list[str] = []
        detail: list[str] = []
        for one in found:
            code[one.rows], similarity[one.rows] = one.code, one.similarity
            place[one.rows] = np.arange(len(one.rows)) + len(matched)
            matched += one.matched
            detail += one.detail
        at = pa.array(place, mask=place < 0)
        return cls(
            code=code,
            similarity=similarity,
            matched=pa.array(matched, pa.string()).take(at),
            detail=pa.array(detail, pa.string()).take(at),
            facts=tuple(facts),
        )


def names_another_set(code: pa.Array, detail: pa.Array) -> pa.Array:
    """For rows of a ledger whether what they name is in another set, not among the runs."""
    near = pc.is_in(code, value_set=pa.array(["contaminated", "in_earlier_dataset"]))
    against = pc.and_(pc.equal(code, "conflict"), pc.ends_with(detail, CONTRADICTED))
    return pc.or_(near, against.fill_null(fill_value=False))
