"""Looking things up in a ledger of any length: columns are streamed, whole rows read one by one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.ledger import LedgerRow

__all__ = ["LedgerScan"]

_BATCH = 1 << 16


class LedgerScan:
    """One `ledger.parquet`."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        counts = [
            self._file.metadata.row_group(at).num_rows for at in range(self._file.num_row_groups)
        ]
        self._ends = np.cumsum(counts)

    def places(self, column: str, value: str) -> list[int]:
        """The numbers of the rows, from 0, that have this value there."""
        found: list[int] = []
        begin = 0
        for batch in self._file.iter_batches(_BATCH, columns=[column]):
            at = pc.indices_nonzero(pc.equal(batch.column(0), value))
            found += [begin + place for place in at.to_pylist()]
            begin += batch.num_rows
        return found

    def beginning(self, text: str, most: int) -> list[str]:
        """Run ids that begin like this, the first ones."""
        found: list[str] = []
        for batch in self._file.iter_batches(_BATCH, columns=["run_id"]):
            ids = batch.column(0)
            found += ids.filter(pc.starts_with(ids, text)).to_pylist()
            if len(found) >= most:
                break
        return found[:most]

    def row(self, place: int) -> LedgerRow:
        """A whole row."""
        return LedgerRow(**self.values([place])[0])

    def values(
        self, places: Sequence[int], columns: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Some columns of some rows, in the order of the places."""
        found: dict[int, dict[str, Any]] = {}
        groups = np.searchsorted(self._ends, places, side="right") if places else np.empty(0, int)
        for group in np.unique(groups).tolist():
            begin = int(self._ends[group - 1]) if group else 0
            here = [place for place in places if begin <= place < self._ends[group]]
            table: pa.Table = self._file.read_row_group(group, columns=columns)
            rows = table.take([place - begin for place in here]).to_pylist()
            found |= dict(zip(here, rows, strict=True))
        return [found[place] for place in places]
