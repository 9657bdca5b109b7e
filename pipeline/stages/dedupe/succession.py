"""Rows that a later one takes the place of: the same step done again, the same talk gone on.

A workflow that repeats a step leaves a run for each try; of those the latest counts. A talk that
is stored after every answer leaves runs that begin with one another; the longest holds all of
them. Imports only the sets' types.
"""

import numpy as np

from pipeline.stages.alike.shingles import I64

__all__ = ["contained_in", "superseded_by"]


def superseded_by(step: I64, latest: I64) -> dict[int, int]:
    """For each row whose step has a later row: that row.

    `step` has a number for each row, equal for one step, negative for none; `latest` holds all
    row numbers, the latest first.
    """
    known = step >= 0
    repeated = np.zeros(len(step), np.bool_)
    repeated[known] = np.bincount(step[known])[step[known]] > 1
    first: dict[int, int] = {}
    replaced: dict[int, int] = {}
    for row in latest[repeated[latest]].tolist():
        winner = first.setdefault(int(step[row]), row)
        if winner != row:
            replaced[row] = winner
    return replaced


def contained_in(
    whole: I64, beginnings: I64, beginning_row: I64, interaction: I64
) -> dict[int, int]:
    """For each row whose whole conversation begins another of its interaction: the longest such.

    `whole` has a digest for each row (-1: too short to tell), `beginnings` the digests of all
    beginnings that end with an answer, `beginning_row` the row of each.
    """
    if not len(beginnings):
        return {}
    met = np.isin(beginnings, whole)
    length = np.bincount(beginning_row, minlength=len(whole))
    longest: dict[tuple[int, int], int] = {}
    for digest, row in zip(beginnings[met].tolist(), beginning_row[met].tolist(), strict=True):
        key = (digest, int(interaction[row]))
        known = longest.get(key)
        if known is None or length[row] > length[known]:
            longest[key] = row
    begun = {digest for digest, _ in longest}
    rows = np.flatnonzero(np.isin(whole, np.fromiter(begun, np.int64, len(begun)))).tolist()
    keys = ((row, (int(whole[row]), int(interaction[row]))) for row in rows)
    return {row: longest[key] for row, key in keys if key in longest}
