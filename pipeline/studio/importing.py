"""Filling the Studio: exported runs, environments, interactions and templates from files."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard
from msgspec import Struct

from pipeline.api.documents import Documents, sort_documents
from pipeline.api.environments import AIModel, Environment
from pipeline.errors import SourceUnreadable
from pipeline.studio.catalog import put_documents
from pipeline.studio.database import Database, upsert
from pipeline.studio.runs import put_runs, row_of
from pipeline.studio.tables import environments

__all__ = [
    "REHEARSAL",
    "ImportReport",
    "import_environments",
    "import_interactions",
    "import_rehearsal",
    "import_runs",
]

REHEARSAL = Environment(
    id="7e5700000000000000000000",
    name="embedded",
    provider="test",
    default_model="test-chat-1",
    enabled_models=(AIModel("test-chat-1", "Test chat", "test"),),
)
"""The environment of an embedded Studio that was given none: it rehearses."""

_ROWS = 500
_SHOWN = 20


class ImportReport(Struct, frozen=True):
    """What came in."""

    run_ids: list[str]
    """In the order of the file, each once."""
    problems: list[str]
    """One sentence for each line that is no run: file, line, reason; at most twenty and a count."""
    interactions: int = 0
    templates: int = 0


def import_runs(database: Database, path: Path, project: str) -> ImportReport:
    """Store every run of a file. A line that is none is reported and skipped."""
    ids: dict[str, None] = {}
    problems: list[str] = []
    rows = []
    with _lines(path) as lines:
        for number, line in enumerate(lines, 1):
            if not (document := line.strip(b"\xef\xbb\xbf \t\r\n")):
                continue
            try:
                row = row_of(project, document)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                problems.append(f"{path.name}:{number}: is no run and was skipped ({error})")
                continue
            rows.append(row)
            ids[row["id"]] = None
            if len(rows) >= _ROWS:
                _store(database, rows)
                rows = []
    _store(database, rows)
    hidden = len(problems) - _SHOWN
    more = [f"{path.name}: {hidden} more lines are no runs"] if hidden > 0 else []
    return ImportReport(list(ids), [*problems[:_SHOWN], *more])


def import_environments(database: Database, path: Path, project: str) -> None:
    """Store the environments of a JSON list."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=list[Environment])
    except OSError as error:
        raise SourceUnreadable(f"{path}: cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"{path}: is no list of environments ({error})") from None
    _put_environments(database, found, project)


def import_interactions(database: Database, path: Path, project: str) -> Documents:
    """Store the interactions and templates of a JSON or JSONL file; what was found in it."""
    try:
        with path.open("rb") as file:
            found = sort_documents(_decompressed(path, file).read())
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise SourceUnreadable(f"{path}: cannot be read ({error})") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceUnreadable(
            f"{path}: is no file of interactions and templates ({error})"
        ) from None
    with database.write() as connection:
        put_documents(connection, project, found)
    return found


def import_rehearsal(database: Database, project: str) -> None:
    """Store the environment that rehearses."""
    _put_environments(database, [REHEARSAL], project)


def _put_environments(database: Database, found: list[Environment], project: str) -> None:
    rows = [
        {"project": project, "id": one.id, "document": msgspec.json.encode(one)} for one in found
    ]
    with database.write() as connection:
        upsert(connection, environments, ("project", "id"), rows)


def _store(database: Database, rows: list[dict[str, object]]) -> None:
    if rows:
        with database.write() as connection:
            put_runs(connection, rows)


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[bytes]]:
    try:
        with path.open("rb") as file:
            yield iter(_decompressed(path, file))
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise SourceUnreadable(f"{path}: cannot be read ({error})") from None


def _decompressed(path: Path, file: BinaryIO) -> BinaryIO:
    if path.suffix == ".zst":
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return io.BufferedReader(reader, 1 << 20)
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.GzipFile(fileobj=file), 1 << 20)
    return file
