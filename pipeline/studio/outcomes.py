"""What a build came to, kept for the page: its work folder goes, its counts and reasons stay.

Bounded: the codes are a closed list, a code has a few samples, a session its last builds. Imports
the nouns, and of the build room the ledger's name.
"""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Row, delete, insert, select

from pipeline.manifest import read_manifest
from pipeline.studio.clock import fresh_id, now_ms
from pipeline.studio.database import Database
from pipeline.studio.tables import builds

__all__ = ["Outcome", "Sample", "keep_outcome", "outcome_of", "read_outcome"]

_SAMPLES = 10
_SENTENCE = 500
_BUILDS = 20
_COLUMNS = ["run_id", "outcome", "code", "detail", "matched_run_id"]


class Sample(Struct, frozen=True):
    """A run that left."""

    run_id: str
    code: str
    detail: str | None = None
    matched_run_id: str | None = None


class Outcome(Struct, frozen=True, omit_defaults=True):
    """A build's counts; `pulled = kept + rejected + duplicates`."""

    refused: str | None = None
    """Why there is no dataset; there are no counts then."""
    pulled: int = 0
    kept: int = 0
    rejected: dict[str, int] = {}
    """Count by code."""
    duplicates: dict[str, int] = {}
    splits: dict[str, int] = {}
    """Records by split."""
    tokens: dict[str, int] = {}
    """Training tokens by split."""
    samples: tuple[Sample, ...] = ()
    """The first runs that left with each code."""


_DECODER = msgspec.json.Decoder(Outcome)


def outcome_of(train: Path) -> Outcome | None:
    """The outcome of the build that a training file lies in; None where it is no build's."""
    from pipeline.build.ledger_file import LEDGER  # noqa: PLC0415 (the build room: only when built)

    dataset = train.parent.parent
    ledger = dataset.with_name(LEDGER)
    if not ledger.is_file():
        return None
    manifest = read_manifest(dataset)
    return Outcome(
        pulled=manifest.tally.pulled,
        kept=manifest.tally.kept,
        rejected=manifest.tally.rejected,
        duplicates=manifest.tally.duplicates,
        splits=manifest.splits,
        tokens=manifest.tokens,
        samples=tuple(_samples(ledger)),
    )


def keep_outcome(database: Database, session: str, dataset: str | None, outcome: Outcome) -> None:
    """Write it down; the oldest builds of the session go."""
    row = {
        "id": fresh_id(),
        "session": session,
        "dataset": dataset,
        "ended": now_ms(),
        "outcome": msgspec.json.encode(outcome),
    }
    last = (
        select(builds.c.id)
        .where(builds.c.session == session)
        .order_by(builds.c.ended.desc(), builds.c.id)
        .limit(_BUILDS)
    )
    with database.write(of=session) as connection:
        connection.execute(insert(builds).values(row))
        kept = connection.execute(last).scalars().all()
        connection.execute(
            delete(builds).where(builds.c.session == session, builds.c.id.not_in(kept))
        )


def read_outcome(row: Row[Any]) -> Outcome:
    """The outcome of a row of `builds`."""
    return _DECODER.decode(row.outcome)


def _samples(ledger: Path) -> list[Sample]:
    import pyarrow.parquet as pq  # noqa: PLC0415 (only when built)

    found: list[Sample] = []
    had: dict[str, int] = {}
    for batch in pq.ParquetFile(ledger).iter_batches(columns=_COLUMNS):
        for row in batch.to_pylist():
            code = row["code"]
            if row["outcome"] == "kept" or code is None or had.get(code, 0) == _SAMPLES:
                continue
            had[code] = had.get(code, 0) + 1
            detail = row["detail"] and row["detail"][:_SENTENCE]
            found.append(Sample(row["run_id"], code, detail, row["matched_run_id"]))
    return found
