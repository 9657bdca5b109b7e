"""What the near-duplicate rule needs of every record, made part by part in the workers.

The payload is read and left behind: what comes back is digests and sizes, 80 bytes a row; the
sets themselves go to scratch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.build.comparing.scratch import write_bands, write_sets
from pipeline.build.shelf import Shelf
from pipeline.build.spill import Spill
from pipeline.digests import decode_record
from pipeline.stages.alike.candidates import Banding, band_keys
from pipeline.stages.alike.shingles import I64, U8, U64, shingle_sets
from pipeline.stages.inputs import RecordText, read_texts, words_of
from pipeline.stages.varying.templates import NO_TEMPLATE, Template

__all__ = ["AllKeys", "KeysPart", "PartKeys", "Templates", "compared_texts", "record_texts"]

Templates = Mapping[str | None, Template]
"""The template of every interaction and version, by `interaction_key`."""


@dataclass(frozen=True, slots=True)
class PartKeys:
    """The keys of one part's live rows."""

    inputs: U64
    """Digest of the variable input, shape (rows, 2)."""
    answers: U64
    """Digest of the normalized answer, shape (rows, 2)."""
    input_sizes: I64
    answer_sizes: I64
    whole: I64
    """Digest of the whole conversation; -1 where it is too short to tie anything."""
    beginnings: I64
    """Digests of the conversations' beginnings, all rows one after the other."""
    beginning_row: I64
    """For each of them its row, counted among the part's live rows."""


class AllKeys:
    """The keys of all live rows, filled part by part; every column has one entry a row."""

    def __init__(self, rows: int) -> None:
        self.inputs = np.empty((rows, 2), np.uint64)
        self.answers = np.empty((rows, 2), np.uint64)
        self.input_sizes = np.empty(rows, np.int64)
        self.answer_sizes = np.empty(rows, np.int64)
        self.whole = np.empty(rows, np.int64)
        self.beginnings: list[I64] = [np.empty(0, np.int64)]
        """Of the parts so far; so is `beginning_row`, which counts among all rows."""
        self.beginning_row: list[I64] = [np.empty(0, np.int64)]
        self.counts: list[int] = []
        """Rows of every part so far."""

    def add(self, part: PartKeys) -> None:
        """Take the next part in."""
        begin = sum(self.counts)
        span = slice(begin, begin + len(part.whole))
        self.inputs[span], self.answers[span] = part.inputs, part.answers
        self.input_sizes[span], self.answer_sizes[span] = part.input_sizes, part.answer_sizes
        self.whole[span] = part.whole
        self.beginnings.append(part.beginnings)
        self.beginning_row.append(part.beginning_row + begin)
        self.counts.append(len(part.whole))

    def of_part(self, column: I64) -> list[I64]:
        """A column, part by part."""
        return np.split(column, np.cumsum(self.counts)[:-1])


@dataclass(frozen=True, slots=True)
class KeysPart:
    """Makes the keys of one part's live rows and writes their sets to scratch."""

    records: Shelf
    spill: Spill
    scratch: Path
    templates: Templates
    ranks: U8
    banding: Banding

    def __call__(self, task: tuple[int, I64]) -> PartKeys:
        """For a part's number and row numbers: their keys."""
        part, rows = task
        chosen = pa.array(rows, pa.int64())
        table = self.spill.texts(part).take(chosen)
        keys = _read(self.records, part, ["interaction_key"], rows)["interaction_key"].to_pylist()
        answers = table["answer"].to_pylist()
        inputs = _inputs(record_texts(table), keys, self.templates)
        input_sets, answer_sets = shingle_sets(inputs, self.ranks), shingle_sets(answers)
        write_bands(self.scratch, part, band_keys(input_sets, self.banding))
        begun = table["beginnings"].combine_chunks()
        return PartKeys(
            inputs=_digests(inputs),
            answers=_digests(answers),
            input_sizes=write_sets(self.scratch, "inputs", part, input_sets),
            answer_sizes=write_sets(self.scratch, "answers", part, answer_sets),
            whole=np.asarray(table["whole"].to_numpy(), np.int64),
            beginnings=np.asarray(begun.flatten().to_numpy(), np.int64),
            beginning_row=np.asarray(pc.list_parent_indices(begun).to_numpy(), np.int64),
        )


def record_texts(table: pa.Table) -> list[RecordText]:
    """The texts that `spill.texts_table` holds."""
    columns = (table[name].to_pylist() for name in ("system", "turns", "answer"))
    return [RecordText(*texts) for texts in zip(*columns, strict=True)]


def compared_texts(
    records: Shelf, part: int, rows: I64, templates: Templates
) -> list[tuple[str, str]]:
    """Of those rows of a part what the rule compares: the variable input and the answer."""
    table = _read(records, part, ["interaction_key", "record"], rows)
    decoded = [decode_record(data) for data in table["record"].to_pylist()]
    texts = [read_texts(record, words_of(record)) for record in decoded]
    inputs = _inputs(texts, table["interaction_key"].to_pylist(), templates)
    return [(variable, text.answer) for variable, text in zip(inputs, texts, strict=True)]


def _inputs(texts: list[RecordText], keys: list[str | None], templates: Templates) -> list[str]:
    return [
        templates.get(key, NO_TEMPLATE).variable(text)
        for key, text in zip(keys, texts, strict=True)
    ]


def _read(records: Shelf, part: int, columns: list[str], rows: I64) -> pa.Table:
    """Those rows of a part; none where all of its runs have left."""
    return records.read_part(part, columns).take(pa.array(rows, pa.int64()))


def _digests(texts: list[str]) -> U64:
    data = b"".join(blake2b(text.encode(), digest_size=16).digest() for text in texts)
    return np.frombuffer(data, np.uint64).reshape(-1, 2)
