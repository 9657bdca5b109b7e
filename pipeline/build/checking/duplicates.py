"""Lines that are in a file twice, by 8 bytes a line, as far as memory is to go.

Imports nothing of the other rooms.
"""

from collections.abc import Iterable

import numpy as np

from pipeline.build.checking.batches import BLANK_HASH
from pipeline.build.checking.result import FoundAt

__all__ = ["MOST", "Duplicates"]

MOST = 2_000_000
"""Lines that are compared: 16 MB, and some 50 at the end."""
_SHOWN = 5


class Duplicates:
    """Gathers the lines' digests, and says which lines repeat an earlier one."""

    def __init__(self) -> None:
        self._hashes = bytearray()
        self._numbers: list[int] | None = None

    def add(self, hashes: Iterable[bytes], numbers: Iterable[int] | None) -> None:
        """The next lines; their numbers, where they are not those that follow."""
        room = MOST * 8 - len(self._hashes)
        self._hashes += b"".join(hashes)[:room]
        if numbers is not None:
            self._numbers = [*(self._numbers or ()), *numbers][:MOST]

    def found(self) -> tuple[int, tuple[FoundAt, ...]]:
        """How many lines repeat an earlier one, and the first of them."""
        hashes = np.frombuffer(self._hashes, np.uint64)
        order = np.argsort(hashes, kind="stable")
        ranked = hashes[order]
        same = np.flatnonzero(ranked[1:] == ranked[:-1]) + 1
        same = same[ranked[same] != np.frombuffer(BLANK_HASH, np.uint64)[0]]
        again = np.sort(order[same])[:_SHOWN]
        return len(same), tuple(self._told(int(at), hashes) for at in again)

    def _told(self, at: int, hashes: "np.ndarray[tuple[int], np.dtype[np.uint64]]") -> FoundAt:
        first = int(np.flatnonzero(hashes == hashes[at])[0])
        return FoundAt(self._number(at), "", f"is line {self._number(first):,} again")

    def _number(self, at: int) -> int:
        return at + 1 if self._numbers is None else self._numbers[at]
