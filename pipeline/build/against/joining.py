"""Two lots of sets on the disk held against one another, in tasks for the workers."""

import numpy as np

from pipeline.build.comparing.scratch import FileSets
from pipeline.stages.against.joining import HoldJoin, JoinedSets, Pairs, spans
from pipeline.stages.alike.jaccard import Mapper
from pipeline.stages.alike.join import Join, across

__all__ = ["pairs_alike", "pairs_held"]

_BLOCK = 2 << 20
"""About how many 5-grams a task indexes."""
_RANGE = 32 << 20
"""About how many it looks up."""


def pairs_alike(one: FileSets, other: FileSets, threshold: float, run: Mapper) -> Pairs:
    """Every pair of a set of each lot that is alike."""
    if len(other.sizes) > len(one.sizes):
        swapped = pairs_alike(other, one, threshold, run)
        return Pairs(swapped.other, swapped.one, swapped.similarity)
    count = len(other.sizes)
    join = Join(JoinedSets(other, one), threshold)
    found = across(join, np.arange(count), np.arange(len(one.sizes)) + count, run)
    return Pairs(found.left - count, found.right, found.similarity)


def pairs_held(texts: FileSets, items: FileSets, share: float, run: Mapper) -> Pairs:
    """Every pair of a text (`one`) and an item of whose 5-grams it has at least the share."""
    hold = HoldJoin(share)
    cuts = [
        (block, span)
        for block in spans(hold.indexed(items.sizes), _BLOCK)
        for span in spans(texts.sizes, _RANGE)
    ]
    tasks = ((items.only(np.arange(*b)), texts.only(np.arange(*s))) for b, s in cuts)
    found = zip(cuts, run(hold, tasks), strict=True)
    return Pairs.merged(
        [
            Pairs(pairs.one + span[0], pairs.other + block[0], pairs.similarity)
            for (block, span), pairs in found
        ]
    )
