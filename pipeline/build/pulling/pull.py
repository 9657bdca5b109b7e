"""The first shelf: every run document exactly as it came, with key columns beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import pyarrow as pa

from pipeline.api.runs import Run, ref_name
from pipeline.build.progress import Progress
from pipeline.build.pulling.sources import Batch, DocumentBatch, FileSlice, LineBatch, RunSource
from pipeline.build.shelf import Shelf, ShelfManifest
from pipeline.engines import Engine
from pipeline.errors import SourceUnreadable
from pipeline.ledger import Tally

__all__ = ["documents_of", "pull"]

_RUN = msgspec.json.Decoder(Run)
"""For the key columns alone; whether the document is sound is asked by the next stage."""

_SCHEMA = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("raw", pa.binary()),
        pa.field("interaction", pa.string()),
        pa.field("environment", pa.string()),
        pa.field("model", pa.string()),
        pa.field("status", pa.string()),
        pa.field("created_at", pa.string()),
        pa.field("updated_at", pa.string()),
    ]
)


Then = Callable[[int, list[str], list[bytes | None]], None]
"""Takes a part's number, ids and documents."""


def pull(
    shelf: Shelf,
    source: RunSource,
    engine: Engine,
    progress: Progress,
    then: Then | None = None,
) -> ShelfManifest:
    """Bring every run of the source onto the shelf. Goes on where a killed pull stopped.

    `then` is called in the worker with every part that was brought, while it is at hand.
    """
    if found := shelf.manifest():
        return found
    progress.begin("pull", source.total())
    done = _parts_there(shelf)
    rows = {index: shelf.part_rows(index) for index in done}
    progress.advance(sum(rows.values()))
    for index, count in engine.map(_PullPart(shelf, then), source.batches(done)):
        rows[index] = count
        progress.advance(count)
    counts = tuple(rows[index] for index in sorted(rows))
    if sum(counts) == 0:
        raise SourceUnreadable("the source holds no run at all; check --runs or --session")
    progress.end("pull", f"{sum(counts):,} runs")
    tally = Tally(pulled=sum(counts), kept=sum(counts), rejected={}, duplicates={})
    return shelf.commit(ShelfManifest(rows=counts, tally=tally, facts=source.describe()))


def _parts_there(shelf: Shelf) -> set[int]:
    names = shelf.store.names(shelf.name)
    found = {int(name[5:10]) for name in names if name.startswith("part-")}
    return {index for index in found if shelf.has_part(index)}


@dataclass(frozen=True, slots=True)
class _PullPart:
    """Writes one batch as a part; its number and how many rows it has."""

    shelf: Shelf
    then: Then | None

    def __call__(self, batch: Batch) -> tuple[int, int]:
        batch = batch.read() if isinstance(batch, FileSlice) else batch
        rows = list(documents_of(batch))
        raws = [raw for _, raw in rows]
        keys = [_key_columns(label, raw) for label, raw in rows]
        run_ids = [key[0] for key in keys]
        others = [[key[at] for key in keys] for at in range(1, len(_SCHEMA) - 1)]
        table = pa.Table.from_arrays(
            [
                pa.array(values, field.type)
                for values, field in zip([run_ids, raws, *others], _SCHEMA, strict=True)
            ],
            schema=_SCHEMA,
        )
        self.shelf.write_part(batch.index, table)
        if self.then is not None:
            self.then(batch.index, run_ids, raws)
        return batch.index, len(rows)


def documents_of(batch: LineBatch | DocumentBatch) -> Iterator[tuple[str, bytes | None]]:
    """A label for messages (or the id) and the document; None where there is none."""
    match batch:
        case DocumentBatch():
            yield from batch.documents
        case LineBatch():
            oversized = set(batch.oversized)
            for number, line in enumerate(batch.data.split(b"\n"), batch.first_line):
                label = f"<{batch.origin}:{number}>"
                if number in oversized:
                    yield label, None
                elif document := line.strip(b"\xef\xbb\xbf \t\r"):
                    yield label, document


def _key_columns(label: str, raw: bytes | None) -> tuple[str, *tuple[str | None, ...]]:
    try:
        run = _RUN.decode(raw or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return label, None, None, None, None, None, None
    return (
        run.id or label,
        _name(run.interaction),
        _name(run.environment),
        run.model_id,
        run.status,
        run.created_at,
        run.updated_at,
    )


def _name(value: msgspec.Raw | msgspec.UnsetType) -> str | None:
    try:
        return ref_name(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
