"""The fourth shelf: who stays, who is a duplicate of whom, and which inputs are alike.

Row for row beside the second shelf: `code` is null where a record goes on. What the split needs
besides (which inputs are alike, what ties rows together) is handed on in `Alikeness`.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.build.against.outside import Outside
from pipeline.build.comparing.conflicts import named_agreement, write_preferences
from pipeline.build.comparing.keys import AllKeys, KeysPart, Templates
from pipeline.build.comparing.learn import learn
from pipeline.build.comparing.learned import keep_templates
from pipeline.build.comparing.rows import LiveRows, number_equal, number_strings
from pipeline.build.comparing.scratch import BandFiles, FileSets
from pipeline.build.memory import let_go
from pipeline.build.progress import Progress
from pipeline.build.shelf import Shelf, ShelfManifest
from pipeline.build.spill import Spill
from pipeline.engines import Engine
from pipeline.ledger import Tally
from pipeline.spec import DedupeSpec
from pipeline.stages.alike.candidates import Banding
from pipeline.stages.alike.crowds import lead
from pipeline.stages.alike.join import Join
from pipeline.stages.alike.neighbours import Pairs, alike_pairs
from pipeline.stages.alike.shingles import I64, U8
from pipeline.stages.dedupe.deciding import (
    CODES,
    CONFLICT,
    CONTAMINATED,
    KEPT,
    SUPERSEDED,
    DedupeRows,
    Verdicts,
)
from pipeline.stages.dedupe.settle import Compared, settle
from pipeline.stages.dedupe.succession import contained_in, superseded_by

__all__ = ["Alikeness", "compare", "dedupe"]


_REJECTING = (CONFLICT, SUPERSEDED, CONTAMINATED)
"""Codes of this shelf that reject; the others are duplicates."""


@dataclass(frozen=True, slots=True)
class Alikeness:
    """What is alike among the live rows."""

    rows: LiveRows
    input: I64
    """Each row's distinct variable input."""
    answer: I64
    inputs: FileSets
    """The sets of the distinct inputs."""
    answers: FileSets
    pairs: Pairs
    """Distinct inputs at or above the threshold."""
    crowd: I64
    """Distinct inputs whose pairs are not all listed (`stages.crowds`)."""
    ties: Pairs
    """The pairs, and those of the crowd with its leaders: what belongs together."""
    whole: I64
    beginnings: I64
    beginning_row: I64
    templates: Templates
    ranks: U8


def compare(
    rows: LiveRows,
    records: Shelf,
    spec: DedupeSpec,
    *,
    spill: Spill,
    engine: Engine,
    scratch: Path,
    progress: Progress,
) -> Alikeness:
    """Find every pair of alike inputs among the live rows."""
    progress.begin("compare", len(rows))
    templates, ranks = learn(rows, spill, scratch, engine)
    keep_templates(records.store, templates)
    keys = AllKeys(len(rows))
    banding = Banding.of(spec.threshold)
    make = KeysPart(records, spill, scratch, templates, ranks, banding)
    for part in engine.map(make, enumerate(rows.rows_of_part)):
        keys.add(part)
        progress.advance(len(part.whole))
    let_go(engine, len(rows))
    numbers, first = number_equal(keys.inputs)
    answers, first_answer = number_equal(keys.answers)
    inputs = FileSets.over(scratch, "inputs", keys.of_part(keys.input_sizes)).only(first)
    bands = BandFiles.over(scratch, keys.counts, banding.bands, first)
    pairs, crowd = alike_pairs(inputs, bands, spec.threshold, engine.map)
    ties = pairs | lead(Join(inputs, spec.threshold), crowd, run=engine.map)
    said = f"{len(first):,} distinct inputs, {len(ties):,} alike pairs"
    progress.end("compare", said)
    answer_sets = FileSets.over(scratch, "answers", keys.of_part(keys.answer_sizes))
    return Alikeness(
        rows=rows,
        input=numbers,
        answer=answers,
        inputs=inputs,
        answers=answer_sets.only(first_answer),
        pairs=pairs,
        crowd=crowd,
        ties=ties,
        whole=keys.whole,
        beginnings=np.concatenate(keys.beginnings),
        beginning_row=np.concatenate(keys.beginning_row),
        templates=templates,
        ranks=ranks,
    )


def dedupe(
    shelf: Shelf,
    alike: Alikeness,
    outside: Outside,
    validated: Shelf,
    spec: DedupeSpec,
    *,
    engine: Engine,
    progress: Progress,
) -> ShelfManifest:
    """Decide who stays and write it down."""
    rows = alike.rows
    progress.begin("dedupe", len(rows))
    compared = Compared(alike.inputs, alike.answers, alike.pairs, alike.crowd)
    verdicts, agreement = settle(_rows(alike, spec, outside), compared, spec, engine.map)
    if spec.conflicts == "pairs":
        write_preferences(shelf.store, rows, verdicts)
    tally = _write(shelf, rows, verdicts, validated, outside)
    given = validated.manifest()
    assert given is not None
    facts = {"agreement": named_agreement(rows, agreement), "against": outside.facts}
    manifest = shelf.commit(ShelfManifest(rows=given.rows, tally=tally, facts=facts))
    duplicates = sum(manifest.tally.duplicates.values())
    rejected = sum(manifest.tally.rejected.values())
    said = f"{manifest.tally.kept:,} stay, {duplicates:,} duplicates, {rejected:,} rejected"
    progress.end("dedupe", said)
    return manifest


def _rows(alike: Alikeness, spec: DedupeSpec, outside: Outside) -> DedupeRows:
    rows = alike.rows
    interaction = number_strings(rows.table["interaction"])
    gone = outside.code == CONTAMINATED
    contained: dict[int, int] = {}
    if spec.contained == "longest":
        goes_on = ~gone[alike.beginning_row]
        beginnings, of_row = alike.beginnings[goes_on], alike.beginning_row[goes_on]
        contained = contained_in(alike.whole, beginnings, of_row, interaction)
    step = number_strings(rows.table["step"], null=-1)
    return DedupeRows(
        run=number_strings(rows.table["run_id"]),
        record=number_strings(rows.table["record_id"]),
        interaction=interaction,
        input=alike.input,
        answer=alike.answer,
        priority=rows.priority(),
        newest=rows.newest(),
        superseded=superseded_by(np.where(gone, -1, step), rows.latest()),
        contained=contained,
        outside=outside.code,
    )


def _write(
    shelf: Shelf, rows: LiveRows, verdicts: Verdicts, validated: Shelf, outside: Outside
) -> Tally:
    given = validated.manifest()
    assert given is not None
    names = pa.array([code or None for code in CODES], pa.string())
    codes = names.take(pa.array(verdicts.code))
    run_ids = rows.table["run_id"].combine_chunks()
    matched = run_ids.take(pa.array(verdicts.match, mask=verdicts.match < 0))
    left = (verdicts.code != KEPT) & (verdicts.match < 0)
    values = np.where(left, outside.similarity, verdicts.similarity)
    unasked = (verdicts.code == KEPT) | np.isnan(values)
    columns = {
        "code": codes,
        "detail": pc.if_else(pa.array(left), outside.detail, pa.scalar(None, pa.string())),
        "matched_run_id": pc.if_else(pa.array(left), outside.matched, matched),
        "similarity": pa.array(values, pa.float32(), mask=unasked),
    }
    begin = 0
    for part, alive in enumerate(rows.rows_of_part):
        count = given.rows[part]
        span = slice(begin, begin + len(alive))
        places = _places(count, alive)
        table = validated.read_part(part, ["run_id"])
        for name, column in columns.items():
            table = table.append_column(name, column[span].take(places))
        live = pa.array(np.isin(np.arange(count), alive))
        shelf.write_part(part, table.append_column("live", live))
        begin += len(alive)
    return _tally(verdicts)


def _places(count: int, alive: I64) -> pa.Array:
    """For every row of a part where its value stands among the live rows; null for the others."""
    places = np.full(count, -1, np.int64)
    places[alive] = np.arange(len(alive))
    return pa.array(places, mask=places < 0)


def _tally(verdicts: Verdicts) -> Tally:
    counts = Counter(verdicts.code.tolist())
    kept = counts.pop(KEPT, 0)
    rejected = {CODES[code]: counts.pop(code) for code in _REJECTING if counts[code]}
    return Tally(
        pulled=len(verdicts.code),
        kept=kept,
        rejected=rejected,
        duplicates={CODES[code]: count for code, count in sorted(counts.items())},
    )
