"""Where runs come from: exported files, or a Studio session. Both give numbered batches.

A batch's number is its part's on the first shelf, and depends only on the source, so a build
that was killed goes on with the batches that are missing.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from pipeline.build.line_blocks import BLOCK, LineBlock, open_packed, packing_of, read_blocks
from pipeline.build.pulling.patterns import files_of
from pipeline.build.pulling.templates import TemplateStudio
from pipeline.digests import canonical_json, content_digest
from pipeline.errors import SourceUnreadable, UsageError

__all__ = [
    "Batch",
    "DocumentBatch",
    "FileSlice",
    "FileSource",
    "LineBatch",
    "RunSource",
    "hash_file",
    "line_blocks",
]

_SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson", ".gz", ".zst", ".parquet")
_ROWS = 1024


@dataclass(frozen=True, slots=True)
class LineBatch:
    """Lines of a file: `data` holds whole lines, the first of them number `first_line`."""

    index: int
    origin: str
    first_line: int
    data: bytes
    oversized: tuple[int, ...] = ()
    """Numbers of lines that were left out because they are too long to hold."""


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Lines that lie plain in a file; who works on them reads them."""

    index: int
    path: Path
    first_line: int
    start: int
    size: int
    """In bytes."""

    def read(self) -> LineBatch:
        """The lines; `SourceUnreadable` where the file has changed meanwhile."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.start)
                data = file.read(self.size)
        except OSError as error:
            raise SourceUnreadable(f"{self.path}: cannot be read ({error.strerror})") from None
        if len(data) != self.size:
            raise SourceUnreadable(f"{self.path}: was cut while it was read")
        return LineBatch(self.index, self.path.name, self.first_line, data)


@dataclass(frozen=True, slots=True)
class DocumentBatch:
    """Run documents by id; None where the run vanished between the listing and the fetch."""

    index: int
    documents: tuple[tuple[str, bytes | None], ...]


Batch = LineBatch | FileSlice | DocumentBatch


class RunSource(Protocol):
    """A place that runs come from."""

    def digest(self) -> str:
        """Changes whenever the runs do."""

    def describe(self) -> dict[str, Any]:
        """What the manifest says of the source; no path of a machine, no secret."""

    def total(self) -> int | None:
        """How many runs there are, where that is known beforehand."""

    def batches(self, done: Container[int]) -> Iterator[Batch]:
        """The batches whose number is not in `done`, in order."""

    def studio(self) -> TemplateStudio | None:
        """Who has the templates of the runs' interactions; None where nobody can be asked."""


class FileSource:
    """Exported run documents: one JSON document a line, or a Parquet column `raw`."""

    def __init__(self, patterns: Sequence[str], max_bytes: int) -> None:
        self._paths = _expand(patterns)
        self._max_bytes = max_bytes
        self._hashes = {path: hash_file(path) for path in self._paths}

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, in the order of `describe`."""
        return self._paths

    def digest(self) -> str:
        """Over the files' contents, whatever they are called and in whatever order."""
        return content_digest(canonical_json(sorted(self._hashes.values())))

    def describe(self) -> dict[str, Any]:
        """The files' names, without their folders, and hashes."""
        files = [{"name": path.name, "xxh3_128": self._hashes[path]} for path in self._paths]
        return {"kind": "files", "files": files}

    def total(self) -> int | None:
        """Not known before the files are read."""
        return None

    def batches(self, done: Container[int]) -> Iterator[Batch]:
        """Blocks of about `BLOCK` bytes, cut between lines."""
        index = 0
        for path in self._paths:
            for block in self._blocks(path):
                if index not in done:
                    yield _batch(index, path, block)
                index += 1

    def studio(self) -> None:
        """None: files were exported by somebody else."""

    def _blocks(self, path: Path) -> Iterator[LineBlock]:
        if path.suffix == ".parquet":
            return _parquet_blocks(path)
        return _line_blocks(path, self._max_bytes)


def _batch(index: int, path: Path, block: LineBlock) -> Batch:
    """A block as a worker gets it: bytes only where it cannot read them by itself."""
    if block.start is not None and not block.oversized and packing_of(path) is None:
        return FileSlice(index, path, block.first_line, block.start, len(block.data))
    return LineBatch(index, path.name, block.first_line, block.data, block.oversized)


def line_blocks(path: Path, max_bytes: int) -> Iterator[tuple[int, bytes, tuple[int, ...]]]:
    """Blocks of whole lines: the number of the first, the bytes, numbers of lines left out."""
    for block in _line_blocks(path, max_bytes):
        yield block.first_line, block.data, block.oversized


def _line_blocks(path: Path, max_bytes: int) -> Iterator[LineBlock]:
    with path.open("rb") as packed, open_packed(packed, packing_of(path)) as file:
        yield from read_blocks(file, str(path), max_bytes)


def _parquet_blocks(path: Path) -> Iterator[LineBlock]:
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise SourceUnreadable(f"{path}: is no readable Parquet file ({error})") from None
    if "raw" not in file.schema_arrow.names:
        raise SourceUnreadable(
            f"{path}: has no column `raw`; export each run's JSON document into that column"
        )
    row = 1
    for batch in file.iter_batches(_ROWS, columns=["raw"]):
        documents = [value.as_py() or b"" for value in batch.column(0)]
        lines = [doc.encode() if isinstance(doc, str) else doc for doc in documents]
        yield LineBlock(row, b"".join(line.replace(b"\n", b" ") + b"\n" for line in lines))
        row += len(lines)


def _expand(patterns: Sequence[str]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(map(_checked, files_of("--runs", patterns))))


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise SourceUnreadable(f"{path}: there is no such file")
    if not path.name.endswith(_SUFFIXES):
        raise UsageError(
            f"{path}: is not one of .jsonl, .jsonl.gz, .jsonl.zst, .parquet; "
            "export one run document a line"
        )
    if path.stat().st_size == 0:
        raise SourceUnreadable(f"{path}: is empty")
    return path


def hash_file(path: Path) -> str:
    """The XXH3 of a file's bytes, 32 hexadecimal digits."""
    digest = xxhash.xxh3_128()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError as error:
        raise SourceUnreadable(f"{path}: cannot be read ({error.strerror})") from None
    return digest.hexdigest()
