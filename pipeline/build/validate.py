"""The third shelf: which records every asked provider format accepts.

Row for row beside the second shelf: `code` is null where a record goes on.
"""

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

from pipeline.build.progress import Progress
from pipeline.build.shelf import Shelf, ShelfManifest
from pipeline.build.tallies import add_counts
from pipeline.digests import decode_record
from pipeline.engines import Engine
from pipeline.ledger import Tally
from pipeline.stages.validate import Validate

__all__ = ["VALIDATE_SHELF", "validate"]

VALIDATE_SHELF = "3-validate"


def validate(
    shelf: Shelf, records: Shelf, stage: Validate, engine: Engine, progress: Progress
) -> ShelfManifest:
    """Ask the formats of every record."""
    if found := shelf.manifest():
        return found
    given = records.manifest()
    assert given is not None
    progress.begin("validate", sum(given.rows))
    rejected: dict[str, int] = {}
    work = engine.map(_ValidatePart(shelf, records, stage), range(len(given.rows)))
    for part, codes in enumerate(work):
        add_counts(rejected, codes)
        progress.advance(given.rows[part])
    pulled, lost = sum(given.rows), sum(rejected.values())
    tally = Tally(pulled=pulled, kept=pulled - lost, rejected=rejected, duplicates={})
    progress.end("validate", f"{tally.kept:,} accepted, {lost:,} refused")
    return shelf.commit(ShelfManifest(rows=given.rows, tally=tally))


@dataclass(frozen=True, slots=True)
class _ValidatePart:
    """Checks one part; how many records left, by code."""

    shelf: Shelf
    records: Shelf
    stage: Validate

    def __call__(self, index: int) -> dict[str, int]:
        if not self.shelf.has_part(index):
            self._make(index)
        codes = self.shelf.read_part(index, ["code"])["code"].to_pylist()
        return dict(Counter(code for code in codes if code is not None))

    def _make(self, index: int) -> None:
        table = self.records.read_part(index, ["run_id", "record_id", "record"])
        verdicts = [self.stage(decode_record(data)) for data in table["record"].to_pylist()]
        self.shelf.write_part(
            index,
            pa.table(
                {
                    "run_id": table["run_id"],
                    "record_id": table["record_id"],
                    "code": pa.array([v.code if v else None for v in verdicts], pa.string()),
                    "detail": pa.array([v.detail if v else None for v in verdicts], pa.string()),
                }
            ),
        )
