"""What a join is asked and what it finds. Imports `jaccard` and `shingles`."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.stages.alike.jaccard import F64, SetReader
from pipeline.stages.alike.shingles import I64

__all__ = ["AlsoAlike", "Found", "Join"]


@dataclass(frozen=True, slots=True)
class AlsoAlike:
    """A second pair of sets that must be alike as well: the answers, beside the inputs."""

    sets: SetReader
    threshold: float

    def only(self, rows: I64) -> "AlsoAlike":
        """The same for these rows, numbered anew."""
        return AlsoAlike(self.sets.only(rows), self.threshold)


@dataclass(frozen=True, slots=True)
class Found:
    """What a join found."""

    left: I64
    right: I64
    similarity: F64
    """Of the pairs at or above the threshold."""
    highest: float | None
    """Over all pairs that were computed."""
    examined: int

    @classmethod
    def merged(cls, found: Iterable["Found"], most: int | None = None) -> "Found":
        """All of them, or as many as come before more than `most` pairs are found."""
        parts: list[Found] = []
        count = 0
        for part in found:
            parts.append(part)
            count += len(part.left)
            if most is not None and count > most:
                break
        empty = np.empty(0, np.int64)
        highest = [part.highest for part in parts if part.highest is not None]
        return cls(
            left=np.concatenate([empty, *(part.left for part in parts)]),
            right=np.concatenate([empty, *(part.right for part in parts)]),
            similarity=np.concatenate([empty.astype(float), *(part.similarity for part in parts)]),
            highest=max(highest, default=None),
            examined=sum(part.examined for part in parts),
        )


@dataclass(frozen=True, slots=True)
class Join:
    """A join over the rows of some sets."""

    sets: SetReader
    threshold: float
    group: I64 | None = None
    """Only rows of one group are compared; without any, all are."""
    also: AlsoAlike | None = None
    most: int | None = None
    """So many pairs are enough to know; None asks for all."""

    def only(self, rows: I64) -> "Join":
        """The same over these rows, numbered anew."""
        group = None if self.group is None else self.group[rows]
        also = None if self.also is None else self.also.only(rows)
        return Join(self.sets.only(rows), self.threshold, group, also, self.most)
