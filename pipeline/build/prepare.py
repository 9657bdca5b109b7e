"""The second shelf: what of the pulled runs became records, and why the others did not.

Each part has two files: `part-*` with the records and `rejected-*` with the runs that left.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from pipeline.build.progress import Progress
from pipeline.build.pulling.rendering import PartRenderer
from pipeline.build.shelf import Shelf, ShelfManifest
from pipeline.build.spill import texts_table
from pipeline.build.tallies import add_counts
from pipeline.build.validate import CheckPart
from pipeline.engines import Engine
from pipeline.ledger import Tally
from pipeline.records import ChatRecord, Rejected
from pipeline.stages.facts import moment_of
from pipeline.stages.inputs import words_of
from pipeline.stages.prepare import Prepare, Prepared, Refused

__all__ = ["PreparePart", "prepare"]

REJECTED_SCHEMA = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("interaction", pa.string()),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("detail", pa.string()),
    ]
)

_MOMENT = pa.timestamp("us", "UTC")
_TURN = pa.struct([pa.field("role", pa.string()), pa.field("text", pa.string())])


def prepare(make: "PreparePart", engine: Engine, progress: Progress) -> ShelfManifest:
    """Turn every pulled run into a record or a reason."""
    if found := make.shelf.manifest():
        return found
    given = make.pulled.manifest()
    assert given is not None
    progress.begin("normalize", sum(given.rows))
    rows: list[int] = []
    rejected: dict[str, int] = {}
    work = engine.map(make, range(len(given.rows)))
    for part, (kept, codes) in enumerate(work):
        rows.append(kept)
        add_counts(rejected, codes)
        progress.advance(given.rows[part])
    tally = Tally(pulled=sum(given.rows), kept=sum(rows), rejected=rejected, duplicates={})
    progress.end("normalize", f"{tally.kept:,} records, {sum(rejected.values()):,} rejected")
    return make.shelf.commit(ShelfManifest(rows=tuple(rows), tally=tally))


@dataclass(frozen=True, slots=True)
class PreparePart:
    """Makes one part, and while its records are at hand the part of the third shelf."""

    shelf: Shelf
    pulled: Shelf
    stage: Prepare
    renderer: PartRenderer
    check: CheckPart

    def __call__(self, index: int) -> tuple[int, dict[str, int]]:
        """How many records part `index` has, and how many runs left, by code."""
        if not (self.shelf.has_part(index) and self.shelf.has_part(index, "rejected")):
            self._make(index)
        codes = self.shelf.read_part(index, ["code"], "rejected")["code"].value_counts()
        counts = {pair["values"].as_py(): pair["counts"].as_py() for pair in codes}
        return self.shelf.part_rows(index), counts

    def _make(self, index: int) -> None:
        table = self.pulled.read_part(index, ["run_id", "raw"])
        self.make(index, table["run_id"].to_pylist(), table["raw"].to_pylist())

    def make(self, index: int, run_ids: list[str], raws: list[bytes | None]) -> None:
        """Make part `index` from its documents, None where there is none."""
        normalize = replace(self.stage.normalize, renderer=self.renderer(index))
        stage = replace(self.stage, normalize=normalize)
        prepared: list[Prepared] = []
        refused: list[tuple[str, Refused]] = []
        for run_id, raw in zip(run_ids, raws, strict=True):
            match _read(stage, run_id, raw):
                case Prepared() as one:
                    prepared.append(one)
                case Refused() as one:
                    refused.append((run_id, one))
        records = [one.record for one in prepared]
        words = [words_of(record) for record in records]
        self.check.spill.write_texts(index, texts_table(records, words))
        self.check.write(index, [one.run_id for one in prepared], records)
        self.shelf.write_part(index, _rejected_table(refused), "rejected")
        self.shelf.write_part(index, _record_table(prepared, words))


def _read(stage: Prepare, run_id: str, raw: bytes | None) -> Prepared | Refused:
    if raw is not None:
        return stage(raw)
    if run_id.startswith("<"):
        rejected = Rejected("pull", "too_large", "the line is longer than source.max_run_bytes")
    else:
        rejected = Rejected("pull", "vanished", "the Studio listed the run but no longer has it")
    return Refused(run_id=run_id, interaction=None, rejected=rejected)


def _rejected_table(refused: list[tuple[str, Refused]]) -> pa.Table:
    rows = [
        {
            "run_id": run_id,
            "interaction": one.interaction,
            "stage": one.rejected.stage,
            "code": one.rejected.code,
            "detail": one.rejected.detail,
        }
        for run_id, one in refused
    ]
    return pa.Table.from_pylist(rows, schema=REJECTED_SCHEMA)


def _record_table(prepared: list[Prepared], words: list[list[str]]) -> pa.Table:
    records = [one.record for one in prepared]
    return pa.table(
        {
            "run_id": pa.array([one.run_id for one in prepared], pa.string()),
            "record_id": pa.array([one.record_id for one in prepared], pa.string()),
            "record": pa.array([one.record_bytes for one in prepared], pa.binary()),
            "interaction": pa.array([one.interaction for one in prepared], pa.string()),
            "interaction_key": pa.array([one.interaction_key for one in prepared], pa.string()),
            "model": pa.array([one.model for one in prepared], pa.string()),
            "provider": pa.array([one.provider for one in prepared], pa.string()),
            "score": pa.array([one.score for one in prepared], pa.float64()),
            "selected": pa.array([one.selected for one in prepared], pa.bool_()),
            "created_at": pa.array([one.created_at for one in prepared], pa.string()),
            "updated_at": pa.array([one.updated_at for one in prepared], pa.string()),
            "created": pa.array([moment_of(one.created_at) for one in prepared], _MOMENT),
            "updated": pa.array([moment_of(one.updated_at) for one in prepared], _MOMENT),
            "tokens": pa.array([one.tokens for one in prepared], pa.int64()),
            "group": pa.array([one.group for one in prepared], pa.list_(pa.string())),
            "parameters": pa.array([one.parameters for one in prepared], pa.binary()),
            "prompt_source": pa.array([one.prompt_source for one in prepared], pa.string()),
            "step": pa.array([one.step for one in prepared], pa.string()),
            "flags": pa.array([one.flags for one in prepared], pa.list_(pa.string())),
            "note": pa.array([one.note for one in prepared], pa.string()),
            "thoughts": pa.array([one.thoughts for one in prepared], pa.string()),
            "redacted": pa.array([one.redacted for one in prepared], pa.string()),
            **_people_columns(records, words),
        }
    )


def _people_columns(records: list[ChatRecord], words: list[list[str]]) -> dict[str, pa.Array]:
    """Columns for people's eyes; nothing is ever made from them."""
    counts = np.fromiter(map(len, words), np.int32, len(words))
    offsets = np.concatenate((np.zeros(1, np.int32), np.cumsum(counts, dtype=np.int32)))
    roles = pa.array([turn.role for record in records for turn in record.messages], pa.string())
    texts = pa.array([text for texts_of in words for text in texts_of], pa.string())
    lengths = pc.utf8_length(texts).to_numpy()
    answers = offsets[1:] - 1
    answer_chars = lengths[answers].astype(np.int64)
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)))
    turns = pa.StructArray.from_arrays([roles, texts], fields=list(_TURN))
    return {
        "messages": pa.ListArray.from_arrays(pa.array(offsets), turns),
        "answer": texts.take(pa.array(answers)),
        "tools": pa.array(
            [[tool.name for tool in record.tools] for record in records], pa.list_(pa.string())
        ),
        "input_chars": pa.array(ends[offsets[1:]] - ends[offsets[:-1]] - answer_chars),
        "answer_chars": pa.array(answer_chars),
    }
