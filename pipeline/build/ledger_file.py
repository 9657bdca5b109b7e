"""`ledger.parquet`: one row for every pulled run, written from the shelves part by part."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.build.shelf import Shelf
from pipeline.errors import IntegrityError
from pipeline.ledger import LEDGER_SCHEMA
from pipeline.storage import LocalStore

__all__ = ["LEDGER", "Shelves", "ledger_tables", "write_ledger"]

LEDGER = "ledger.parquet"
_REJECTING = {"conflict": "dedupe", "contaminated": "dedupe", "superseded": "labels"}
"""The codes of the fourth shelf that reject, and the stage that they belong to."""
_OF_RECORDS = ["run_id", "interaction", "prompt_source", "flags", "redacted"]


class Shelves:
    """The five shelves of one build."""

    def __init__(self, store: LocalStore) -> None:
        self.pulled = Shelf(store, "1-pull")
        self.records = Shelf(store, "2-normalize")
        self.validated = Shelf(store, "3-validate")
        self.deduped = Shelf(store, "4-dedupe")
        self.divided = Shelf(store, "5-split")


def write_ledger(store: LocalStore, shelves: Shelves) -> dict[str, int]:
    """Write the ledger; tokens of the kept records by split.

    Raises `IntegrityError` unless it has exactly one row for every pulled run.
    """
    manifest = shelves.records.manifest()
    assert manifest is not None
    rows = 0
    tokens: dict[str, int] = {}
    with (
        store.open_write(LEDGER) as file,
        pq.ParquetWriter(
            file, LEDGER_SCHEMA, compression="zstd", write_page_checksum=True
        ) as writer,
    ):
        for part in range(len(manifest.rows)):
            for table in ledger_tables(shelves, part):
                writer.write_table(table)
                rows += table.num_rows
            _add_tokens(tokens, table)
    if rows != manifest.tally.pulled:
        raise IntegrityError(
            f"{store.path(LEDGER)}: has {rows} rows for {manifest.tally.pulled} pulled runs"
        )
    return tokens


def ledger_tables(shelves: Shelves, part: int) -> tuple[pa.Table, pa.Table]:
    """The rows of one part's runs: those that became no record, then the records."""
    return _rejected(shelves, part), _records(shelves, part)


def _rejected(shelves: Shelves, part: int) -> pa.Table:
    table = shelves.records.read_part(part, kind="rejected")
    count = table.num_rows
    return _ledger_table(
        {
            **{name: table[name] for name in table.column_names},
            "outcome": pa.array(["rejected"] * count, pa.string()),
        },
        count,
    )


def _records(shelves: Shelves, part: int) -> pa.Table:
    records = shelves.records.read_part(part, [*_OF_RECORDS, "note"])
    checked = shelves.validated.read_part(part, ["code", "detail", "rewritten"])
    deduped = shelves.deduped.read_part(part, ["code", "detail", "matched_run_id", "similarity"])
    divided = shelves.divided.read_part(part)
    codes = (shelf["code"].to_pylist() for shelf in (checked, deduped, divided))
    fates = [_fate(*found) for found in zip(*codes, strict=True)]
    return _ledger_table(
        {
            **{name: records[name] for name in _OF_RECORDS},
            "flags": _both(records["flags"], divided["flags"]),
            "stage": pa.array([stage for stage, _, _ in fates], pa.string()),
            "outcome": pa.array([outcome for _, outcome, _ in fates], pa.string()),
            "code": pa.array([code for _, _, code in fates], pa.string()),
            "detail": pc.coalesce(
                checked["detail"],
                deduped["detail"],
                divided["detail"],
                _sentences(records["note"], divided["note"]),
            ),
            "matched_run_id": deduped["matched_run_id"],
            "similarity": deduped["similarity"],
            "rewritten": checked["rewritten"],
            "component": divided["component"],
            "split": divided["split"],
            "tokens": divided["tokens"],
        },
        records.num_rows,
    )


def _both(flags: pa.ChunkedArray, more: pa.ChunkedArray) -> pa.Array:
    """The flags of a record and those that the split has added."""
    if more.null_count == len(more):
        return flags.combine_chunks()
    pairs = zip(flags.to_pylist(), more.to_pylist(), strict=True)
    joined = [had if new is None else [*(had or ()), *new] for had, new in pairs]
    return pa.array(joined, pa.list_(pa.string()))


def _sentences(note: pa.ChunkedArray, more: pa.ChunkedArray) -> pa.ChunkedArray:
    """Both notes where there are two, else the one that there is."""
    return pc.coalesce(pc.binary_join_element_wise(note, more, "; "), note, more)


def _fate(
    refused: str | None, left: str | None, untaken: str | None
) -> tuple[str, str, str | None]:
    """Stage, outcome and code of a record."""
    if refused is not None:
        return "validate", "rejected", refused
    if left in _REJECTING:
        return _REJECTING[left], "rejected", left
    if left is not None:
        return "dedupe", "duplicate", left
    if untaken is not None:
        return "sample", "rejected", untaken
    return "write", "kept", None


def _ledger_table(columns: dict[str, pa.Array], count: int) -> pa.Table:
    arrays = [columns.get(field.name, pa.nulls(count, field.type)) for field in LEDGER_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=LEDGER_SCHEMA)


def _add_tokens(tokens: dict[str, int], table: pa.Table) -> None:
    grouped = table.group_by("split").aggregate([("tokens", "sum")])
    for row in grouped.to_pylist():
        if row["split"] is not None:
            tokens[row["split"]] = tokens.get(row["split"], 0) + (row["tokens_sum"] or 0)
