"""The third shelf: which records every asked provider format accepts.

Row for row beside the second shelf: `code` is null where a record goes on.
"""

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

from pipeline.build.progress import Progress
from pipeline.build.shelf import Shelf, ShelfManifest
from pipeline.build.spill import Spill
from pipeline.build.tallies import add_counts
from pipeline.digests import decode_record
from pipeline.engines import Engine
from pipeline.ledger import Tally
from pipeline.records import ChatRecord, Rejected
from pipeline.stages.validate import Validate

__all__ = ["CheckPart", "validate"]


def validate(
    check: "CheckPart", records: Shelf, engine: Engine, progress: Progress
) -> ShelfManifest:
    """Ask the formats of every record; parts were made with the records, unless one is torn."""
    if found := check.shelf.manifest():
        return found
    given = records.manifest()
    assert given is not None
    progress.begin("validate", sum(given.rows))
    rejected: dict[str, int] = {}
    work = engine.map(check, range(len(given.rows)))
    for part, codes in enumerate(work):
        add_counts(rejected, codes)
        progress.advance(given.rows[part])
    pulled, lost = sum(given.rows), sum(rejected.values())
    tally = Tally(pulled=pulled, kept=pulled - lost, rejected=rejected, duplicates={})
    progress.end("validate", f"{tally.kept:,} accepted, {lost:,} refused")
    return check.shelf.commit(ShelfManifest(rows=given.rows, tally=tally))


@dataclass(frozen=True, slots=True)
class CheckPart:
    """Checks the records of one part."""

    shelf: Shelf
    stage: Validate
    spill: Spill

    def write(self, index: int, run_ids: list[str], records: list[ChatRecord]) -> None:
        """Make part `index` from its records, and lay their lines aside."""
        verdicts = [self.stage(record) for record in records]
        refused = [verdict if isinstance(verdict, Rejected) else None for verdict in verdicts]
        for at, form in enumerate(self.stage.formats):
            lines = [
                b"" if isinstance(verdict, Rejected) else verdict.lines[at] + b"\n"
                for verdict in verdicts
            ]
            self.spill.write_lines(form.name, index, lines)
        columns = {
            "run_id": run_ids,
            "code": [one.code if one else None for one in refused],
            "detail": [one.detail if one else None for one in refused],
        }
        arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
        rewritten = [None if isinstance(one, Rejected) else one.rewritten for one in verdicts]
        arrays["rewritten"] = pa.array(rewritten, pa.list_(pa.string()))
        self.shelf.write_part(index, pa.table(arrays))

    def __call__(self, index: int) -> dict[str, int]:
        """How many records of part `index` were refused, by code."""
        if not self.shelf.has_part(index):
            table = self.spill.records.read_part(index, ["run_id", "record"])
            records = [decode_record(data) for data in table["record"].to_pylist()]
            self.write(index, table["run_id"].to_pylist(), records)
        codes = self.shelf.read_part(index, ["code"])["code"].to_pylist()
        return dict(Counter(code for code in codes if code is not None))
