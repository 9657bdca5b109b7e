"""Check `files`: every file that the manifest signs is there as it was signed, and no other."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.build.verify.findings import Findings
from pipeline.build.verify.material import DAMAGE
from pipeline.engines import Engine
from pipeline.manifest import MANIFEST_NAME, DatasetFile, DatasetManifest, FileDigests

__all__ = ["check_files"]

_BLOCK = 4 << 20
Problem = tuple[str, str]


def check_files(folder: Path, manifest: DatasetManifest, engine: Engine, findings: Findings) -> str:
    """Bytes, SHA-256, CRC32C and lines of every file, and what lies beside them."""
    for problems in engine.map(_CheckFile(folder), manifest.files):
        for rule, example in problems:
            findings.add(rule, example)
    signed = {file.path for file in manifest.files} | {MANIFEST_NAME}
    there = (path for path in folder.rglob("*") if path.is_file())
    names = sorted(path.relative_to(folder).as_posix() for path in there)
    findings.add("no file of the dataset", *(name for name in names if name not in signed))
    size = sum(file.bytes for file in manifest.files)
    return f"{len(manifest.files)} files, {size / 1e6:,.1f} MB"


@dataclass(frozen=True, slots=True)
class _CheckFile:
    folder: Path

    def __call__(self, file: DatasetFile) -> list[Problem]:
        path = self.folder / file.path
        if not path.is_file():
            return [("a file is missing", file.path)]
        try:
            digests = FileDigests.of_file(path)
            return [*_differences(file, digests), *_line_count(file, path)]
        except DAMAGE as error:
            return [("a file cannot be read", f"{file.path}: {error}")]


def _differences(file: DatasetFile, digests: FileDigests) -> list[Problem]:
    found = [
        ("bytes", file.bytes, digests.bytes),
        ("sha256", file.sha256, digests.sha256),
        ("crc32c", file.crc32c, digests.crc32c),
    ]
    rule = "a file was changed after it was written"
    return [
        (rule, f"{file.path}: {name} is {is_now}, the manifest has {was}")
        for name, was, is_now in found
        if was != is_now
    ]


def _line_count(file: DatasetFile, path: Path) -> list[Problem]:
    parquet = path.suffix == ".parquet"
    lines = pq.read_metadata(path).num_rows if parquet else _newlines(path)
    if lines == file.lines:
        return []
    return [("a file has another number of lines", f"{file.path}: {lines}, not {file.lines}")]


def _newlines(path: Path) -> int:
    count = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            count += block.count(b"\n")
    return count
