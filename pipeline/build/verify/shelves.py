"""Check `shelves`: every part is there, whole, with its columns, and row for row with the others.

Every page's checksum is verified, and what the shelves' own manifests say is compared.
"""

from dataclasses import dataclass

import msgspec
import pyarrow as pa

from pipeline.build.shelf import Shelf, ShelfManifest
from pipeline.build.verify.findings import Findings
from pipeline.build.verify.material import DAMAGE, Material, parts_of, said

__all__ = ["check_shelves"]

_TEXT, _BYTES, _WHOLE = pa.string(), pa.binary(), pa.int64()
_COLUMNS: dict[tuple[str, str], dict[str, pa.DataType]] = {
    ("1-pull", "part"): {"run_id": _TEXT, "raw": _BYTES},
    ("2-normalize", "rejected"): dict.fromkeys(
        ("run_id", "interaction", "stage", "code", "detail"), _TEXT
    ),
    ("2-normalize", "part"): {
        **dict.fromkeys(("run_id", "record_id", "interaction", "interaction_key"), _TEXT),
        "record": _BYTES, "parameters": _BYTES, "tokens": _WHOLE,
    },
    ("3-validate", "part"): dict.fromkeys(("run_id", "code", "detail"), _TEXT),
    ("4-dedupe", "part"): {
        **dict.fromkeys(("run_id", "code", "matched_run_id"), _TEXT), "similarity": pa.float32(),
    },
    ("5-split", "part"): {
        **dict.fromkeys(("run_id", "component", "split"), _TEXT), "tokens": _WHOLE,
    },
}  # fmt: skip
"""Columns that later steps rest on; a shelf may have more."""


def check_shelves(material: Material, findings: Findings) -> str:
    """All parts of all shelves."""
    shelves = {name: Shelf(material.store, name) for name, _ in _COLUMNS}
    there = {key: parts_of(shelves[key[0]], key[1]) for key in _COLUMNS}
    count = max((max(parts, default=-1) + 1 for parts in there.values()), default=0)
    for (name, kind), parts in there.items():
        lacking = sorted(set(range(count)) - set(parts))
        findings.add("a part is missing", *(_file(name, kind, part) for part in lacking))
    material.progress.begin("verify shelves", count)
    rows: dict[str, list[int]] = {}
    for problems, rows_of in material.engine.map(_CheckParts(shelves), range(count)):
        for rule, example in problems:
            findings.add(rule, example)
        for name, number in rows_of.items():
            rows.setdefault(name, []).append(number)
        material.progress.advance(1)
    for shelf in shelves.values():
        _check_manifest(shelf, rows, findings)
    _check_facts(material, findings)
    pulled = sum(rows.get("1-pull", []))
    said_of_it = f"{len(shelves)} shelves of {count} parts, {pulled:,} runs"
    material.progress.end("verify shelves", said_of_it)
    return said_of_it


@dataclass(frozen=True, slots=True)
class _CheckParts:
    """Looks at one part of every shelf."""

    shelves: dict[str, Shelf]

    def __call__(self, part: int) -> tuple[list[tuple[str, str]], dict[str, int]]:
        problems: list[tuple[str, str]] = []
        ids: dict[tuple[str, str], pa.Array] = {}
        for (name, kind), columns in _COLUMNS.items():
            shelf = self.shelves[name]
            if not shelf.store.exists(_file(name, kind, part)):
                continue
            try:
                table = shelf.read_part(part, kind=kind)
            except DAMAGE as error:
                example = f"{_file(name, kind, part)}: {said(error)}"
                problems.append(("a part cannot be read", example))
                continue
            problems += _odd_columns(_file(name, kind, part), table.schema, columns)
            if "run_id" in table.column_names:
                ids[name, kind] = table["run_id"].combine_chunks()
        problems += _not_row_for_row(part, ids)
        return problems, {name: len(found) for (name, kind), found in ids.items() if kind == "part"}


def _odd_columns(
    file: str, schema: pa.Schema, columns: dict[str, pa.DataType]
) -> list[tuple[str, str]]:
    return [
        ("a column is missing or of another type", f"{file}: {name} is not {kind}")
        for name, kind in columns.items()
        if schema.get_field_index(name) < 0 or schema.field(name).type != kind
    ]


def _not_row_for_row(part: int, ids: dict[tuple[str, str], pa.Array]) -> list[tuple[str, str]]:
    records = ids.get(("2-normalize", "part"))
    if records is None:
        return []
    problems = [
        ("a part is not row for row with the second shelf's", _file(name, kind, part))
        for (name, kind), found in ids.items()
        if name not in ("1-pull", "2-normalize") and not found.equals(records)
    ]
    pulled, rejected = ids.get(("1-pull", "part")), ids.get(("2-normalize", "rejected"))
    if pulled is not None and rejected is not None and len(pulled) != len(records) + len(rejected):
        said_of_it = f"part {part}: {len(pulled)} pulled, {len(records)} records and "
        problems.append(
            ("runs came in that did not come out", f"{said_of_it}{len(rejected)} rejected")
        )
    return problems


def _check_manifest(shelf: Shelf, rows: dict[str, list[int]], findings: Findings) -> None:
    name = f"{shelf.name}/_manifest.json"
    manifest = _manifest(shelf, findings)
    if manifest is None:
        return
    if list(manifest.rows) != rows.get(shelf.name, []):
        findings.add("a shelf's manifest has other rows than its parts", name)
    tally = manifest.tally
    out = tally.kept + sum(tally.rejected.values()) + sum(tally.duplicates.values())
    if tally.pulled != out:
        findings.add("a shelf's manifest does not balance", f"{name}: {tally.pulled} in, {out} out")


def _manifest(shelf: Shelf, findings: Findings) -> ShelfManifest | None:
    name = f"{shelf.name}/_manifest.json"
    try:
        manifest = shelf.manifest()
    except DAMAGE as error:
        findings.add("a shelf's manifest cannot be read", f"{name}: {said(error)}")
        return None
    if manifest is None:
        findings.add("a shelf has no manifest", name)
    return manifest


def _check_facts(material: Material, findings: Findings) -> None:
    """That the dataset's manifest says what the shelves' do."""
    quiet = Findings()
    pulled = _manifest(material.shelves.pulled, quiet)
    divided = _manifest(material.shelves.divided, quiet)
    rule = "the dataset's manifest says another thing than a shelf's"
    source = material.manifest.source
    if pulled is not None and any(source.get(key) != pulled.facts[key] for key in pulled.facts):
        findings.add(rule, "source (1-pull)")
    if divided is None:
        return
    said_there = {
        "splits": material.manifest.splits,
        "proof": msgspec.to_builtins(material.manifest.proof),
        "counting": msgspec.to_builtins(material.manifest.counting),
        "lengths": msgspec.to_builtins(material.manifest.lengths),
    }
    for word, value in said_there.items():
        if word in divided.facts and divided.facts[word] != value:
            findings.add(rule, f"{word} (5-split)")


def _file(name: str, kind: str, part: int) -> str:
    return f"{name}/{kind}-{part:05d}.parquet"
