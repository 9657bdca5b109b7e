"""From alike inputs to verdicts: the policies, and the crowd whose pairs are not listed.

A crowd (`crowds`) is compared with its leaders only, so what `decide` sees of it is not all. So
those of it that stay are compared again, until no two of them are alike. Imports `dedupe`,
`crowds`, `votes`.
"""

from dataclasses import dataclass, replace

import msgspec
import numpy as np

from pipeline.spec import DedupeSpec
from pipeline.stages.alike.crowds import lead
from pipeline.stages.alike.jaccard import Mapper, SetReader, jaccard_of_pairs
from pipeline.stages.alike.join import AlsoAlike, Join, within
from pipeline.stages.alike.neighbours import Pairs
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dedupe.answers import Answers
from pipeline.stages.dedupe.deciding import KEPT, DedupeRows, Verdicts, decide
from pipeline.stages.dedupe.votes import Agreement, agreement, count_votes

__all__ = ["Compared", "settle"]

_SAMPLE = 256


@dataclass(frozen=True, slots=True)
class Compared:
    """What is known of the distinct inputs and answers."""

    inputs: SetReader
    answers: SetReader
    pairs: Pairs
    """Inputs at or above the threshold."""
    crowd: I64
    """Inputs whose pairs are not all listed."""


def settle(
    rows: DedupeRows, compared: Compared, spec: DedupeSpec, run: Mapper = map
) -> tuple[Verdicts, list[Agreement]]:
    """The verdict of every row, and how far the answers to one input agree."""
    settling = _Settling(rows, compared, Answers(compared.answers, spec.answer_threshold), run)
    plain = spec.conflicts in ("best", "pairs")
    best = settling(spec if plain else msgspec.structs.replace(spec, conflicts="best"))
    told = agreement(rows, best, settling.answers)
    if plain:
        return best, told
    if spec.conflicts == "majority":
        votes = count_votes(rows, best, settling.answers)
        order = np.lexsort((np.argsort(rows.priority), -votes))
        settling = replace(settling, rows=replace(rows, priority=order))
    return settling(spec), told


@dataclass(frozen=True, slots=True)
class _Settling:
    rows: DedupeRows
    compared: Compared
    answers: Answers
    run: Mapper

    def __call__(self, spec: DedupeSpec) -> Verdicts:
        crowded = np.zeros(len(self.compared.inputs.sizes), np.bool_)
        crowded[self.compared.crowd] = spec.near
        crowd = np.flatnonzero(crowded[self.rows.input])
        pairs = self.compared.pairs | self._lead(crowd, spec)
        while True:
            verdicts = decide(self.rows, pairs, self.answers, spec)
            staying = crowd[verdicts.code[crowd] == KEPT]
            more = pairs | self._lead(staying, spec)
            if len(more) == len(pairs):
                return verdicts
            pairs = more

    def _lead(self, crowd: I64, spec: DedupeSpec) -> Pairs:
        """Pairs of the inputs of these rows with those of their leaders."""
        items = self._items(crowd, spec)
        if not len(items):
            return Pairs.none()
        join = self._join(items, spec)
        found = lead(join, np.arange(len(items)), spec.best_of, self.run)
        one, other = self.rows.input[items[found.left]], self.rows.input[items[found.right]]
        one, other = one[one != other], other[one != other]
        return Pairs.of(one, other, jaccard_of_pairs(self.compared.inputs, one, other))

    def _items(self, crowd: I64, spec: DedupeSpec) -> I64:
        """Of the rows that the policy takes for one the first to stay; in that order."""
        rank = np.argsort(self.rows.priority)
        items = crowd[np.argsort(rank[crowd])]
        keys = [self.rows.interaction[items], self.rows.input[items]]
        if spec.conflicts == "keep":
            keys.append(self.rows.answer[items])
        _, first = np.unique(np.stack(keys), axis=1, return_index=True)
        return items[np.sort(first)]

    def _join(self, items: I64, spec: DedupeSpec) -> Join:
        """Alike by input; where conflicts stay, by both, beginning with what tells more apart."""
        group = self.rows.interaction[items]
        inputs = self.compared.inputs.only(self.rows.input[items])
        by_input = Join(inputs, spec.threshold, group)
        if spec.conflicts != "keep":
            return by_input
        answers = self.compared.answers.only(self.rows.answer[items])
        by_answer = Join(answers, spec.answer_threshold, group)
        sample = np.linspace(0, len(items) - 1, min(_SAMPLE, len(items))).astype(np.int64)
        if len(within(by_input, sample).left) <= len(within(by_answer, sample).left):
            return replace(by_input, also=AlsoAlike(answers, spec.answer_threshold))
        return replace(by_answer, also=AlsoAlike(inputs, spec.threshold))
