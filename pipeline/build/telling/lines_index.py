"""Which line of the dataset is which run, from the formats' `lines.parquet`."""

from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from pipeline.build.result import BuildResult
from pipeline.formats import get_format

__all__ = ["LineRef", "find_lines"]

_BATCH = 1 << 16
_SIDES = ("run_id", "rejected_run_id")


class LineRef(Struct, frozen=True):
    """Where a run stands in the dataset."""

    file: str
    line: int
    """From 1."""
    rejected: bool = False
    """It is the run of a preference whose answer was not preferred."""


def find_lines(build: BuildResult, run_id: str) -> tuple[LineRef, ...]:
    """The run's lines in every format; one that left has those of preferences alone."""
    found: list[LineRef] = []
    for file in build.manifest.files:
        if not file.path.endswith("lines.parquet"):
            continue
        folder = file.path.removesuffix("lines.parquet")
        table = pq.ParquetFile(build.dataset / file.path)
        sides = [name for name in _SIDES if name in table.schema_arrow.names]
        for batch in table.iter_batches(_BATCH, columns=["split", "line", *sides]):
            for side in sides:
                rows = batch.filter(pc.equal(batch.column(side), run_id)).to_pylist()
                found += [_ref(folder, row, side) for row in rows]
    return tuple(found)


def _ref(folder: str, row: dict[str, Any], side: str) -> LineRef:
    form = get_format(folder.rstrip("/"))
    file = f"{folder}{row['split']}{form.file_suffix}"
    return LineRef(file, row["line"], rejected=side == "rejected_run_id")
