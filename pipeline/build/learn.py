"""What is learned from a sample of the runs before all are compared: templates and rarity.

The sample is drawn by a hash of the run ids, so it depends neither on the order of the runs nor
on the number of workers.
"""

import numpy as np

from pipeline.build.keys import SamplePart
from pipeline.build.rows import LiveRows, number_strings
from pipeline.build.shelf import Shelf
from pipeline.digests import unit_hash
from pipeline.engines import Engine
from pipeline.stages.shingles import I64, U8, shingle_sets, token_ranks
from pipeline.stages.templates import SAMPLE_SIZE, Sample, Template, learn_template

__all__ = ["learn"]

_ALL_SAMPLES = 1536
"""About how many runs are looked at to tell rare 5-grams from frequent ones."""


def learn(rows: LiveRows, records: Shelf, engine: Engine) -> tuple[dict[str | None, Template], U8]:
    """The template of every interaction and version, and the ranks of all 5-grams."""
    groups = number_strings(rows.table["interaction_key"])
    sizes = np.bincount(groups)
    chosen = _draw(rows, groups, max(SAMPLE_SIZE, _ALL_SAMPLES // len(sizes)))
    samples = _read(chosen, rows, records, engine)
    keys = rows.table["interaction_key"].to_pylist()
    templates: dict[str | None, Template] = {}
    weighted = []
    for members in _by_group(chosen, groups):
        group = [samples[row] for row in members]
        template = learn_template(group[:SAMPLE_SIZE])
        templates[keys[members[0]]] = template
        sets = shingle_sets([template.variable(sample.text) for sample in group])
        weighted.append((sets, float(sizes[groups[members[0]]]) / len(group)))
    return templates, token_ranks(weighted)


def _draw(rows: LiveRows, groups: I64, each: int) -> I64:
    """Row numbers, group by group, of each group those with the lowest hashes, lowest first."""
    run_ids = rows.table["run_id"].to_pylist()
    draws = np.fromiter((unit_hash("sample", run_id) for run_id in run_ids), float, len(run_ids))
    order = np.lexsort((draws, groups))
    starts = np.searchsorted(groups[order], groups[order], side="left")
    return order[np.arange(len(order)) - starts < each]


def _by_group(chosen: I64, groups: I64) -> list[list[int]]:
    edges = np.flatnonzero(np.diff(groups[chosen])) + 1
    return [members.tolist() for members in np.split(chosen, edges)]


def _read(chosen: I64, rows: LiveRows, records: Shelf, engine: Engine) -> dict[int, Sample]:
    """The chosen rows' samples, read part by part."""
    ends = np.cumsum([len(alive) for alive in rows.rows_of_part])
    ordered = np.sort(chosen)
    tasks: list[tuple[int, I64]] = []
    for part, alive in enumerate(rows.rows_of_part):
        begin = ends[part] - len(alive)
        inside = ordered[(ordered >= begin) & (ordered < ends[part])] - begin
        if len(inside):
            tasks.append((part, alive[inside]))
    found = (sample for part in engine.map(SamplePart(records), tasks) for sample in part)
    return dict(zip(ordered.tolist(), found, strict=True))
