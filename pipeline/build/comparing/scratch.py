"""Sets of shingles on the disk: written part by part by workers, read back row by row.

Scratch is always local and always made again; only shelves survive a kill.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.alike.shingles import I64, U64, ShingleSets

__all__ = ["BandFiles", "FileSets", "write_bands", "write_sets"]

_ITEM = 8
_CHOSEN = "bands-rows.i64"
I32 = NDArray[np.int32]


def write_sets(folder: Path, kind: str, part: int, sets: ShingleSets) -> I64:
    """Write one part's sets; how many values each has."""
    sets.values.tofile(folder / f"{kind}-{part:05d}.u64")
    return sets.sizes


def write_bands(folder: Path, part: int, keys: U64) -> None:
    """Write one part's band keys, shape (rows, bands), band after band."""
    np.ascontiguousarray(keys.T).tofile(folder / f"bands-{part:05d}.u64")


@dataclass(frozen=True, slots=True)
class FileSets:
    """The sets of chosen rows over all parts: a `SetReader` that holds only sizes and places."""

    folder: Path
    kind: str
    sizes: I64
    part: I32
    start: I32
    """Where the row's values begin in its part's file, in values."""

    @classmethod
    def over(cls, folder: Path, kind: str, sizes_of_part: Sequence[I64]) -> "FileSets":
        """All rows of all parts, in order."""
        starts = [(np.cumsum(sizes) - sizes).astype(np.int32) for sizes in sizes_of_part]
        counts = [len(sizes) for sizes in sizes_of_part]
        parts = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        sizes = np.concatenate([np.empty(0, np.int64), *sizes_of_part], dtype=np.int64)
        return cls(folder, kind, sizes, parts, np.concatenate([np.empty(0, np.int32), *starts]))

    def only(self, rows: I64) -> "FileSets":
        """The sets of these rows, numbered anew from 0."""
        return FileSets(self.folder, self.kind, self.sizes[rows], self.part[rows], self.start[rows])

    def take(self, rows: I64, lengths: I64 | None = None) -> ShingleSets:
        """The sets of these rows, in this order, or the first values of each, from the disk."""
        sizes = self.sizes[rows] if lengths is None else lengths
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        values = np.empty(int(offsets[-1]), np.uint64)
        view = values.data.cast("B")
        order = np.argsort(self.part[rows], kind="stable")
        parts, begins = np.unique(self.part[rows][order], return_index=True)
        for part, places in zip(parts.tolist(), np.split(order, begins[1:]), strict=True):
            spans = (offsets[places], self.start[rows[places]], sizes[places])
            self._read(part, spans, view)
        return ShingleSets(values, offsets)

    def _read(self, part: int, spans: tuple[I64, I32, I64], view: memoryview) -> None:
        descriptor = os.open(self.folder / f"{self.kind}-{part:05d}.u64", os.O_RDONLY)
        try:
            for target, start, size in zip(*(span.tolist() for span in spans), strict=True):
                target_bytes = view[target * _ITEM : (target + size) * _ITEM]
                os.preadv(descriptor, [target_bytes], start * _ITEM)
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class BandFiles:
    """The band keys of chosen rows, one band at a time: a `BandKeys`."""

    folder: Path
    counts: Sequence[int]
    """Rows of every part."""
    bands: int
    rows: int
    """How many are chosen."""

    @classmethod
    def over(cls, folder: Path, counts: Sequence[int], bands: int, chosen: I64) -> "BandFiles":
        """The keys of these rows, whose numbers are laid beside the keys."""
        chosen.astype(np.int64).tofile(folder / _CHOSEN)
        return cls(folder, counts, bands, len(chosen))

    def __len__(self) -> int:
        return self.rows

    def band(self, number: int) -> U64:
        """The key of every chosen row in one band."""
        columns = [self._column(part, number, size) for part, size in enumerate(self.counts)]
        return np.concatenate(columns)[np.fromfile(self.folder / _CHOSEN, np.int64)]

    def _column(self, part: int, band: int, size: int) -> U64:
        path = self.folder / f"bands-{part:05d}.u64"
        return np.fromfile(path, np.uint64, count=size, offset=band * size * _ITEM)
