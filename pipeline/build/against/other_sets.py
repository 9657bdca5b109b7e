"""The sets that a dataset is held against: evaluation files and earlier builds, as they are named.

Named by the spec, found on the disk, known by their content: the build's id is made of it.
Evaluation files come in blocks of documents, one a line, whatever form the file has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from pipeline.build.pulling.patterns import files_of
from pipeline.build.pulling.sources import LineBatch, hash_file, line_blocks
from pipeline.build.result import find_build
from pipeline.digests import canonical_json, content_digest
from pipeline.errors import SourceUnreadable, UsageError
from pipeline.manifest import MANIFEST_NAME
from pipeline.spec import BuildSpec
from pipeline.stages.against.forms import INPUT_FIELDS, TALK_FIELDS

__all__ = ["EarlierBuild", "EvaluationFile", "OtherSets", "open_sets"]

_PACKED = (".gz", ".zst")
_SUFFIXES = (".jsonl", ".ndjson", ".json", ".txt", ".parquet")
_BLOCK = 8 << 20
_ROWS = 1024
_PLACES = {".json": "item", ".parquet": "row"}
_COLUMNS = (*TALK_FIELDS, *INPUT_FIELDS, "system")


@dataclass(frozen=True, slots=True)
class EvaluationFile:
    """A file of items whose like must not be trained on."""

    path: Path
    digest: str

    @property
    def kind(self) -> str:
        """Its suffix without that of the packing; packed files without one are JSON lines."""
        name = self.path
        while name.suffix in _PACKED:
            name = name.with_suffix("")
        return name.suffix if name.suffix in _SUFFIXES else ".jsonl"

    @property
    def place(self) -> str:
        """What an item's number counts: lines, items of an array, rows."""
        return _PLACES.get(self.kind, "line")

    def describe(self) -> dict[str, Any]:
        """What the manifest says of it; no path of a machine."""
        return {"kind": "file", "name": self.path.name, "xxh3_128": self.digest}

    def blocks(self, max_bytes: int) -> Iterator[LineBatch]:
        """Its documents one a line, numbered from 1 as they stand in the file."""
        match self.kind:
            case ".parquet":
                found = _parquet_blocks(self.path)
            case ".json":
                found = _json_blocks(self.path)
            case _:
                found = line_blocks(self.path, max_bytes)
        for index, (first, data, oversized) in enumerate(found):
            yield LineBatch(index, self.path.name, first, data, oversized)


@dataclass(frozen=True, slots=True)
class EarlierBuild:
    """A finished build, whose kept records must not come again."""

    folder: Path
    build_id: str
    digest: str

    def describe(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {"kind": "build", "build_id": self.build_id, "manifest": self.digest}


@dataclass(frozen=True, slots=True)
class OtherSets:
    """All of them, each once."""

    files: tuple[EvaluationFile, ...] = ()
    builds: tuple[EarlierBuild, ...] = ()

    def __len__(self) -> int:
        return len(self.files) + len(self.builds)

    def digest(self) -> str | None:
        """Changes whenever one of them does, whatever their order; None without any."""
        told = [one.describe() for one in self.files] + [one.describe() for one in self.builds]
        return content_digest(canonical_json(sorted(told, key=str))) if told else None


def open_sets(spec: BuildSpec) -> OtherSets:
    """Find what `against.sets` names; a name that fits nothing is a sentence."""
    files: dict[Path, EvaluationFile] = {}
    builds: dict[str, EarlierBuild] = {}
    for name in spec.against.sets:
        paths = _files(name)
        if paths:
            files |= {path: EvaluationFile(path, hash_file(path)) for path in paths}
        else:
            build = _build(name, spec)
            builds[build.build_id] = build
    return OtherSets(
        tuple(sorted(files.values(), key=lambda one: (one.path.name, one.digest))),
        tuple(sorted(builds.values(), key=lambda one: one.build_id)),
    )


def _files(name: str) -> list[Path]:
    """The files of that name or glob; none where it can only be a build's."""
    found = files_of("--against", [name], "give files or builds")
    if found != [Path(name)]:
        return [_checked(path) for path in found]
    path = Path(name).expanduser()
    if path.is_dir():
        return []
    if path.is_file() or path.name.endswith((*_SUFFIXES, *_PACKED)):
        return [_checked(path)]
    return []


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise SourceUnreadable(f"{path}: there is no such file")
    if not path.name.endswith((*_SUFFIXES, *_PACKED)):
        raise UsageError(
            f"{path}: is none of {', '.join((*_SUFFIXES, *_PACKED))}; an evaluation set has one "
            "item a line, an array of items, or a row for each"
        )
    if path.stat().st_size == 0:
        raise SourceUnreadable(f"{path}: is empty")
    return path.absolute()


def _build(name: str, spec: BuildSpec) -> EarlierBuild:
    folder = Path(name).expanduser()
    if folder.is_dir() and not (folder / "dataset").is_dir():
        raise SourceUnreadable(f"--against {name}: is a folder that holds no build")
    try:
        found = find_build(spec.run.work_dir, str(folder) if folder.is_dir() else name)
    except SourceUnreadable as error:
        raise SourceUnreadable(f"--against {name}: is no file, and no build: {error}") from None
    signed = (found.dataset / MANIFEST_NAME).read_bytes()
    return EarlierBuild(found.path, found.build_id, content_digest(signed))


def _json_blocks(path: Path) -> Iterator[tuple[int, bytes, tuple[int, ...]]]:
    """The items of an array, of an object's arrays, or the one object; lines where it has them."""
    data = _unpacked(path).removeprefix(b"\xef\xbb\xbf")
    try:
        whole = bytes(msgspec.json.decode(data, type=msgspec.Raw)).strip()
        documents = _items(whole)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield 1, data.rstrip(b"\n") + b"\n", ()
        return
    yield from _as_lines(documents)


def _items(whole: bytes) -> list[bytes]:
    if whole.startswith(b"["):
        return [bytes(one) for one in msgspec.json.decode(whole, type=list[msgspec.Raw])]
    if not whole.startswith(b"{"):
        return [whole]
    fields = msgspec.json.decode(whole, type=dict[str, msgspec.Raw])
    lists = [bytes(value) for value in fields.values() if bytes(value).startswith(b"[")]
    if not lists or any(name in fields for name in (*TALK_FIELDS, *INPUT_FIELDS)):
        return [whole]
    return [item for one in lists for item in _items(one)]


def _parquet_blocks(path: Path) -> Iterator[tuple[int, bytes, tuple[int, ...]]]:
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        chosen = ["raw"] if "raw" in names else [name for name in names if name in _COLUMNS]
        if not chosen:
            raise SourceUnreadable(
                f"{path}: has none of the columns raw, {', '.join(_COLUMNS)}; they hold the items"
            )
        row = 1
        for batch in file.iter_batches(_ROWS, columns=chosen):
            documents = [_row(one) for one in batch.to_pylist()]
            yield row, _joined(documents), ()
            row += len(documents)
    except (OSError, pa.ArrowException) as error:
        raise SourceUnreadable(f"{path}: is no readable Parquet file ({error})") from None


def _row(row: dict[str, Any]) -> bytes:
    if "raw" in row:
        raw = row["raw"] or b""
        return raw.encode() if isinstance(raw, str) else bytes(raw)
    return msgspec.json.encode(row, enc_hook=str)


def _as_lines(documents: Sequence[bytes]) -> Iterator[tuple[int, bytes, tuple[int, ...]]]:
    begin, size = 0, 0
    for at, document in enumerate(documents):
        size += len(document)
        if size >= _BLOCK:
            yield begin + 1, _joined(documents[begin : at + 1]), ()
            begin, size = at + 1, 0
    if begin < len(documents):
        yield begin + 1, _joined(documents[begin:]), ()


def _joined(documents: Sequence[bytes]) -> bytes:
    """One document a line; a line break inside JSON is white space."""
    return b"".join(one.replace(b"\n", b" ") + b"\n" for one in documents)


def _unpacked(path: Path) -> bytes:
    """The bytes of a file that is read whole."""
    try:
        return b"".join(data for _, data, _ in line_blocks(path, path.stat().st_size << 10))
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise SourceUnreadable(f"{path}: cannot be read ({error})") from None
