"""The exact join over the cut: every pair of inputs in different splits that is alike, no sketch.

Imports `shingles`, `jaccard` and `join`.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.jaccard import Mapper, SetReader
from pipeline.stages.alike.join import Found, Join, across

__all__ = ["Found", "cross_pairs"]


def cross_pairs(
    sets: SetReader,
    side: NDArray[np.int8],
    threshold: float,
    run: Mapper = map,
    most: int | None = None,
) -> Found:
    """All pairs of sets at or above the threshold whose `side` differs.

    `side` is the split of each set, 0 the largest; negative leaves a set out. With `most` the
    join ends when more pairs than that are found.
    """
    join = Join(sets, threshold, most=most)
    return Found.merged(
        across(join, np.flatnonzero(side == side_of), _before(side, side_of), run)
        for side_of in (2, 1)
        if (side == side_of).any()
    )


def _before(side: NDArray[np.int8], other: int) -> NDArray[np.int64]:
    return np.flatnonzero((side >= 0) & (side < other))
