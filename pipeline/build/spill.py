"""What a worker that has a record at hand lays aside for later steps of the same build.

The texts that are compared and the lines of every format: with them no later step decodes a
record again. Nothing depends on it: what is missing is made again from the records. It lies
under `.spill/` in the build's folder and goes when the dataset is finished. Always local.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.build.shelf import Shelf
from pipeline.digests import decode_record
from pipeline.formats import get_format, line_of
from pipeline.records import ChatRecord
from pipeline.stages.alike.shingles import I64
from pipeline.stages.conversations import conversation_digests
from pipeline.stages.inputs import read_texts, words_of

__all__ = ["Spill", "texts_table"]

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def texts_table(records: Sequence[ChatRecord], words: Sequence[list[str]]) -> pa.Table:
    """What the comparison needs of records; `words` are those of their messages.

    `system`, `turns`, `answer`: normalized (`RecordText`); `whole`, `beginnings`: digests of the
    conversation and of its beginnings.
    """
    texts = [read_texts(*pair) for pair in zip(records, words, strict=True)]
    ties = [conversation_digests(*pair) for pair in zip(records, words, strict=True)]
    return pa.table(
        {
            "system": pa.array([text.system for text in texts], pa.string()).dictionary_encode(),
            "turns": pa.array([text.turns for text in texts], pa.string()),
            "answer": pa.array([text.answer for text in texts], pa.string()),
            "whole": pa.array([whole for whole, _ in ties], pa.int64()),
            "beginnings": pa.array([begun for _, begun in ties], pa.list_(pa.int64())),
        }
    )


@dataclass(frozen=True, slots=True)
class Spill:
    """One build's spill."""

    folder: Path
    records: Shelf
    """The second shelf, from which everything can be made again."""

    def clear(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_texts(self, part: int, table: pa.Table) -> None:
        """Lay the compared texts of a part aside."""
        self.folder.mkdir(exist_ok=True)
        path = self._path("texts", part)
        temporary = path.with_suffix(".tmp")
        with pa.ipc.new_file(temporary, table.schema, options=_OPTIONS) as file:
            file.write_table(table)
        temporary.replace(path)

    def texts(self, part: int) -> pa.Table:
        """The compared texts of every row of a part, as `texts_table` makes them."""
        path = self._path("texts", part)
        if path.is_file():
            with pa.memory_map(str(path)) as file:
                return pa.ipc.open_file(file).read_all()
        decoded = [decode_record(data) for data in self._records(part)]
        return texts_table(decoded, [words_of(record) for record in decoded])

    def write_lines(self, form: str, part: int, lines: Sequence[bytes]) -> None:
        """Lay a part's lines of one format aside, in the order of its rows; each with its newline.

        A row that the format refuses has an empty one.
        """
        self.folder.mkdir(exist_ok=True)
        self.lines_path(form, part).write_bytes(b"".join(lines))
        sizes = np.fromiter(map(len, lines), np.int64, len(lines))
        path = self._path(form, part)
        temporary = path.with_suffix(".tmp")
        sizes.tofile(temporary)
        temporary.replace(path)

    def line_sizes(self, form: str, part: int) -> I64:
        """The bytes of each of a part's lines; they lie one after the other in `lines_path`."""
        path = self._path(form, part)
        if not path.is_file():
            made = get_format(form)
            records = map(decode_record, self._records(part))
            lines = [line_of(made, record) + b"\n" for record in records]
            self.write_lines(form, part, lines)
        return np.fromfile(path, np.int64)

    def lines_path(self, form: str, part: int) -> Path:
        """Where they lie."""
        return self.folder / f"{form}-{part:05d}.jsonl"

    def _path(self, kind: str, part: int) -> Path:
        return self.folder / f"{kind}-{part:05d}.spill"

    def _records(self, part: int) -> list[bytes]:
        data: list[bytes] = self.records.read_part(part, ["record"])["record"].to_pylist()
        return data
