"""The fifth shelf: which records are taken and which split each goes to, with the leak proof.

Row for row beside the second shelf: `split` is null where a record has left, here with a `code`
(a cap or a budget of `[sample]`) or before. `component` is that of every row that was compared,
`tokens` are those of every row that dedupe let through.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.build.comparing.dedupe import Alikeness
from pipeline.build.comparing.rows import LiveRows
from pipeline.build.dividing.components import Grouping, group_rows, ties_of
from pipeline.build.dividing.counting import Counting, count_tokens
from pipeline.build.dividing.moves import tell_moves
from pipeline.build.dividing.previous import Previous, run_keys
from pipeline.build.dividing.sample import Sampled, sample
from pipeline.build.dividing.staying import (
    Names,
    draws,
    made_at,
    number_by_name,
    order_of_ids,
    staying,
)
from pipeline.build.ledger_file import Shelves
from pipeline.build.memory import give_back, let_go
from pipeline.build.progress import Progress
from pipeline.build.shelf import ShelfManifest
from pipeline.engines import Engine
from pipeline.ledger import Tally
from pipeline.manifest import CrossSplitProof
from pipeline.spec import BuildSpec, SplitSpec
from pipeline.stages.alike.jaccard import Mapper
from pipeline.stages.alike.proof import cross_pairs
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.components import I32, Components, Ties
from pipeline.stages.dividing.split import (
    NEVER,
    NOWHERE,
    SPLITS,
    ComponentRows,
    assign_splits,
)
from pipeline.stages.dividing.stratify import I8, Strata

__all__ = ["split"]

_MOST_INTERACTIONS = 300
"""Up to so many the manifest says how each is divided."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the cut asks of the live rows, one entry a row in every column."""

    taken: NDArray[np.bool_]
    interactions: Names
    by_id: I32
    """All row numbers in the order of their run ids."""
    made: I64
    """When the run was made; `NEVER` where nobody asks."""
    previous: I8
    """The side in the previous build."""
    tokens: I64
    """Negative where they were not counted."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """A division of the live rows."""

    grouping: Grouping
    side: I8
    """Every row's split, whether it stays or not."""
    ties: Ties
    """What ties the rows, with what the proof has found."""


def split(
    shelves: Shelves,
    alike: Alikeness,
    spec: BuildSpec,
    *,
    counting: Counting,
    previous: Previous | None,
    engine: Engine,
    progress: Progress,
) -> ShelfManifest:
    """Count the tokens, take the sample, divide the records that stay, and prove the cut."""
    live = alike.rows
    interactions = number_by_name(live.table["interaction"])
    by_id = order_of_ids(live)
    stays = staying(live, shelves.deduped)
    counted = count_tokens(
        live,
        shelves.records,
        shelves.deduped,
        counting,
        engine=engine,
        progress=progress,
    )
    let_go(engine, len(live))
    sampled = sample(
        live, counted.tokens, stays, interactions, by_id, spec=spec.sample, progress=progress
    )
    progress.begin("split", len(live))
    rows = _Rows(
        taken=sampled.taken,
        interactions=interactions,
        by_id=by_id,
        made=_made(live, spec.split),
        previous=_before(live, previous),
        tokens=counted.tokens,
    )
    ties = ties_of(alike, shelves.records, by_id, len(spec.split.ties()))
    cut, proof = _prove(alike, ties, rows, spec, engine.map)
    moved = _write(shelves, live, rows, sampled, cut)
    found = {"proof": proof, "moved": moved} | counted.facts(cut.side, rows.taken)
    return _finish(shelves, rows, sampled, cut, facts=found, progress=progress)


def _before(live: LiveRows, previous: Previous | None) -> I8:
    if previous is None:
        return np.broadcast_to(np.int8(NOWHERE), len(live))
    return previous.sides_of(run_keys(live.table["run_id"]))


def _made(live: LiveRows, spec: SplitSpec) -> I64:
    if spec.order == "time":
        return made_at(live)
    return np.broadcast_to(np.int64(NEVER), len(live))


def _prove(
    alike: Alikeness, ties: Ties, rows: _Rows, spec: BuildSpec, run: Mapper
) -> tuple[_Cut, CrossSplitProof]:
    """Cut, join exactly over the cut, mend what the sketch missed, until nothing crosses."""
    components = Components(len(alike.rows))
    for pairs in ties.pairs():
        components.join_pairs(*pairs)
    examined = 0
    threshold = spec.dedupe.threshold
    while True:
        cut = _cut(alike.rows, components, ties, rows, spec.split)
        side = np.zeros(len(alike.inputs.sizes), np.int8)
        side[alike.input] = cut.side
        give_back(len(alike.rows))
        crossing = cross_pairs(alike.inputs, side, threshold, run)
        examined += crossing.examined
        if len(crossing.left) == 0:
            proof = CrossSplitProof(
                threshold=threshold,
                pairs_at_or_above=0,
                highest_similarity=crossing.highest,
                pairs_examined=examined,
            )
            return cut, proof
        ties = ties.mended(crossing.left, crossing.right)
        components.join_pairs(*ties.of_inputs(crossing.left, crossing.right))


def _cut(live: LiveRows, components: Components, ties: Ties, rows: _Rows, spec: SplitSpec) -> _Cut:
    grouping = group_rows(components, rows.by_id)
    count = len(grouping.first)
    previous = np.full(count, NOWHERE, np.int8)
    np.maximum.at(previous, grouping.component, rows.previous)
    taken = grouping.component[rows.taken]
    columns = ComponentRows(
        draw=draws(live, grouping.first, spec.salt),
        rows=np.bincount(taken, minlength=count),
        newest=_newest(grouping, rows.made, spec),
        previous=previous,
    )
    kinds = len(rows.interactions.names)
    strata = Strata.of(rows.interactions.number[rows.taken], taken, kinds, count)
    side = assign_splits(columns, strata, spec)
    return _Cut(grouping, side[grouping.component], ties)


def _newest(grouping: Grouping, made: I64, spec: SplitSpec) -> I64:
    if spec.order == "hash":
        return np.broadcast_to(np.int64(NEVER), len(grouping.first))
    newest = np.full(len(grouping.first), NEVER, np.int64)
    np.maximum.at(newest, grouping.component, made)
    return newest


def _write(shelves: Shelves, live: LiveRows, rows: _Rows, sampled: Sampled, cut: _Cut) -> int:
    """Write the shelf's parts; how many records a tie has moved."""
    run_ids = live.table["run_id"].combine_chunks()
    moved = np.flatnonzero(rows.taken & (rows.previous != NOWHERE) & (rows.previous != cut.side))
    notes = tell_moves(
        moved,
        cut.grouping,
        cut.ties,
        side=cut.side,
        previous=rows.previous,
        by_id=rows.by_id,
        run_ids=live.table["run_id"],
    )
    begin = 0
    for part, alive in enumerate(live.rows_of_part):
        span = slice(begin, begin + len(alive))
        inside = slice(*np.searchsorted(moved, (span.start, span.stop)).tolist())
        columns = {
            "component": run_ids.take(pa.array(cut.grouping.first[cut.grouping.component[span]])),
            "split": _picked(pa.array(SPLITS), np.where(rows.taken[span], cut.side[span], -1)),
            "code": _picked(sampled.codes, sampled.verdict[span]),
            "detail": _picked(sampled.sentences, sampled.verdict[span]),
            "tokens": _index(rows.tokens[span]),
        }
        columns |= _moves(moved[inside] - begin, notes[inside], cut.side[span])
        ids = shelves.deduped.read_part(part, ["run_id"])["run_id"]
        places = np.full(len(ids), -1, np.int64)
        places[np.asarray(alive, np.int64)] = np.arange(len(alive))
        spread = {name: column.take(_index(places)) for name, column in columns.items()}
        shelves.divided.write_part(part, pa.table({"run_id": ids, **spread}))
        begin += len(alive)
    return len(moved)


def _picked(values: pa.Array, at: NDArray[np.signedinteger[Any]]) -> pa.Array:
    """The values at these places; null where the place is negative."""
    return values.take(_index(at))


def _index(at: NDArray[np.signedinteger[Any]]) -> pa.Array:
    return pa.array(at, pa.int64(), mask=at < 0)


def _moves(moved: I64, notes: list[str], side: I8) -> dict[str, pa.Array]:
    """Flag and note of the rows of a part that a tie has moved."""
    at = np.full(len(side), -1, np.int64)
    at[moved] = np.arange(len(moved))
    flags = pa.array([[f"moved_to_{name}"] for name in SPLITS], pa.list_(pa.string()))
    return {
        "flags": _picked(flags, np.where(at < 0, -1, side)),
        "note": _picked(pa.array(notes, pa.string()), at),
    }


def _finish(
    shelves: Shelves,
    rows: _Rows,
    sampled: Sampled,
    cut: _Cut,
    *,
    facts: dict[str, Any],
    progress: Progress,
) -> ShelfManifest:
    given = shelves.deduped.manifest()
    assert given is not None
    counts = _counts(cut.side[rows.taken])
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    progress.end("split", f"{said}; {facts['proof'].pairs_at_or_above} alike pairs across the cut")
    tally = Tally(
        pulled=given.tally.kept,
        kept=sum(counts.values()),
        rejected=sampled.rejected,
        duplicates={},
    )
    facts = {"splits": counts, "interactions": _by_interaction(rows, cut.side), **facts}
    return shelves.divided.commit(ShelfManifest(rows=given.rows, tally=tally, facts=facts))


def _counts(sides: I8) -> dict[str, int]:
    found = np.bincount(sides, minlength=len(SPLITS)).tolist()
    return {name: count for name, count in zip(SPLITS, found, strict=True) if count}


def _by_interaction(rows: _Rows, side: I8) -> dict[str, dict[str, int]] | None:
    """Records by split of every interaction; None where they are too many to be looked at."""
    names = rows.interactions.names
    if len(names) > _MOST_INTERACTIONS:
        return None
    codes = rows.interactions.number[rows.taken] * len(SPLITS) + side[rows.taken]
    table = np.bincount(codes, minlength=len(names) * len(SPLITS)).reshape(-1, len(SPLITS))
    return {
        name or "": {split: count for split, count in zip(SPLITS, counts, strict=True) if count}
        for name, counts in zip(names, table.tolist(), strict=True)
        if any(counts)
    }
