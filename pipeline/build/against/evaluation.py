"""The items of evaluation files, read block by block in the workers.

What is compared of an item goes to scratch, as sets of 5-grams and as texts; what stays in memory
is its name. Each file's items are searched for the words that they share, as runs' are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.build.against.other_sets import EvaluationFile, OtherSets
from pipeline.build.comparing.scratch import FileSets, write_sets
from pipeline.build.pulling.sources import LineBatch
from pipeline.digests import unit_hash
from pipeline.engines import Engine
from pipeline.errors import SourceUnreadable
from pipeline.stages.against.forms import INPUT_FIELDS, TALK_FIELDS
from pipeline.stages.against.item import Item, ReadItem, compared_with, is_run
from pipeline.stages.alike.shingles import I64, U8, shingle_sets
from pipeline.stages.varying.templates import SAMPLE_SIZE, Sample, Template, learn_template

__all__ = ["Items", "check_files", "read_items", "read_texts_of"]

_KIND = "evaluation"


@dataclass(frozen=True, slots=True)
class Items:
    """All items of all files, and the texts of them that are compared."""

    labels: list[str]
    """Each item's name: a run's id, or `<file:number>`."""
    said: list[str]
    """The same in words."""
    owner: I64
    """Each text's item."""
    sets: FileSets
    """Each text's 5-grams."""
    row: I64
    """Each text's row in its part."""
    sought: NDArray[np.bool_]
    """Whether a text is looked for inside longer inputs."""
    facts: list[dict[str, Any]]
    """What the manifest says of each file."""


@dataclass(frozen=True, slots=True)
class _BlockItems:
    labels: list[str]
    said: list[str]
    owner: I64
    sizes: I64
    sought: NDArray[np.bool_]
    unread: int
    """Documents that hold no text which can be compared."""


def check_files(sets: OtherSets, read: ReadItem) -> None:
    """Raise `SourceUnreadable` for a file in which nothing is understood, before any work."""
    for file in sets.files:
        blocks = file.blocks(read.max_bytes)
        documents = (document for block in blocks for document in block.data.split(b"\n"))
        if not any(_is_understood(document, read, file) for document in documents):
            raise _nothing_in(file)


def _is_understood(document: bytes, read: ReadItem, file: EvaluationFile) -> bool:
    """Whether it is an item, or a run whose prompt may be rendered later on."""
    if not document.strip():
        return False
    if _read_one(document, read, file) is not None:
        return True
    try:
        return file.kind != ".txt" and is_run(msgspec.json.decode(document))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _nothing_in(file: EvaluationFile) -> SourceUnreadable:
    fields = ", ".join((*TALK_FIELDS, *INPUT_FIELDS))
    return SourceUnreadable(
        f"{file.path}: no {file.place} of it is understood as an item of an evaluation set; an "
        f"item is an exported run, a text, or an object with one of {fields}"
    )


def read_items(
    files: Sequence[EvaluationFile],
    read: ReadItem,
    *,
    templates: Sequence[Template],
    ranks: U8,
    scratch: Path,
    engine: Engine,
) -> Items:
    """Read every file; what is compared of its items lies in scratch afterwards."""
    blocks: list[_BlockItems] = []
    facts = []
    for file in files:
        own = _frame(file, read)
        work = _ReadBlock(file, read, (own, *templates), ranks, scratch)
        numbered = enumerate(file.blocks(read.max_bytes), len(blocks))
        found = list(engine.map(work, numbered))
        count = sum(len(one.labels) for one in found)
        if not count:
            raise _nothing_in(file)
        unread = sum(one.unread for one in found)
        facts.append({**file.describe(), "items": count, "unread": unread})
        blocks += found
    begins = np.cumsum([0, *(len(one.labels) for one in blocks)])
    owners = [one.owner + begin for one, begin in zip(blocks, begins.tolist(), strict=False)]
    return Items(
        labels=[label for one in blocks for label in one.labels],
        said=[said for one in blocks for said in one.said],
        owner=np.concatenate(owners),
        sets=FileSets.over(scratch, _KIND, [one.sizes for one in blocks]),
        row=np.concatenate([np.arange(len(one.sizes)) for one in blocks]),
        sought=np.concatenate([one.sought for one in blocks]),
        facts=facts,
    )


def read_texts_of(scratch: Path, part: int) -> list[str]:
    """The compared texts of one part, in the order of their sets."""
    texts: list[str] = pq.read_table(_texts_path(scratch, part))["text"].to_pylist()
    return texts


def _frame(file: EvaluationFile, read: ReadItem) -> Template:
    """What the file's items share, learned from some of those of its first block."""
    first = next(iter(file.blocks(read.max_bytes)), None)
    items = [] if first is None else [item for _, item in _items_of(first, read, file) if item]
    drawn = sorted({item.text for item in items}, key=lambda one: (_draw(one.turns), one.turns))
    return learn_template([Sample(text, ()) for text in drawn[:SAMPLE_SIZE]])


def _draw(text: str) -> float:
    return unit_hash("sample", text)


def _items_of(
    block: LineBatch, read: ReadItem, file: EvaluationFile
) -> list[tuple[int, Item | None]]:
    """The block's documents with their numbers; None for one that holds nothing to compare."""
    left_out = set(block.oversized)
    lines = enumerate(block.data.split(b"\n"), block.first_line)
    return [
        (number, None if number in left_out else _read_one(line, read, file))
        for number, line in lines
        if line.strip() or number in left_out
    ]


def _read_one(line: bytes, read: ReadItem, file: EvaluationFile) -> Item | None:
    document = line.strip(b"\xef\xbb\xbf \t\r")
    if file.kind != ".txt":
        return read(document)
    try:
        return read.plain(document.decode())
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True, slots=True)
class _ReadBlock:
    """Reads one block of a file, and writes what is compared of its items to scratch."""

    file: EvaluationFile
    read: ReadItem
    templates: tuple[Template, ...]
    """The file's own first."""
    ranks: U8
    scratch: Path

    def __call__(self, task: tuple[int, LineBatch]) -> _BlockItems:
        part, block = task
        found = _items_of(block, self.read, self.file)
        items = [(number, item) for number, item in found if item is not None]
        texts = [compared_with(item, self.templates) for _, item in items]
        flat = [text for of_item in texts for text in of_item]
        table = pa.table({"text": pa.array(flat, pa.string())})
        pq.write_table(table, _texts_path(self.scratch, part), compression="zstd")
        return _BlockItems(
            labels=[item.run_id or f"<{block.origin}:{number}>" for number, item in items],
            said=[self._said(number, item) for number, item in items],
            owner=np.repeat(np.arange(len(texts)), [len(of_item) for of_item in texts]),
            sizes=write_sets(self.scratch, _KIND, part, shingle_sets(flat, self.ranks)),
            sought=np.array([one for of_item in texts for one in of_item.values()], np.bool_),
            unread=len(found) - len(items),
        )

    def _said(self, number: int, item: Item) -> str:
        what = f"run {item.run_id}" if item.run_id else f"{self.file.place} {number}"
        return f"{what} of {self.file.path.name}"


def _texts_path(scratch: Path, part: int) -> Path:
    return scratch / f"{_KIND}-{part:05d}.parquet"
