"""Check `lines`: every training line is valid for its provider and is the record it stands for.

Line n of a file is made again from the `record` bytes of the run that `lines.parquet` names for
it, and compared. The files are read in blocks by the workers.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.build.verify.findings import SHOWN, Findings
from pipeline.build.verify.material import DAMAGE, Material, align, said
from pipeline.build.verify.records import Records, line_digest
from pipeline.errors import IntegrityError
from pipeline.formats import get_format
from pipeline.manifest import DatasetFile
from pipeline.stages.alike.shingles import U64

__all__ = [
    "INDEX",
    "check_lines",
    "compare_lines",
    "digests_of_lines",
    "line_digest",
    "read_index",
]

_BLOCK = 4 << 20
_COLUMNS = {
    "split": pa.string(),
    "line": pa.int64(),
    "run_id": pa.string(),
    "record_id": pa.string(),
}
INDEX = "lines.parquet"
"""Which run each line is, in the folder of a format."""


def check_lines(material: Material, records: Records | None, findings: Findings) -> str:
    """Every file of every format; against the records too where those could be read."""
    files = [file for file in material.manifest.files if file.format and file.split]
    if records is not None:
        files = [file for file in files if file.format in records.lines]
    material.progress.begin("verify lines", sum(file.lines for file in files))
    count = 0
    for name in sorted({str(file.format) for file in files}):
        of_format = [file for file in files if file.format == name]
        count += _check_format(material, name, of_format, records, findings)
    material.progress.end("verify lines", f"{count:,} lines")
    if records is None:
        return f"{count:,} lines against their format alone"
    return f"{count:,} lines against their format and their records"


def _check_format(
    material: Material,
    name: str,
    files: list[DatasetFile],
    records: Records | None,
    findings: Findings,
) -> int:
    digests = {file.split: digests_of_lines(material, file, findings) for file in files}
    if records is None:
        return sum(len(one) for one in digests.values())
    table = read_index(material.dataset / name / INDEX, _COLUMNS)
    _check_index(material, name, table, findings)
    for split, found in digests.items():
        of_split = table.filter(pc.equal(table["split"], split))
        wanted = _wanted(material, records.lines[name], of_split)
        compare_lines(f"{name}/{split}", found, wanted, of_split, findings)
    return sum(len(one) for one in digests.values())


def digests_of_lines(material: Material, file: DatasetFile, findings: Findings) -> U64:
    """The digests of a file's lines; what its format has against them is added."""
    path = material.dataset / file.path
    digests = [np.zeros((0, 2), np.uint64)]
    first = 1
    if not path.is_file():
        return digests[0]
    prefix = get_format(str(file.format)).file_prefix
    with path.open("rb") as opened:
        if opened.read(len(prefix)) != prefix:
            findings.add("a file does not begin as its format asks for", file.path)
            prefix = b""
    blocks = _blocks(path, len(prefix))
    for problems, found in material.engine.map(_CheckBlock(path, str(file.format)), blocks):
        for line, rule in problems:
            findings.add(
                "a line that the provider refuses", f"{file.path} line {first + line}: {rule}"
            )
        digests.append(found)
        first += len(found)
        material.progress.advance(len(found))
    return np.concatenate(digests)


def _blocks(path: Path, begin: int) -> Iterator[tuple[int, int]]:
    """Where blocks of whole lines begin and end, from a place on."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while begin < size:
            file.seek(min(begin + _BLOCK, size))
            file.readline()
            yield begin, file.tell()
            begin = file.tell()


@dataclass(frozen=True, slots=True)
class _CheckBlock:
    """Reads a block of lines."""

    path: Path
    format: str

    def __call__(self, block: tuple[int, int]) -> tuple[list[tuple[int, str]], U64]:
        """What is wrong, by line of the block from 0, and the digest of every line."""
        begin, end = block
        with self.path.open("rb") as file:
            data = os.pread(file.fileno(), end - begin, begin)
        lines = data.removesuffix(b"\n").split(b"\n")
        check = get_format(self.format).check
        problems = [
            (number, f"{problem.rule} at {problem.pointer or 'the line'}: {problem.reason}")
            for number, line in enumerate(lines)
            for problem in check(line)[:1]
        ]
        digests = np.frombuffer(b"".join(map(line_digest, lines)), np.uint64).reshape(-1, 2)
        return problems, digests


def read_index(path: Path, columns: Mapping[str, pa.DataType]) -> pa.Table:
    """A table of a format's folder; `IntegrityError` unless it has these columns."""
    name = f"dataset/{path.parent.name}/{path.name}"
    try:
        table = pq.ParquetFile(path).read().combine_chunks()
    except DAMAGE as error:
        raise IntegrityError(f"{name}: cannot be read ({said(error)})") from None
    for column, kind in columns.items():
        if column not in table.column_names or table[column].type != kind:
            raise IntegrityError(f"{name}: has no column {column} of {kind}")
    return table


def _check_index(material: Material, name: str, table: pa.Table, findings: Findings) -> None:
    """That it has each kept run once, with the record and the split that the ledger has."""
    ledger = material.ledger()
    kept = np.flatnonzero(ledger.stays())
    run_ids = ledger.run_ids.take(pa.array(kept))
    at = align(run_ids, table["run_id"].combine_chunks())
    lost = run_ids.filter(pa.array(at < 0))
    _add(findings, f"a kept run has no line in {name}", lost)
    strange = align(table["run_id"].combine_chunks(), run_ids) < 0
    _add(findings, f"a line of {name} is of no kept run", table["run_id"].filter(pa.array(strange)))
    there = at >= 0
    told = ledger.column("split").take(pa.array(kept[there]))
    listed = table["split"].combine_chunks().take(pa.array(at[there]))
    other = pc.not_equal(pc.coalesce(told, pa.scalar("")), listed)
    _add(
        findings,
        f"a run is in another split in {name}",
        run_ids.filter(pa.array(there)).filter(other),
    )


def _wanted(material: Material, lines: U64, of_split: pa.Table) -> U64:
    """The digest that each line of a split must have; zeros where no record is known."""
    ledger = material.ledger()
    kept = np.flatnonzero(ledger.stays())
    at = align(of_split["run_id"].combine_chunks(), ledger.run_ids.take(pa.array(kept)))
    wanted = np.zeros((len(at), 2), np.uint64)
    wanted[at >= 0] = lines[kept[at[at >= 0]]]
    return wanted


def compare_lines(
    where: str, found: U64, wanted: U64, of_split: pa.Table, findings: Findings
) -> None:
    """Add every line that is not the one it should be, and a numbering that is none."""
    numbers = of_split["line"].to_numpy()
    if not np.array_equal(numbers, np.arange(1, len(numbers) + 1)):
        findings.add("the lines are not numbered 1, 2, 3 ...", f"{where} in {INDEX}")
    if len(found) != len(wanted):
        said_of_it = f"{where}: {len(found)} lines, {len(wanted)} in {INDEX}"
        findings.add("a file and its index have other numbers of lines", said_of_it)
    both = min(len(found), len(wanted))
    unlike = np.flatnonzero((found[:both] != wanted[:both]).any(axis=1))
    shown = [
        f"{where} line {row + 1}: run {of_split['run_id'][row]}" for row in unlike[:SHOWN].tolist()
    ]
    findings.add("a line is not the record of its run", *shown, count=len(unlike))


def _add(findings: Findings, rule: str, run_ids: pa.Array) -> None:
    findings.add(rule, *map(str, run_ids.slice(0, SHOWN).to_pylist()), count=len(run_ids))
