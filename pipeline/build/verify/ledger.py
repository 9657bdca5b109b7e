"""Check `ledger`: one row for every pulled run, words of the closed lists, sums as signed.

And row by row what the shelves say, and every run that a row names is one that it may name.
"""

from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs
from numpy.typing import NDArray

from pipeline.build.against.outside import names_another_set
from pipeline.build.dividing.counting import lengths_by_split
from pipeline.build.ledger_file import ledger_tables
from pipeline.build.verify.findings import SHOWN, Findings
from pipeline.build.verify.material import (
    DAMAGE,
    Ledger,
    Material,
    align,
    parts_of,
    read_column,
    said,
)
from pipeline.ledger import LEDGER_SCHEMA
from pipeline.manifest import TokenLengths
from pipeline.records import REJECT_CODES, DuplicateCode, Stage
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.split import SPLITS

__all__ = ["check_ledger"]

_ELSEWHERE = ("contaminated", "in_earlier_dataset")
"""Codes that name a line or a run of another set."""
_ALIKE = (
    "same_run_id",
    "exact_duplicate",
    "near_duplicate",
    "contained_conversation",
    "superseded",
)
"""Codes that name a run which stays."""
_LEFT_LATER = (*_ELSEWHERE, "over_cap", "over_budget")
"""What may become of a run that stood for others."""


def check_ledger(material: Material, findings: Findings) -> str:
    """Rows, words, sums, matches, and the shelves' word on every row."""
    ledger = material.ledger()
    _check_ids(material, ledger, findings)
    _check_words(ledger.table, findings)
    _check_sums(material, ledger.table, findings)
    _check_matches(material, ledger.table, findings)
    _check_against_shelves(material, ledger, findings)
    return f"{ledger.table.num_rows:,} rows, {sum(ledger.rows_of_part):,} of them records"


def _check_ids(material: Material, ledger: Ledger, findings: Findings) -> None:
    pulled = _all_ids(material)
    listed = ledger.table["run_id"].combine_chunks()
    lost = align(pulled, listed) < 0
    strange = align(listed, pulled) < 0
    _add(findings, "a pulled run has no row", pulled, lost)
    _add(findings, "a row is of no pulled run", listed, strange)


def _all_ids(material: Material) -> pa.Array:
    shelf = material.shelves.pulled
    columns = [read_column(shelf, part, "run_id") for part in parts_of(shelf)]
    return pa.concat_arrays([pa.array([], pa.string()), *columns])


def _check_words(table: pa.Table, findings: Findings) -> None:
    kept = _is(table, "outcome", "kept")
    rejected = _is(table, "outcome", "rejected")
    duplicate = _is(table, "outcome", "duplicate")
    no_code, no_split = _null(table, "code"), _null(table, "split")
    for rule, wrong in (
        ("an outcome that does not exist", ~(kept | rejected | duplicate)),
        ("a stage that does not exist", ~_is(table, "stage", *get_args(Stage))),
        ("a rejected run has no code of the list", rejected & ~_is(table, "code", *REJECT_CODES)),
        (
            "a duplicate has no code of the list",
            duplicate & ~_is(table, "code", *get_args(DuplicateCode)),
        ),
        ("a kept run has a code", kept & ~no_code),
        ("a kept run has no split", kept & ~_is(table, "split", *SPLITS)),
        ("a run that left has a split", ~kept & ~no_split),
    ):
        _add(findings, rule, table["run_id"], wrong)


def _check_sums(material: Material, table: pa.Table, findings: Findings) -> None:
    manifest = material.manifest
    kept = table.filter(pc.equal(table["outcome"], "kept"))
    of_split = kept.group_by("split").aggregate([("tokens", "sum"), ("run_id", "count")])
    named = [row for row in of_split.to_pylist() if row["split"] is not None]
    tally = manifest.tally
    told: dict[str, tuple[Any, Any]] = {
        "pulled": (table.num_rows, tally.pulled),
        "kept": (kept.num_rows, tally.kept),
        "rejected": (_codes(table, "rejected"), tally.rejected),
        "duplicates": (_codes(table, "duplicate"), tally.duplicates),
        "splits": ({row["split"]: row["run_id_count"] for row in named}, manifest.splits),
        "tokens": (
            {row["split"]: row["tokens_sum"] or 0 for row in named},
            {split: count for split, count in manifest.tokens.items() if split in manifest.splits},
        ),
        "tokens an example": (_lengths(material, kept), manifest.lengths),
        "the equation": (
            tally.pulled,
            tally.kept + sum(tally.rejected.values()) + sum(tally.duplicates.values()),
        ),
    }
    for word, (counted, signed) in told.items():
        if counted != signed:
            findings.add(
                "a sum is not the manifest's",
                f"{word}: the ledger has {_shown(counted)}, the manifest {_shown(signed)}",
            )


def _lengths(material: Material, kept: pa.Table) -> dict[str, TokenLengths]:
    tokens = {
        split: kept.filter(pc.equal(kept["split"], split))["tokens"].drop_null().to_numpy()
        for split in SPLITS
    }
    return lengths_by_split(tokens, material.manifest.counting)


def _codes(table: pa.Table, outcome: str) -> dict[str, int]:
    codes = table.filter(pc.equal(table["outcome"], outcome))["code"].drop_null().value_counts()
    return {pair["values"].as_py(): pair["counts"].as_py() for pair in codes}


def _shown(value: Any) -> str:
    if not isinstance(value, dict):
        return _figure(value)
    return ", ".join(f"{key} {_figure(one)}" for key, one in sorted(value.items())) or "nothing"


def _figure(value: Any) -> str:
    if isinstance(value, TokenLengths):
        return "/".join(map(str, structs.astuple(value)))
    return f"{value:,}"


def _check_matches(material: Material, table: pa.Table, findings: Findings) -> None:
    """Every run that is named is in the ledger, and stays where the code promises it."""
    run_ids, named = table["run_id"].combine_chunks(), table["matched_run_id"].combine_chunks()
    alike = _is(table, "code", *_ALIKE, "conflict")
    _add(
        findings,
        "a run left for another and names none",
        run_ids,
        alike & _null(table, "matched_run_id"),
    )
    codes, details = table["code"].combine_chunks(), table["detail"].combine_chunks()
    elsewhere = _truth(names_another_set(codes, details))
    matched = np.flatnonzero(~_null(table, "matched_run_id") & ~elsewhere)
    names = named.take(pa.array(matched))
    known = _truth(pc.is_in(names, value_set=run_ids))
    _add_named(
        findings, "it names a run that is not in the ledger", run_ids, named, matched[~known]
    )
    stands = pc.filter(run_ids, pa.array(_stands(table, material.dedupe.conflicts)))
    standing = _truth(pc.is_in(names, value_set=stands))
    promised = _is(table, "code", *_ALIKE)[matched]
    if material.dedupe.conflicts != "drop":
        promised |= _is(table, "code", "conflict")[matched]
    left = matched[known & promised & ~standing]
    _add_named(findings, "it names a run that does not stay", run_ids, named, left)


def _stands(table: pa.Table, conflicts: str) -> NDArray[np.bool_]:
    """Which rows may stand for others: those that stay, and those that left after they did."""
    later = (*_LEFT_LATER, "conflict") if conflicts == "drop" else _LEFT_LATER
    return _is(table, "outcome", "kept") | _is(table, "code", *later)


def _check_against_shelves(material: Material, ledger: Ledger, findings: Findings) -> None:
    """Every column of every row is what the shelves say."""
    parts = parts_of(material.shelves.records)
    material.progress.begin("verify ledger", ledger.table.num_rows)
    for part, at in zip(parts, ledger.at_of_part, strict=True):
        try:
            told = pa.concat_tables(ledger_tables(material.shelves, part))
        except DAMAGE as error:
            findings.add("the shelves of a part cannot be read", f"part {part}: {said(error)}")
            continue
        told = told.filter(pa.array(at >= 0))
        _compare(told, ledger.table.take(pa.array(at[at >= 0])), findings)
        material.progress.advance(len(at))
    material.progress.end("verify ledger", f"{ledger.table.num_rows:,} rows")


def _compare(told: pa.Table, listed: pa.Table, findings: Findings) -> None:
    if told.equals(listed):
        return
    for name in LEDGER_SCHEMA.names:
        one, other = told[name].combine_chunks(), listed[name].combine_chunks()
        if one.equals(other):
            continue
        unlike = [at for at in range(len(one)) if one[at] != other[at]]
        shown = [
            f"{told['run_id'][at]}: {name} is {other[at]}, the shelves have {one[at]}"
            for at in unlike[:SHOWN]
        ]
        findings.add("a row is not what the shelves say", *shown, count=len(unlike))


def _is(table: pa.Table, column: str, *words: str) -> NDArray[np.bool_]:
    return _truth(pc.is_in(table[column].combine_chunks(), value_set=pa.array(words, pa.string())))


def _null(table: pa.Table, column: str) -> NDArray[np.bool_]:
    return _truth(table[column].combine_chunks().is_null())


def _truth(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(values.to_numpy(zero_copy_only=False), np.bool_)


def _add(findings: Findings, rule: str, run_ids: pa.Array, wrong: NDArray[np.bool_]) -> None:
    rows = np.flatnonzero(wrong)
    findings.add(rule, *(str(run_ids[row]) for row in rows[:SHOWN].tolist()), count=len(rows))


def _add_named(
    findings: Findings, rule: str, run_ids: pa.Array, named: pa.Array, rows: I64
) -> None:
    shown = [f"{run_ids[row]} names {named[row]}" for row in rows[:SHOWN].tolist()]
    findings.add(rule, *shown, count=len(rows))
