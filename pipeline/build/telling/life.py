"""What became of one run, told from the ledger and the shelves: where it came from and went.

Quick on any number of runs: single columns of the ledger are streamed, of the shelves only the
parts that hold the run and the one that it is alike to are read.
"""

from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from pipeline.build.comparing.keys import compared_texts
from pipeline.build.comparing.learned import kept_templates
from pipeline.build.ledger_file import LEDGER, Shelves
from pipeline.build.result import BuildResult
from pipeline.build.shelf import Shelf
from pipeline.build.telling.ledger_scan import LedgerScan
from pipeline.build.telling.lines_index import LineRef, find_lines
from pipeline.errors import NotFound
from pipeline.ledger import LedgerRow
from pipeline.stages.alike.jaccard import jaccard_of_pairs
from pipeline.stages.alike.shingles import shingle_sets
from pipeline.stages.wording import Piece, differing_words
from pipeline.storage import LocalStore

__all__ = [
    "Likeness",
    "LineRef",
    "Members",
    "Piece",
    "PulledRun",
    "RecordFacts",
    "RunLife",
    "explain_run",
]

_CLOSE = 5
_SHOWN = 20


class PulledRun(Struct, frozen=True):
    """The run as it came."""

    part: str
    """The file of the first shelf that holds it."""
    status: str | None
    model: str | None
    environment: str | None
    created_at: str | None
    updated_at: str | None
    bytes: int | None
    """Length of its document; None where the source no longer had it."""


class RecordFacts(Struct, frozen=True):
    """The record that it became."""

    part: str
    record_id: str
    messages: int
    input_chars: int
    answer_chars: int
    tools: tuple[str, ...]
    score: float | None


class Likeness(Struct, frozen=True):
    """How alike the run is to the one that it left for."""

    run_id: str
    code: str | None
    """Why that one left itself; None where it stays."""
    input_similarity: float | None
    """Computed anew; the ledger's stands in the row."""
    answer_similarity: float | None
    input_words: tuple[Piece, ...]
    """The variable inputs: `left` are words of this run alone, `right` of the other."""
    answer_words: tuple[Piece, ...]


class Members(Struct, frozen=True):
    """The runs of a component."""

    name: str
    count: int
    first: tuple[str, ...]


class RunLife(Struct, frozen=True):
    """One pulled run's way; a run id that came more than once has several."""

    row: LedgerRow
    lines: tuple[LineRef, ...]
    duplicates: tuple[str, ...]
    """Runs that left because this one stays (duplicates and conflicts), the first by id."""
    duplicates_count: int = 0
    pulled: PulledRun | None = None
    record: RecordFacts | None = None
    likeness: Likeness | None = None
    component: Members | None = None


def explain_run(build: BuildResult, run_id: str) -> list[RunLife]:
    """Every row of the ledger with that run id; `NotFound` names ids that begin alike."""
    ledger = LedgerScan(build.path / LEDGER)
    places = ledger.places("run_id", run_id)
    if not places:
        raise NotFound(_unknown(build, ledger, run_id))
    shelves = Shelves(LocalStore(build.path))
    named = ledger.values(ledger.places("matched_run_id", run_id), ["run_id"])
    left_for_it = sorted({row["run_id"] for row in named} - {run_id})
    lines = find_lines(build, run_id)
    lives = []
    for place in places:
        row = ledger.row(place)
        kept = row.outcome == "kept"
        lives.append(
            RunLife(
                row=row,
                lines=tuple(line for line in lines if line.rejected != kept),
                duplicates=tuple(left_for_it[:_SHOWN]) if kept else (),
                duplicates_count=len(left_for_it) if kept else 0,
                pulled=_pulled(shelves, _Place.of(shelves, place), run_id),
                record=_record(shelves, _Place.of(shelves, place), run_id),
                likeness=_likeness(shelves, ledger, place, row),
                component=_members(ledger, row),
            )
        )
    return lives


class _Place(Struct, frozen=True):
    """Where a row of the ledger comes from: a part, and a place among its rows there."""

    part: int
    offset: int
    rejected: int
    """How many runs of the part became no record; they come first."""

    @classmethod
    def of(cls, shelves: Shelves, place: int) -> "_Place | None":
        """None where the shelves are not there any more."""
        manifest = shelves.pulled.manifest()
        if manifest is None:
            return None
        ends = np.cumsum(manifest.rows)
        part = int(np.searchsorted(ends, place, side="right"))
        if part >= len(ends) or not shelves.records.has_part(part, "rejected"):
            return None
        begin = int(ends[part - 1]) if part else 0
        return cls(part, place - begin, shelves.records.part_rows(part, "rejected"))

    @property
    def record(self) -> int | None:
        """The row of the second shelf's part; None where the run became no record."""
        return self.offset - self.rejected if self.offset >= self.rejected else None


def _pulled(shelves: Shelves, place: _Place | None, run_id: str) -> PulledRun | None:
    if place is None or not shelves.pulled.has_part(place.part):
        return None
    ids = shelves.pulled.read_part(place.part, ["run_id"])["run_id"].to_pylist()
    if run_id not in ids:
        return None
    row = shelves.pulled.read_part(place.part).slice(ids.index(run_id), 1).to_pylist()[0]
    raw = row["raw"]
    return PulledRun(
        part=_file(shelves.pulled, place.part),
        **{name: row[name] for name in ("status", "model", "environment")},
        **{name: row[name] for name in ("created_at", "updated_at")},
        bytes=None if raw is None else len(raw),
    )


def _record(shelves: Shelves, place: _Place | None, run_id: str) -> RecordFacts | None:
    row = None if place is None else _record_row(shelves.records, place, run_id)
    if place is None or row is None:
        return None
    return RecordFacts(
        part=_file(shelves.records, place.part),
        record_id=row["record_id"],
        messages=len(row["messages"]),
        tools=tuple(row["tools"] or ()),
        **{name: row[name] for name in ("input_chars", "answer_chars", "score")},
    )


_SHOWN_COLUMNS = (
    "run_id", "record_id", "messages", "tools", "input_chars", "answer_chars", "score",
)  # fmt: skip


def _record_row(records: Shelf, place: _Place, run_id: str) -> dict[str, Any] | None:
    if place.record is None or not records.has_part(place.part):
        return None
    table = records.read_part(place.part, list(_SHOWN_COLUMNS)).slice(place.record, 1)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows[0] if rows and rows[0]["run_id"] == run_id else None


def _likeness(shelves: Shelves, ledger: LedgerScan, place: int, row: LedgerRow) -> Likeness | None:
    """What it matched and how much; None where it names no run of this build."""
    if row.matched_run_id is None:
        return None
    others = [one for one in ledger.places("run_id", row.matched_run_id) if one != place]
    rows = {one: ledger.row(one) for one in others[:_SHOWN]}
    best = min(rows, key=lambda one: (rows[one].outcome != "kept", one), default=None)
    if best is None:
        return None
    mine, its = _texts(shelves, place), _texts(shelves, best)
    if mine is None or its is None:
        return Likeness(row.matched_run_id, rows[best].code, None, None, (), ())
    return Likeness(
        run_id=row.matched_run_id,
        code=rows[best].code,
        input_similarity=_similarity(mine[0], its[0]),
        answer_similarity=_similarity(mine[1], its[1]),
        input_words=differing_words(mine[0], its[0]),
        answer_words=differing_words(mine[1], its[1]),
    )


def _texts(shelves: Shelves, place: int) -> tuple[str, str] | None:
    """The variable input and the answer of a row of the ledger."""
    at = _Place.of(shelves, place)
    if at is None or at.record is None or not shelves.records.has_part(at.part):
        return None
    templates = kept_templates(shelves.records.store)
    return compared_texts(shelves.records, at.part, np.array([at.record]), templates)[0]


def _similarity(one: str, other: str) -> float:
    sets = shingle_sets([one, other])
    return float(jaccard_of_pairs(sets, np.array([0]), np.array([1]))[0])


def _members(ledger: LedgerScan, row: LedgerRow) -> Members | None:
    if row.component is None:
        return None
    places = ledger.places("component", row.component)
    first = ledger.values(places[:_SHOWN], ["run_id"])
    return Members(row.component, len(places), tuple(one["run_id"] for one in first))


def _file(shelf: Shelf, part: int) -> str:
    return str(Path(shelf.name) / f"part-{part:05d}.parquet")


def _unknown(build: BuildResult, ledger: LedgerScan, run_id: str) -> str:
    close = ledger.beginning(run_id[:_CLOSE], _CLOSE)
    hint = f"; ids that begin like it: {', '.join(close)}" if close else ""
    return f"build {build.build_id}: no run {run_id} was pulled{hint}"
