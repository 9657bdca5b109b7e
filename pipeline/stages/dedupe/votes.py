"""How the answers to one input agree: votes for the policy `majority`, and figures for people.

What was asked more than once is a row that stays together with the rows that left for it; their
answers are of one opinion where they are alike. Imports `dedupe` and `answers`.
"""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from pipeline.stages.alike.shingles import I64
from pipeline.stages.dedupe.answers import Answers
from pipeline.stages.dedupe.deciding import CONFLICT, EXACT, KEPT, NEAR, DedupeRows, Verdicts

__all__ = ["Agreement", "agreement", "count_votes"]

_MOST_OPINIONS = 64
"""Opinions that an answer is compared with; later ones are held to be new."""


class Agreement(Struct, frozen=True):
    """How the answers of one interaction agree."""

    interaction: int
    """Its number."""
    asked_again: int
    """Inputs that were asked more than once, alike ones taken for one."""
    runs: int
    """Their runs."""
    agreeing: int
    """Those of them whose answer is the most frequent one of its input."""
    disputed: int
    """Inputs that got answers which are not alike."""


def count_votes(rows: DedupeRows, verdicts: Verdicts, answers: Answers) -> I64:
    """For every row how many rows of its group answer alike, itself among them; else 1."""
    votes = np.ones(len(rows.run), np.int64)
    for members, opinion in _groups(rows, verdicts, answers):
        votes[members] = np.bincount(opinion)[opinion]
    return votes


def agreement(rows: DedupeRows, verdicts: Verdicts, answers: Answers) -> list[Agreement]:
    """The figures of every interaction in which something was asked more than once."""
    found: dict[int, list[int]] = {}
    for members, opinion in _groups(rows, verdicts, answers):
        counts = np.bincount(opinion)
        sums = found.setdefault(int(rows.interaction[members[0]]), [0, 0, 0, 0])
        more = (1, len(members), int(counts.max()), int(len(counts) > 1))
        sums[:] = [a + b for a, b in zip(sums, more, strict=True)]
    return [Agreement(number, *sums) for number, sums in sorted(found.items())]


def _groups(rows: DedupeRows, verdicts: Verdicts, answers: Answers) -> Iterator[tuple[I64, I64]]:
    """Rows that ask one thing, two and more, with the number of each one's opinion."""
    stays = verdicts.code == KEPT
    left = np.isin(verdicts.code, (EXACT, NEAR, CONFLICT)) & (verdicts.match >= 0)
    asked = np.flatnonzero(stays | left)
    anchor = np.where(stays, np.arange(len(stays)), verdicts.match)[asked]
    order = np.argsort(anchor, kind="stable")
    edges = np.flatnonzero(np.diff(anchor[order])) + 1
    starts = np.concatenate(([0], edges))
    sizes = np.diff(np.append(starts, len(order)))
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        members = asked[order[start : start + size]]
        yield members, _opinions(rows.answer[members], answers)


def _opinions(given: I64, answers: Answers) -> I64:
    """Numbers the answers, alike ones equally; the most frequent answers are told apart first."""
    if (given == given[0]).all():
        return np.zeros(len(given), np.int64)
    distinct, inverse, counts = np.unique(given, return_inverse=True, return_counts=True)
    opinion = np.zeros(len(distinct), np.int64)
    heads: list[int] = []
    for at in np.lexsort((distinct, -counts)).tolist():
        answer = int(distinct[at])
        same = (n for n, head in enumerate(heads[:_MOST_OPINIONS]) if answers.alike(answer, head))
        number = next(same, len(heads))
        if number == len(heads):
            heads.append(answer)
        opinion[at] = number
    return opinion[inverse]
