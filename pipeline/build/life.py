"""What became of one run, told from the ledger and the shelves."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from pipeline.build.ledger_file import LEDGER
from pipeline.build.result import BuildResult
from pipeline.errors import NotFound
from pipeline.ledger import LedgerRow

__all__ = ["LineRef", "RunLife", "explain_run"]

_CLOSE = 5


class LineRef(Struct, frozen=True):
    """Where a kept run stands in the dataset."""

    file: str
    line: int
    """From 1."""


class RunLife(Struct, frozen=True):
    """One pulled run's way; a run id that came more than once has several."""

    row: LedgerRow
    lines: tuple[LineRef, ...]
    duplicates: tuple[str, ...]
    """Runs that left because this one stays (duplicates and conflicts)."""


def explain_run(build: BuildResult, run_id: str) -> list[RunLife]:
    """Every row of the ledger with that run id; `NotFound` names ids that begin alike."""
    ledger = pq.read_table(build.path / LEDGER)
    rows = ledger.filter(pc.equal(ledger["run_id"], run_id)).to_pylist()
    if not rows:
        raise NotFound(_unknown(build, ledger, run_id))
    matched = ledger.filter(pc.equal(ledger["matched_run_id"], run_id))["run_id"].to_pylist()
    lines = _lines(build, run_id)
    return [
        RunLife(
            row=LedgerRow(**row),
            lines=lines if row["outcome"] == "kept" else (),
            duplicates=tuple(sorted(matched)) if row["outcome"] == "kept" else (),
        )
        for row in rows
    ]


def _lines(build: BuildResult, run_id: str) -> tuple[LineRef, ...]:
    found: list[LineRef] = []
    for file in build.manifest.files:
        if file.path.endswith("lines.parquet"):
            table = pq.read_table(build.dataset / file.path)
            folder = file.path.removesuffix("lines.parquet")
            rows = table.filter(pc.equal(table["run_id"], run_id)).to_pylist()
            found += [LineRef(f"{folder}{row['split']}.jsonl", row["line"]) for row in rows]
    return tuple(found)


def _unknown(build: BuildResult, ledger: pa.Table, run_id: str) -> str:
    alike = pc.starts_with(ledger["run_id"], run_id[:_CLOSE])
    close = ledger.filter(alike)["run_id"].to_pylist()[:_CLOSE]
    hint = f"; ids that begin like it: {', '.join(close)}" if close else ""
    return f"build {build.build_id}: no run {run_id} was pulled{hint}"
