"""Stratification: an interaction of two components or more stands on every side it can.

Where the draw has left a side without any, the component next to that side moves over, unless
another interaction needs it where it is. Large interactions lack nothing, so only small ones are
ever touched. Imports only `components`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.dividing.components import I32

__all__ = ["F64", "I8", "Strata", "stratify"]

F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
_SIDES = 3
_TRAIN = 0


@dataclass(frozen=True, slots=True)
class Strata:
    """Which interactions (numbered in the order of their names) each component has records of."""

    interaction: I32
    component: I32
    """Pair by pair, each pair once, by interaction and then by component."""
    interactions: int

    @classmethod
    def of(cls, interaction: I32, component: I32, interactions: int, components: int) -> "Strata":
        """From the interaction and the component of every record that stays."""
        codes = interaction.astype(np.int64)
        codes *= max(components, 1)
        codes += component
        codes.sort()
        fresh = np.ones(len(codes), np.bool_)
        fresh[1:] = codes[1:] != codes[:-1]
        codes = codes[fresh]
        found = np.divmod(codes, max(components, 1), dtype=np.int64)
        return cls(found[0].astype(np.int32), found[1].astype(np.int32), interactions)


def stratify(side: I8, place: F64, strata: Strata, needed: tuple[int, ...]) -> I8:
    """The sides, with components moved so that interactions stand on all that are needed.

    An interaction of k components needs the first k of `needed`, if k is at least 2. `place` says
    how near a component is to the sides beyond train: the lowest is next. Components at
    infinity stay where they are.
    """
    balance = _Balance(side.copy(), place, strata, needed)
    for interaction in balance.lacking():
        balance.mend(interaction)
    return balance.side


class _Balance:
    """How many components of each interaction stand on each side, while some move."""

    def __init__(self, side: I8, place: F64, strata: Strata, needed: tuple[int, ...]) -> None:
        self.side = side
        self._place = place
        self._needed = needed
        self._count = np.zeros((strata.interactions, _SIDES), np.int64)
        np.add.at(self._count, (strata.interaction, side[strata.component]), 1)
        self._size = self._count.sum(axis=1)
        self._component = strata.component
        self._edges = np.searchsorted(strata.interaction, np.arange(strata.interactions + 1))
        self._lacking = self._which_lack()
        touched = self._in_lacking(strata)
        self._also = strata.interaction[touched]
        self._of = strata.component[touched]

    def _which_lack(self) -> NDArray[np.intp]:
        need = np.zeros_like(self._count, np.bool_)
        for at, side in enumerate(self._needed):
            need[:, side] = self._size > max(at, 1)
        return np.flatnonzero((need & (self._count == 0)).any(axis=1))

    def _in_lacking(self, strata: Strata) -> NDArray[np.intp]:
        """The pairs of all components of interactions that lack a side, by component."""
        spans = [self._members(interaction) for interaction in self._lacking.tolist()]
        mark = np.zeros(len(self.side), np.bool_)
        mark[np.concatenate([np.empty(0, np.int32), *spans])] = True
        touched = np.flatnonzero(mark[strata.component])
        return touched[np.argsort(strata.component[touched], kind="stable")]

    def lacking(self) -> list[int]:
        """Interactions that lack a side, the smallest first."""
        order = np.argsort(self._size[self._lacking], kind="stable")
        found: list[int] = self._lacking[order].tolist()
        return found

    def mend(self, interaction: int) -> None:
        """Move a component to every side that the interaction lacks, where one can."""
        for side in self._needs(interaction):
            if self._count[interaction, side] == 0:
                self._move_one(interaction, side)

    def _needs(self, interaction: int) -> tuple[int, ...]:
        size = int(self._size[interaction])
        return self._needed[:size] if size > 1 else ()

    def _move_one(self, interaction: int, side: int) -> None:
        for component in self._nearest(interaction, side):
            others = self._interactions_of(component)
            if all(self._can_spare(other, int(self.side[component])) for other in others):
                self._count[others, self.side[component]] -= 1
                self._count[others, side] += 1
                self.side[component] = side
                return

    def _nearest(self, interaction: int, side: int) -> Iterator[int]:
        """Components of the interaction that may move, the nearest to the side first."""
        members = self._members(interaction)
        members = members[np.isfinite(self._place[members])]
        place = self._place[members]
        yield from members[np.argsort(-place if side == _TRAIN else place, kind="stable")].tolist()

    def _members(self, interaction: int) -> I32:
        return self._component[self._edges[interaction] : self._edges[interaction + 1]]

    def _interactions_of(self, component: int) -> I32:
        begin, end = np.searchsorted(self._of, (component, component + 1))
        return self._also[begin:end]

    def _can_spare(self, interaction: int, side: int) -> bool:
        return side not in self._needs(interaction) or bool(self._count[interaction, side] > 1)
