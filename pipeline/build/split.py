"""The fifth shelf: which split every staying record goes to, with the proof that nothing leaks.

Row for row beside the second shelf: `split` is null where a record has left before.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.build.dedupe import Alikeness
from pipeline.build.progress import Progress
from pipeline.build.rows import number_strings
from pipeline.build.shelf import Shelf, ShelfManifest
from pipeline.engines import Engine
from pipeline.ledger import Tally
from pipeline.manifest import CrossSplitProof
from pipeline.spec import SplitSpec
from pipeline.stages.jaccard import Mapper
from pipeline.stages.proof import Found, cross_pairs
from pipeline.stages.shingles import I64
from pipeline.stages.split import SPLITS, Components, assign_splits

__all__ = ["split"]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A division of the live rows."""

    keys: list[str]
    """Every row's component, named by its smallest run id."""
    side: NDArray[np.int8]
    """Every row's split."""


def split(
    shelf: Shelf,
    alike: Alikeness,
    deduped: Shelf,
    spec: SplitSpec,
    *,
    threshold: float,
    engine: Engine,
    progress: Progress,
) -> ShelfManifest:
    """Divide the records that stay and prove the cut."""
    progress.begin("split", len(alike.rows))
    components = _components(alike)
    cut, proof = _prove(alike, components, spec, threshold, engine.map)
    counts = _write(shelf, alike, deduped, cut)
    given = deduped.manifest()
    assert given is not None
    kept = given.tally.kept
    tally = Tally(pulled=kept, kept=sum(counts.values()), rejected={}, duplicates={})
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    progress.end("split", f"{said}; {proof.pairs_at_or_above} alike pairs across the cut")
    facts = {"splits": counts, "proof": proof}
    return shelf.commit(ShelfManifest(rows=given.rows, tally=tally, facts=facts))


def _components(alike: Alikeness) -> Components:
    """Rows tied by alike inputs, by the spec's group, or by being one conversation."""
    components = Components(len(alike.rows))
    components.join_equal(alike.input)
    row_of_input = np.zeros(len(alike.inputs.sizes), np.int64)
    row_of_input[alike.input] = np.arange(len(alike.input))
    left, right = row_of_input[alike.ties.left], row_of_input[alike.ties.right]
    components.join_pairs(left.tolist(), right.tolist())
    components.join_equal(number_strings(alike.rows.table["group"], null=-1))
    components.join_equal(alike.whole)
    _join_conversations(components, alike)
    return components


def _join_conversations(components: Components, alike: Alikeness) -> None:
    order = np.argsort(alike.whole, kind="stable")
    ranked = alike.whole[order]
    at = np.minimum(np.searchsorted(ranked, alike.beginnings), max(len(ranked) - 1, 0))
    met = ranked[at] == alike.beginnings if len(ranked) else np.zeros(0, np.bool_)
    components.join_pairs(alike.beginning_row[met].tolist(), order[at[met]].tolist())


def _prove(
    alike: Alikeness, components: Components, spec: SplitSpec, threshold: float, run: Mapper
) -> tuple[_Cut, CrossSplitProof]:
    """Cut, join exactly over the cut, mend what the sketch missed, until nothing crosses."""
    examined = 0
    while True:
        cut = _cut(alike, components, spec)
        side = np.zeros(len(alike.inputs.sizes), np.int8)
        side[alike.input] = cut.side
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
        _mend(alike.input, components, crossing)


def _mend(inputs: I64, components: Components, crossing: Found) -> None:
    row_of_input = np.zeros(int(inputs.max()) + 1, np.int64)
    row_of_input[inputs] = np.arange(len(inputs))
    components.join_pairs(
        row_of_input[crossing.left].tolist(), row_of_input[crossing.right].tolist()
    )


def _cut(alike: Alikeness, components: Components, spec: SplitSpec) -> _Cut:
    labels = components.labels()
    run_ids = alike.rows.table["run_id"].to_pylist()
    smallest: dict[int, str] = {}
    for label, run_id in zip(labels.tolist(), run_ids, strict=True):
        known = smallest.get(label)
        if known is None or run_id < known:
            smallest[label] = run_id
    sides = dict(zip(smallest, assign_splits(list(smallest.values()), spec), strict=True))
    side = np.fromiter((sides[label] for label in labels.tolist()), np.int8, len(labels))
    return _Cut([smallest[label] for label in labels.tolist()], side)


def _write(shelf: Shelf, alike: Alikeness, deduped: Shelf, cut: _Cut) -> dict[str, int]:
    components = pa.array(cut.keys, pa.string())
    names = pa.array([SPLITS[side] for side in cut.side.tolist()], pa.string())
    begin = 0
    counts = dict.fromkeys(SPLITS, 0)
    for part, alive in enumerate(alike.rows.rows_of_part):
        table = deduped.read_part(part, ["run_id", "code"])
        places = np.full(table.num_rows, -1, np.int64)
        places[alive] = np.arange(begin, begin + len(alive))
        live = pa.array(places, mask=places < 0)
        stays = table["code"].is_null().combine_chunks().to_numpy(zero_copy_only=False)
        staying = pa.array(places, mask=(places < 0) | ~stays)
        columns = {"component": components.take(live), "split": names.take(staying)}
        shelf.write_part(part, pa.table({"run_id": table["run_id"], **columns}))
        for pair in columns["split"].drop_null().value_counts():
            counts[pair["values"].as_py()] += pair["counts"].as_py()
        begin += len(alive)
    return {name: count for name, count in counts.items() if count}
