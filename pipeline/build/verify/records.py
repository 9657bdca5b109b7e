"""Check `records`: every record of the second shelf is sound; and one pass over all of them.

What the pass finds of each record is used by the checks of the lines and of the split: the
digests of the lines that it must have become, and of its conversation. Tokens are counted again.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray

from pipeline.build.dividing.counting import NOT_COUNTED, counter_again
from pipeline.build.preferring.asked import formats_by_kind
from pipeline.build.shelf import Shelf
from pipeline.build.verify.findings import Findings
from pipeline.build.verify.material import DAMAGE, Ledger, Material, parts_of, said
from pipeline.digests import decode_record, encode_record, record_id
from pipeline.formats import get_format, line_of
from pipeline.records import ChatRecord
from pipeline.stages.alike.shingles import I64, U64
from pipeline.stages.conversations import conversation_digests
from pipeline.stages.inputs import words_of
from pipeline.tokens import TokenCounter

__all__ = ["Records", "check_records", "line_digest"]

_NOT_READ = np.zeros((0, 2), np.uint64)


@dataclass(frozen=True, slots=True)
class Records:
    """What is known of every record, over all parts, in order."""

    lines: dict[str, U64]
    """By format: of every record that stays the digest of its line, shape (records, 2); zeros
    for the others."""
    whole: I64
    beginnings: I64
    beginning_row: I64


@dataclass(frozen=True, slots=True)
class _PartRecords:
    problems: list[tuple[str, str]]
    lines: dict[str, U64]
    whole: I64
    beginnings: I64
    beginning_row: I64


def check_records(material: Material, findings: Findings) -> tuple[str, Records]:
    """Every record's bytes are canonical, with the id beside them and the tokens of the ledger."""
    ledger = material.ledger()
    named = sorted({file.format for file in material.manifest.files if file.format})
    formats, _ = formats_by_kind(named)
    counter = counter_again(material.manifest)
    parts_in = zip(
        parts_of(material.shelves.records),
        ledger.by_part(ledger.stays()),
        ledger.by_part(_tokens(ledger)),
        strict=True,
    )
    material.progress.begin("verify records", sum(ledger.rows_of_part))
    work = _ReadPart(material.shelves.records, formats, counter)
    tasks = [(part, stays, tokens) for part, (_, stays), (_, tokens) in parts_in]
    parts: list[_PartRecords] = []
    for part in material.engine.map(work, tasks):
        parts.append(part)
        for rule, example in part.problems:
            findings.add(rule, example)
        material.progress.advance(len(part.whole))
    material.progress.end("verify records", f"{sum(ledger.rows_of_part):,} records")
    lacking = "" if counter else "; their tokens are not counted again: the tokenizer is not here"
    return f"{sum(ledger.rows_of_part):,} records{lacking}", _joined(parts, formats)


def _tokens(ledger: Ledger) -> I64:
    filled = ledger.column("tokens").fill_null(NOT_COUNTED)
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.int64)


def _joined(parts: list[_PartRecords], formats: tuple[str, ...]) -> Records:
    begins = np.cumsum([0, *(len(part.whole) for part in parts)])
    none = np.empty(0, np.int64)
    rows = [part.beginning_row + at for part, at in zip(parts, begins.tolist(), strict=False)]
    return Records(
        lines={
            name: np.concatenate([_NOT_READ, *(part.lines[name] for part in parts)])
            for name in formats
        },
        whole=np.concatenate([none, *(part.whole for part in parts)]),
        beginnings=np.concatenate([none, *(part.beginnings for part in parts)]),
        beginning_row=np.concatenate([none, *rows]),
    )


def line_digest(line: bytes) -> bytes:
    """16 bytes that tell one line from another."""
    return xxhash.xxh3_128_digest(line)


@dataclass(frozen=True, slots=True)
class _ReadPart:
    """Reads the records of one part."""

    records: Shelf
    formats: tuple[str, ...]
    counter: TokenCounter | None

    def __call__(self, task: tuple[int, NDArray[np.bool_], I64]) -> _PartRecords:
        """For a part's number, which of its records stay, and the ledger's tokens of each."""
        part, stays, tokens = task
        file = f"{self.records.name}/part-{part:05d}.parquet"
        try:
            table = self.records.read_part(part, ["run_id", "record_id", "record"])
            rows = [table[name].to_pylist() for name in ("run_id", "record_id", "record")]
        except DAMAGE as error:
            return self._gathered([("a part cannot be read", f"{file}: {said(error)}")], [], stays)
        problems: list[tuple[str, str]] = []
        records: list[ChatRecord | None] = []
        for run_id, known_as, data in zip(*rows, strict=True):
            record, problem = _read(run_id, known_as, data)
            records.append(record)
            problems += [problem] if problem else []
        problems += self._miscounted(rows[0], records, tokens)
        return self._gathered(problems, records, stays)

    def _miscounted(
        self, run_ids: list[str], records: list[ChatRecord | None], tokens: I64
    ) -> list[tuple[str, str]]:
        if self.counter is None:
            return []
        asked = [row for row in np.flatnonzero(tokens != NOT_COUNTED).tolist() if records[row]]
        counts = self.counter.count_all([one for row in asked if (one := records[row])])
        return [
            ("a record has not the tokens of the ledger", f"{run_ids[row]}: {count}, {tokens[row]}")
            for row, count in zip(asked, counts, strict=True)
            if count != tokens[row]
        ]

    def _gathered(
        self,
        problems: list[tuple[str, str]],
        records: list[ChatRecord | None],
        stays: NDArray[np.bool_],
    ) -> _PartRecords:
        records = records or [None] * len(stays)
        lines = {name: self._lines(name, records, stays) for name in self.formats}
        ties = [conversation_digests(one, words_of(one)) if one else (-1, ()) for one in records]
        counts = np.array([len(begun) for _, begun in ties], np.int64)
        return _PartRecords(
            problems=problems,
            lines=lines,
            whole=np.array([whole for whole, _ in ties], np.int64),
            beginnings=np.array([one for _, begun in ties for one in begun], np.int64),
            beginning_row=np.repeat(np.arange(len(ties)), counts),
        )

    def _lines(self, name: str, records: list[ChatRecord | None], stays: NDArray[np.bool_]) -> U64:
        form = get_format(name)
        digests = np.zeros((len(records), 2), np.uint64)
        for row in np.flatnonzero(stays).tolist():
            record = records[row]
            if record is not None:
                digests[row] = np.frombuffer(line_digest(line_of(form, record)), np.uint64)
        return digests


def _read(
    run_id: str, known_as: str, data: bytes
) -> tuple[ChatRecord | None, tuple[str, str] | None]:
    try:
        record = decode_record(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError) as error:
        return None, ("a record cannot be read", f"{run_id}: {said(error)}")
    if encode_record(record) != data:
        return record, ("a record's bytes are not canonical", run_id)
    if record_id(data) != known_as:
        return record, ("a record has not the id of its bytes", f"{run_id}: {known_as}")
    return record, None
