"""Which runs are looked at before all are compared, and their texts, laid out on scratch.

Runs are drawn by hashes of their ids, so a draw depends neither on the order of the runs nor on
the number of workers. Of runs that became the same record one is drawn: a thousand copies say no
more than one. What is drawn goes through files in batches of whole interactions, so that no
process ever holds more than one batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from pipeline.build.comparing.rows import LiveRows, number_strings
from pipeline.build.spill import Spill
from pipeline.stages.alike.shingles import I64, U64
from pipeline.stages.inputs import RecordText
from pipeline.stages.varying.templates import SAMPLE_SIZE, Sample

__all__ = ["Batch", "Drawn", "SamplePart", "draw", "group_keys", "read_batch", "tasks_of"]

_RANKED = 2048
"""So many runs are looked at to tell rare 5-grams from frequent ones."""
_ALL = 1 << 16
_FEWEST = 24
"""Where interactions are very many, fewer runs of each are looked at, but never fewer than so."""
_BATCH = 512
_MOST_BATCHES = 16
_SLICE = 1 << 16

BOOLS = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Drawn runs of some interactions, all of each."""

    number: int
    groups: tuple[int, ...]
    """The group (interaction and version) of every drawn run."""
    interactions: tuple[int, ...]
    """Its interaction, whatever its version."""
    ranked: tuple[bool, ...]
    """Whether it is one of those that tell rare 5-grams from frequent ones."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The drawn runs of a build."""

    rows: I64
    """Their row numbers, batch after batch."""
    batch: I64
    """The batch of each."""
    batches: tuple[Batch, ...]


@dataclass(frozen=True, slots=True)
class SamplePart:
    """Lays the drawn runs of one part on scratch, a file for each batch that has any."""

    spill: Spill
    scratch: Path

    def __call__(self, task: tuple[int, tuple[tuple[int, int, int], ...]]) -> int:
        """For a part's number and its drawn rows (row, place in its batch, batch): the number."""
        part, drawn = task
        chosen = pa.array([row for row, _, _ in drawn], pa.int64())
        table = self.spill.texts(part).take(chosen)
        columns = [table[name].to_pylist() for name in ("system", "turns", "answer")]
        parameters = self.spill.records.read_part(part, ["parameters"]).take(chosen)
        found: dict[int, list[tuple[int, Sample]]] = {}
        for (_, place, batch), values, *texts in zip(
            drawn, parameters["parameters"].to_pylist(), *columns, strict=True
        ):
            found.setdefault(batch, []).append((place, Sample.of(RecordText(*texts), values)))
        for batch, samples in found.items():
            _path(self.scratch, batch, part).write_bytes(msgspec.msgpack.encode(samples))
        return part


def draw(rows: LiveRows) -> Drawn:
    """The runs to learn from."""
    groups = number_strings(rows.table["interaction_key"])
    interactions = _interactions(group_keys(rows))[groups]
    each = int(np.clip(_ALL // max(1, int(groups.max(initial=0)) + 1), _FEWEST, SAMPLE_SIZE))
    draws = _hashes(rows.table["run_id"])
    ranked = np.zeros(len(draws), np.bool_)
    ranked[np.argsort(draws, kind="stable")[:_RANKED]] = True
    chosen = _lowest(draws, _hashes(rows.table["record_id"]), groups, each) | ranked
    drawn = np.flatnonzero(chosen)
    drawn = drawn[np.lexsort((draws[drawn], groups[drawn], interactions[drawn]))]
    batch = _batches(interactions[drawn])
    facts = (groups[drawn], interactions[drawn], ranked[drawn])
    edges = np.flatnonzero(np.diff(batch)) + 1
    parts = zip(*(np.split(column, edges) for column in facts), strict=True)
    batches = (
        Batch(number, *(tuple(column.tolist()) for column in columns))
        for number, columns in enumerate(parts)
    )
    return Drawn(drawn, batch, tuple(batches) if len(drawn) else ())


def group_keys(rows: LiveRows) -> list[str | None]:
    """The `interaction_key` of every group, by its number; the last is of runs without one."""
    return [*rows.table["interaction_key"].combine_chunks().dictionary.to_pylist(), None]


def tasks_of(
    drawn: Drawn, rows_of_part: Sequence[I64]
) -> Iterator[tuple[int, tuple[tuple[int, int, int], ...]]]:
    """What `SamplePart` has to do, part by part."""
    starts = np.searchsorted(drawn.batch, drawn.batch, side="left")
    places = np.arange(len(drawn.rows)) - starts
    order = np.argsort(drawn.rows, kind="stable")
    ranked = drawn.rows[order]
    begin = 0
    for part, alive in enumerate(rows_of_part):
        span = order[slice(*np.searchsorted(ranked, (begin, begin + len(alive))))]
        if len(span):
            own = alive[drawn.rows[span] - begin].tolist()
            facts = zip(own, places[span].tolist(), drawn.batch[span].tolist(), strict=True)
            yield part, tuple(facts)
        begin += len(alive)


def read_batch(scratch: Path, number: int, parts: Iterable[int]) -> list[Sample]:
    """The samples of a batch, in its order."""
    found: list[tuple[int, Sample]] = []
    for part in parts:
        path = _path(scratch, number, part)
        if path.is_file():
            found += msgspec.msgpack.decode(path.read_bytes(), type=list[tuple[int, Sample]])
            path.unlink()
    return [sample for _, sample in sorted(found, key=lambda pair: pair[0])]


def _path(scratch: Path, batch: int, part: int) -> Path:
    return scratch / f"samples-{batch:03d}-{part:05d}.msgpack"


def _hashes(column: pa.ChunkedArray) -> U64:
    """The XXH3 of every string or bytes, a slice of the column at a time."""
    digest = xxhash.xxh3_64_intdigest
    found = np.empty(len(column), np.uint64)
    for start in range(0, len(column), _SLICE):
        values = column.slice(start, _SLICE).cast(pa.binary()).to_pylist()
        found[start : start + len(values)] = [digest(value) for value in values]
    return found


def _lowest(draws: U64, records: U64, groups: I64, each: int) -> BOOLS:
    """Whether a run is among the first of its group, of each record only the first counted."""
    same = np.lexsort((draws, records, groups))
    again = (np.diff(groups[same]) == 0) & (records[same][1:] == records[same][:-1])
    first = same[np.concatenate(([True], ~again))] if len(same) else same
    order = first[np.lexsort((draws[first], groups[first]))]
    place = np.arange(len(order)) - np.searchsorted(groups[order], groups[order], side="left")
    chosen = np.zeros(len(draws), np.bool_)
    chosen[order[place < each]] = True
    return chosen


def _batches(interactions: I64) -> I64:
    """The batch of every drawn run: whole interactions, batches of about the same size."""
    if not len(interactions):
        return interactions
    size = max(_BATCH, -(-len(interactions) // _MOST_BATCHES))
    starts = np.searchsorted(interactions, interactions, side="left")
    raw = starts // size
    return np.cumsum(np.concatenate(([0], np.diff(raw) != 0))).astype(np.int64)


def _interactions(keys: Sequence[str | None]) -> I64:
    """The number of each group's interaction: of its key without the version."""
    numbers: dict[str | None, int] = {}
    names = ((key.rpartition("@")[0] or key) if key else key for key in keys)
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
