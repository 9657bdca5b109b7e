"""Which answers are alike, asked one by one while rows are decided.

Equal answers have one number, so most questions are answered by it. Where rows with very many
different answers stay beside one input, a sketch finds the few that are worth comparing. Imports
`jaccard` and `candidates`.
"""

from collections.abc import Iterator

import numpy as np

from pipeline.stages.alike.candidates import Banding, band_keys
from pipeline.stages.alike.jaccard import SetReader

__all__ = ["Answers", "Staying"]

_MANY = 32
"""Different answers from which on a sketch chooses which to compare."""


class Answers:
    """The sets of the distinct answers, and what was asked of them before."""

    def __init__(self, sets: SetReader, threshold: float) -> None:
        self._sets, self._threshold = sets, threshold
        self._banding = Banding.of(threshold)
        self._known: dict[tuple[int, int], bool] = {}

    def alike(self, one: int, two: int) -> bool:
        """Whether two answers (by number) reach the threshold."""
        if one == two:
            return True
        key = (min(one, two), max(one, two))
        if key not in self._known:
            self._known[key] = self._compare(key)
        return self._known[key]

    def keys(self, answer: int) -> list[int]:
        """The answer's sketch: one key a band."""
        keys: list[int] = (
            band_keys(self._sets.take(np.array([answer])), self._banding).ravel().tolist()
        )
        return keys

    def _compare(self, key: tuple[int, int]) -> bool:
        small, large = sorted(self._sets.sizes[list(key)].tolist())
        if small < self._threshold * large:
            return False
        sets = self._sets.take(np.array(key, np.int64))
        a, b = np.split(sets.values, sets.offsets[1:2])
        shared = len(np.intersect1d(a, b, assume_unique=True))
        return bool(shared >= self._threshold * (len(a) + len(b) - shared))


class Staying:
    """Rows that stay with one input, by their answers."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._rows: dict[int, list[int]] = {}
        """By answer, the first to stay first."""
        self._sketch: dict[tuple[int, int], list[int]] | None = None
        """By band and key the answers that have it."""

    def add(self, row: int, answer: int) -> None:
        """From now on this row stays."""
        known = answer in self._rows
        self._rows.setdefault(answer, []).append(row)
        if known or len(self._rows) <= _MANY:
            return
        if self._sketch is None:
            self._sketch = {}
            for one in self._rows:
                self._index(one, self._sketch)
        else:
            self._index(answer, self._sketch)

    def alike(self, answer: int) -> Iterator[int]:
        """The rows whose answers are alike to this one."""
        for other in self._near(answer):
            if self._answers.alike(answer, other):
                yield from self._rows[other]

    def other(self, answer: int, row: int) -> int | None:
        """The first row, not this one, whose answer is not alike; None where there is none."""
        for other, rows in self._rows.items():
            if rows[0] != row and not self._answers.alike(answer, other):
                return rows[0]
        return None

    def _near(self, answer: int) -> Iterator[int]:
        """Answers that may be alike."""
        if self._sketch is None:
            yield from self._rows
            return
        places = enumerate(self._answers.keys(answer))
        found = {one for place in places for one in self._sketch.get(place, ())}
        yield from sorted(found | ({answer} & self._rows.keys()))

    def _index(self, answer: int, sketch: dict[tuple[int, int], list[int]]) -> None:
        for place in enumerate(self._answers.keys(answer)):
            sketch.setdefault(place, []).append(answer)
