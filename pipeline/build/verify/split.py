"""Check `split`: nothing that belongs together lies on two sides, and no input crosses the cut.

Components, group keys and conversations by equality; the inputs by an exact join over the cut.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.build.comparing.rows import number_strings
from pipeline.build.verify.compared import Compared
from pipeline.build.verify.findings import SHOWN, Findings, NotChecked
from pipeline.build.verify.material import Ledger, Material, parts_of, read_column
from pipeline.build.verify.records import Records
from pipeline.stages.alike.proof import cross_pairs
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.split import SPLITS

__all__ = ["check_cut", "check_split"]

_MOST = 100_000
"""So many pairs over the cut are not counted further."""


def check_split(material: Material, records: Records | None, findings: Findings) -> str:
    """Components, group keys and conversations."""
    ledger = material.ledger()
    side = _sides(ledger)
    component = _numbers(ledger.column("component"))
    _add_divided(ledger, "a component lies on two sides", component, side, findings)
    for group in _group_keys(material):
        _add_divided(ledger, "runs of one group key lie on two sides", group, side, findings)
    _check_named(ledger, component, findings)
    counted = f"{len(np.unique(component[side >= 0])):,} components"
    if records is None:
        raise NotChecked(f"{counted} were; conversations need the records, which cannot be read")
    _add_divided(ledger, "a conversation lies on two sides", records.whole, side, findings)
    _check_beginnings(ledger, records, side, findings)
    return f"{counted}, {len(np.unique(records.whole[records.whole >= 0])):,} conversations"


def check_cut(material: Material, compared: Compared, findings: Findings) -> str:
    """The exact join over the cut, and what the manifest says of it."""
    ledger = material.ledger()
    side = _sides(ledger)
    kept = np.flatnonzero(side >= 0)
    pairs = np.unique(np.stack((compared.input[kept], side[kept]), axis=1), axis=0)
    threshold = material.dedupe.threshold
    material.progress.begin("verify cut", None)
    found = cross_pairs(
        compared.inputs.only(pairs[:, 0]),
        pairs[:, 1].astype(np.int8),
        threshold,
        material.engine.map,
        _MOST,
    )
    rule = f"two inputs on two sides are at least {threshold:g} alike"
    both = zip(found.left[:SHOWN].tolist(), found.right[:SHOWN].tolist(), strict=True)
    shown = [
        f"{_run_of(ledger, compared, side, *pairs[one])} and "
        f"{_run_of(ledger, compared, side, *pairs[other])}"
        for one, other in both
    ]
    findings.add(rule, *shown, count=len(found.left))
    _check_proof(material, findings)
    highest = "none" if found.highest is None else f"{found.highest:.3f}"
    said = f"{len(found.left):,} pairs at or above {threshold:g}, highest {highest}, "
    said += f"{found.examined:,} computed of {_product(pairs[:, 1]):,}"
    material.progress.end("verify cut", said)
    return said


def _check_proof(material: Material, findings: Findings) -> None:
    proof, threshold = material.manifest.proof, material.dedupe.threshold
    rule = "the manifest's proof proves nothing"
    if proof.pairs_at_or_above:
        findings.add(rule, f"it has {proof.pairs_at_or_above:,} pairs at or above the threshold")
    if proof.threshold != threshold:
        findings.add(rule, f"its threshold is {proof.threshold:g}, the spec's is {threshold:g}")
    if proof.highest_similarity is not None and not 0 <= proof.highest_similarity < threshold:
        findings.add(rule, f"its highest similarity is {proof.highest_similarity}")


def _product(side: I64) -> int:
    """How many pairs there are over the cut."""
    counts = np.bincount(side.astype(np.int64), minlength=len(SPLITS))
    total = int(counts.sum())
    return (total * total - int((counts * counts).sum())) // 2


def _run_of(ledger: Ledger, compared: Compared, side: I64, number: int, where: int) -> str:
    row = int(np.flatnonzero((compared.input == number) & (side == where))[0])
    return f"{ledger.run_ids[row]} ({SPLITS[where]})"


def _sides(ledger: Ledger) -> I64:
    """Of every record the number of its split; -1 for one that left."""
    names = pa.array(SPLITS, pa.string())
    at = pc.index_in(ledger.column("split"), value_set=names).fill_null(-1)
    return np.where(ledger.stays(), np.asarray(at.to_numpy(), np.int64), -1)


def _numbers(column: pa.Array) -> I64:
    return number_strings(pa.chunked_array([column]), null=-1)


def _group_keys(material: Material) -> list[I64]:
    """Of every record the number of its group key, or of each where a build has several."""
    shelf = material.shelves.records
    columns = [read_column(shelf, part, "group") for part in parts_of(shelf)]
    column = pa.concat_arrays(columns or [pa.array([], pa.string())])
    if not pa.types.is_list(column.type):
        return [_numbers(column)]
    most = pc.max(pc.list_value_length(column)).as_py() or 0
    listed = [one or [] for one in column.to_pylist()] if most else []
    keys = ([one[at] if at < len(one) else None for one in listed] for at in range(most))
    return [_numbers(pa.array(key, pa.string())) for key in keys]


def _add_divided(ledger: Ledger, rule: str, number: I64, side: I64, findings: Findings) -> None:
    """Numbers that kept records of two sides share; negative ones are no number."""
    rows = np.flatnonzero((number >= 0) & (side >= 0))
    rows = rows[np.argsort(number[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(number[rows], prepend=-1))
    if not len(rows):
        return
    lowest, highest = (
        np.minimum.reduceat(side[rows], starts),
        np.maximum.reduceat(side[rows], starts),
    )
    ends = np.append(starts[1:], len(rows))
    divided = np.flatnonzero(lowest != highest)
    shown = [
        _both_sides(ledger, rows[starts[one] : ends[one]], side) for one in divided[:SHOWN].tolist()
    ]
    findings.add(rule, *shown, count=len(divided))


def _both_sides(ledger: Ledger, rows: I64, side: I64) -> str:
    first = rows[0]
    other = rows[side[rows] != side[first]][0]
    return _two(ledger, int(first), int(other), side)


def _two(ledger: Ledger, one: int, other: int, side: I64) -> str:
    return " and ".join(f"{ledger.run_ids[row]} ({SPLITS[side[row]]})" for row in (one, other))


def _check_beginnings(ledger: Ledger, records: Records, side: I64, findings: Findings) -> None:
    """A conversation and one that goes on from it lie on one side."""
    kept = np.flatnonzero((side >= 0) & (records.whole >= 0))
    order = kept[np.argsort(records.whole[kept], kind="stable")]
    if not len(order):
        return
    ranked = records.whole[order]
    at = np.minimum(np.searchsorted(ranked, records.beginnings), len(order) - 1)
    met = (ranked[at] == records.beginnings) & (side[records.beginning_row] >= 0)
    one, other = records.beginning_row[met], order[at[met]]
    apart = np.flatnonzero(side[one] != side[other])
    shown = [_two(ledger, one[row], other[row], side) for row in apart[:SHOWN].tolist()]
    findings.add("a conversation lies on two sides", *shown, count=len(apart))


def _check_named(ledger: Ledger, component: I64, findings: Findings) -> None:
    """A run that left as alike is of the component of the run that it names."""
    alike = ledger.has_code("exact_duplicate", "near_duplicate", "conflict")
    rows = np.flatnonzero(alike & (component >= 0))
    named = ledger.column("matched_run_id").take(pa.array(rows))
    at = pc.index_in(named, value_set=ledger.run_ids)
    valid: NDArray[np.bool_] = at.is_valid().to_numpy(zero_copy_only=False)
    rows, matches = rows[valid], at.drop_null().to_numpy()
    apart = np.flatnonzero(component[rows] != component[matches])
    shown = [
        f"{ledger.run_ids[rows[one]]} and {ledger.run_ids[matches[one]]}"
        for one in apart[:SHOWN].tolist()
    ]
    findings.add("a run and the one it left for are of two components", *shown, count=len(apart))
