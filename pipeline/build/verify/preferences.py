"""Check `preferences`: every pair is a line or was left out, and each line is its two records.

Of a dataset with a preference format alone. Line n is made again from the records of the two
runs that `lines.parquet` names for it, and compared.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.build.preferring.asked import formats_by_kind
from pipeline.build.preferring.lines import Left, MakeLines
from pipeline.build.preferring.pairs import KEYS, Laid, lay_aside, read_pairs
from pipeline.build.preferring.write import LEFT_OUT
from pipeline.build.verify.findings import SHOWN, Findings
from pipeline.build.verify.lines import (
    INDEX,
    compare_lines,
    digests_of_lines,
    line_digest,
    read_index,
)
from pipeline.build.verify.material import Material, align, parts_of
from pipeline.stages.alike.shingles import U64

__all__ = ["check_preferences", "preference_formats"]

_BATCH = 512
_CODES = {"split": pa.string(), "line": pa.int64(), **dict.fromkeys(
    ("run_id", "record_id", "rejected_run_id", "rejected_record_id"), pa.string()
)}  # fmt: skip
_LEFT = {**dict.fromkeys(KEYS, pa.string()), "code": pa.string()}


def preference_formats(material: Material) -> tuple[str, ...]:
    """The preference formats of the dataset, whether or not a pair made a line of them."""
    named = {path.split("/")[0] for path in (file.path for file in material.manifest.files)}
    return formats_by_kind(sorted(name for name in named if name in material.manifest.preferences))[
        1
    ]


def check_preferences(material: Material, findings: Findings) -> str:
    """Every preference format's files against the pairs and the records."""
    count = 0
    for name in preference_formats(material):
        count += _check_format(material, name, findings)
    return f"{count:,} lines against their pairs and records"


def _check_format(material: Material, name: str, findings: Findings) -> int:
    folder = material.dataset / name
    lines, left = read_index(folder / INDEX, _CODES), read_index(folder / LEFT_OUT, _LEFT)
    pairs = lines.select([*_CODES][2:]).rename_columns(list(KEYS))
    _check_all_told(material, name, (pairs, left.select(list(KEYS))), findings)
    _check_sides(material, name, lines, findings)
    inputs = material.dedupe.pair_inputs
    laid = lay_aside(
        pairs,
        material.shelves.records,
        material.shelves.divided,
        parts_of(material.shelves.records),
        engine=material.engine,
        folder=material.scratch / f"pairs-{name}",
    )
    missing = np.flatnonzero((laid.part < 0).reshape(-1, 2).any(axis=1))
    shown = [_pair(pairs, row) for row in missing[:SHOWN].tolist()]
    findings.add(f"a line of {name} is of runs without a record", *shown, count=len(missing))
    wanted = _wanted(material, MakeLines(name, inputs), laid)
    for file in (one for one in material.manifest.files if one.format == name):
        found = digests_of_lines(material, file, findings)
        rows = np.flatnonzero(np.asarray(pc.equal(lines["split"], file.split)))
        of_split = lines.take(pa.array(rows))
        compare_lines(f"{name}/{file.split}", found, wanted[rows], of_split, findings)
    return int(lines.num_rows)


def _check_all_told(
    material: Material, name: str, told: tuple[pa.Table, pa.Table], findings: Findings
) -> None:
    """That the lines and what was left out are the pairs of the fourth shelf, each once."""
    pairs, listed = (_keys(table) for table in (read_pairs(material.store), pa.concat_tables(told)))
    lost, strange = align(pairs, listed) < 0, align(listed, pairs) < 0
    for rule, keys, wrong in (
        (f"a pair is neither a line of {name} nor left out", pairs, lost),
        (f"{name} tells of a pair that there is not", listed, strange),
    ):
        at = np.flatnonzero(wrong)
        shown = [str(keys[row]) for row in at[:SHOWN].tolist()]
        findings.add(rule, *shown, count=len(at))


def _check_sides(material: Material, name: str, lines: pa.Table, findings: Findings) -> None:
    """That the preferred run of every line was kept, in the split of the line."""
    ledger = material.ledger()
    sides = dict(zip(ledger.run_ids.to_pylist(), ledger.column("split").to_pylist(), strict=True))
    rows = zip(lines["run_id"].to_pylist(), lines["split"].to_pylist(), strict=True)
    wrong = [run_id for run_id, split in rows if sides.get(run_id) != split]
    rule = f"a preferred run of {name} is not in the split of its line"
    findings.add(rule, *wrong[:SHOWN], count=len(wrong))


def _keys(table: pa.Table) -> pa.Array:
    columns = [table[name].combine_chunks().cast(pa.string()) for name in KEYS]
    return pc.binary_join_element_wise(*columns, " ")


def _pair(pairs: pa.Table, row: int) -> str:
    return f"{pairs['chosen_run_id'][row]} and {pairs['rejected_run_id'][row]}"


def _wanted(material: Material, make: MakeLines, laid: Laid) -> U64:
    """The digest that each line must have; zeros where no line can be made."""
    count = len(laid.part) // 2
    there = np.flatnonzero((laid.part >= 0).reshape(-1, 2).all(axis=1))
    batches = [there[at : at + _BATCH] for at in range(0, len(there), _BATCH)]
    wanted = np.zeros((count, 2), np.uint64)
    work = material.engine.map(make, (laid.of_pairs(batch) for batch in batches))
    for batch, made in zip(batches, work, strict=True):
        for row, one in zip(batch.tolist(), made, strict=True):
            if not isinstance(one, Left):
                digest = line_digest(one.line.removesuffix(b"\n"))
                wanted[row] = np.frombuffer(digest, np.uint64)
    return wanted
