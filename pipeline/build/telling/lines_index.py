"""Which line of the dataset is which run, from the formats' `lines.parquet`."""

import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from pipeline.build.result import BuildResult

__all__ = ["LineRef", "find_lines"]

_BATCH = 1 << 16


class LineRef(Struct, frozen=True):
    """Where a kept run stands in the dataset."""

    file: str
    line: int
    """From 1."""


def find_lines(build: BuildResult, run_id: str) -> tuple[LineRef, ...]:
    """The run's line in every format; none for a run that left."""
    found: list[LineRef] = []
    for file in build.manifest.files:
        if not file.path.endswith("lines.parquet"):
            continue
        folder = file.path.removesuffix("lines.parquet")
        table = pq.ParquetFile(build.dataset / file.path)
        for batch in table.iter_batches(_BATCH, columns=["split", "line", "run_id"]):
            rows = batch.filter(pc.equal(batch.column("run_id"), run_id)).to_pylist()
            found += [LineRef(f"{folder}{row['split']}.jsonl", row["line"]) for row in rows]
    return tuple(found)
