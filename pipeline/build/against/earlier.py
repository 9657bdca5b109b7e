"""What earlier builds kept: live rows that such a build has already, or that contradict it.

A run that was kept with the same record is known by its id. All others are compared as in the
build itself: within their interaction, by variable input and answer. The earlier record's
variable input is taken with the templates of its own build and with those of this one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.build.against.joining import pairs_alike
from pipeline.build.against.other_sets import EarlierBuild
from pipeline.build.against.outside import CONTRADICTED, Found
from pipeline.build.comparing.dedupe import Alikeness
from pipeline.build.comparing.keys import Templates, compared_texts
from pipeline.build.comparing.learned import kept_templates
from pipeline.build.comparing.rows import number_strings, record_ids
from pipeline.build.comparing.scratch import FileSets, write_sets
from pipeline.build.ledger_file import Shelves
from pipeline.engines import Engine
from pipeline.errors import IntegrityError, SourceUnreadable
from pipeline.spec import DedupeSpec
from pipeline.stages.against.joining import JoinedSets, Pairs, best_of, spans
from pipeline.stages.alike.jaccard import F64, AlikeOnly
from pipeline.stages.alike.shingles import I64, U8, shingle_sets
from pipeline.stages.dedupe.deciding import CONFLICT, IN_EARLIER
from pipeline.storage import LocalStore

__all__ = ["find_earlier"]

_INPUTS, _ANSWERS = "earlier-inputs", "earlier-answers"
_PAIRS = 1 << 20
"""Pairs of rows that are looked at together."""
_SCHEMA = pa.schema([(name, pa.string()) for name in ("run_id", "record_id", "interaction")])
_SAME_RUN = "kept this run"
_ALIKE = "kept a run that is alike"


@dataclass(frozen=True, slots=True)
class _Kept:
    """The records that the earlier builds kept, build after build, in the order of their parts."""

    table: pa.Table
    build: I64
    parts: Sequence[tuple[int, int, I64]]
    """Build, part, and the rows that were kept of it."""
    rank: I64
    """Each record's place among all by run id."""


@dataclass(frozen=True, slots=True)
class _Lots:
    """What is compared of the kept records, in scratch."""

    inputs: FileSets
    owner: I64
    """Each input's record; a record may have two."""
    answers: FileSets


@dataclass(frozen=True, slots=True)
class _Matches:
    """Live rows, and the kept record that each is held against."""

    rows: I64
    kept: I64
    similarity: F64


def find_earlier(
    alike: Alikeness,
    builds: Sequence[EarlierBuild],
    free: NDArray[np.bool_],
    *,
    threshold: float,
    spec: DedupeSpec,
    engine: Engine,
    scratch: Path,
) -> tuple[Found, list[dict[str, Any]]]:
    """The rows among the free ones that an earlier build has the like of; what builds these are."""
    kept = _read_kept(builds)
    counts = np.bincount(kept.build, minlength=len(builds)).tolist()
    facts = [{**one.describe(), "kept": count} for one, count in zip(builds, counts, strict=True)]
    same = _same_runs(alike, kept, free)
    rest = free.copy()
    rest[same.rows] = False
    found = [(same, _SAME_RUN, IN_EARLIER)]
    if rest.any() and len(kept.build):
        lots = _read_lots(alike, builds, kept, engine=engine, scratch=scratch)
        pairs = _alike_inputs(alike, lots, rest, threshold, engine)
        like, unlike = _hold_answers(alike, kept, lots, pairs, free=rest, spec=spec)
        found += [(like, _ALIKE, IN_EARLIER), (unlike, CONTRADICTED, CONFLICT)]
    return _told(found, kept, builds), facts


def _read_kept(builds: Sequence[EarlierBuild]) -> _Kept:
    """Names of what was kept, without the payload."""
    tables: list[pa.Table] = [_SCHEMA.empty_table()]
    parts: list[tuple[int, int, I64]] = []
    of_build = [np.empty(0, np.int64)]
    for number, build in enumerate(builds):
        for part, table in _kept_parts(build):
            stays = table["split"].is_valid()
            tables.append(table.select(_SCHEMA.names).filter(stays).cast(_SCHEMA))
            parts.append((number, part, pc.indices_nonzero(stays).to_numpy().astype(np.int64)))
            of_build.append(np.full(tables[-1].num_rows, number))
    table = pa.concat_tables(tables)
    order = pc.sort_indices(table, [("run_id", "ascending")]).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return _Kept(table, np.concatenate(of_build), parts, rank)


def _kept_parts(build: EarlierBuild) -> Iterator[tuple[int, pa.Table]]:
    shelves = Shelves(LocalStore(build.folder))
    manifest = shelves.divided.manifest()
    if manifest is None or shelves.records.manifest() is None:
        raise SourceUnreadable(
            f"{build.folder}: the shelves of this build are gone, only its dataset is there; "
            "give a JSONL file of the dataset instead"
        )
    for part in range(len(manifest.rows)):
        try:
            table = shelves.records.read_part(part, _SCHEMA.names)
            split = shelves.divided.read_part(part, ["split"])["split"]
        except (OSError, pa.ArrowException) as error:
            raise _damaged(build.folder, part, error) from None
        yield part, table.append_column("split", split)


def _damaged(folder: Path, part: int, error: Exception) -> IntegrityError:
    return IntegrityError(f"{folder}: part {part} of its shelves cannot be read ({error})")


def _same_runs(alike: Alikeness, kept: _Kept, free: NDArray[np.bool_]) -> _Matches:
    """Rows with a run id that was kept with the very same record."""
    live = alike.rows.table.select(["run_id"])
    live = live.append_column("record_id", record_ids(alike.rows.table["record_id"]))
    at = pc.index_in(_keys(live), value_set=_keys(kept.table))
    known = np.asarray(at.is_valid().to_numpy(zero_copy_only=False), np.bool_) & free
    rows = np.flatnonzero(known)
    places = np.asarray(at.fill_null(0).to_numpy(), np.int64)[rows]
    return _Matches(rows, places, np.ones(len(rows)))


def _keys(table: pa.Table) -> pa.Array:
    joined = pc.binary_join_element_wise(table["run_id"], table["record_id"], "\n")
    return joined.combine_chunks()


def _read_lots(
    alike: Alikeness,
    builds: Sequence[EarlierBuild],
    kept: _Kept,
    *,
    engine: Engine,
    scratch: Path,
) -> _Lots:
    """Write the sets of every kept record to scratch."""
    found: list[_PartLots] = []
    for number, build in enumerate(builds):
        tasks = [(at, *one[1:]) for at, one in enumerate(kept.parts) if one[0] == number]
        store = LocalStore(build.folder)
        work = _EarlierPart(store, kept_templates(store), alike.templates, alike.ranks, scratch)
        found += engine.map(work, tasks)
    begins = np.cumsum([0, *(len(one.answer_sizes) for one in found)]).tolist()
    owners = [one.owner + begin for one, begin in zip(found, begins, strict=False)]
    return _Lots(
        inputs=FileSets.over(scratch, _INPUTS, [one.input_sizes for one in found]),
        owner=np.concatenate([np.empty(0, np.int64), *owners]),
        answers=FileSets.over(scratch, _ANSWERS, [one.answer_sizes for one in found]),
    )


@dataclass(frozen=True, slots=True)
class _PartLots:
    owner: I64
    input_sizes: I64
    answer_sizes: I64


@dataclass(frozen=True, slots=True)
class _EarlierPart:
    """Makes the sets of the kept records of one part of an earlier build."""

    store: LocalStore
    theirs: Templates
    ours: Templates
    ranks: U8
    scratch: Path

    def __call__(self, task: tuple[int, int, I64]) -> _PartLots:
        number, part, rows = task
        records = Shelves(self.store).records
        try:
            texts = compared_texts(records, part, rows, self.theirs)
            again = compared_texts(records, part, rows, self.ours)
        except (OSError, pa.ArrowException) as error:
            raise _damaged(self.store.root, part, error) from None
        pairs = zip(texts, again, strict=True)
        inputs = [list(dict.fromkeys((one[0], other[0]))) for one, other in pairs]
        input_sets = shingle_sets([text for own in inputs for text in own], self.ranks)
        answer_sets = shingle_sets([answer for _, answer in texts])
        return _PartLots(
            owner=np.repeat(np.arange(len(inputs)), [len(own) for own in inputs]),
            input_sizes=write_sets(self.scratch, _INPUTS, number, input_sets),
            answer_sizes=write_sets(self.scratch, _ANSWERS, number, answer_sets),
        )


def _alike_inputs(
    alike: Alikeness, lots: _Lots, free: NDArray[np.bool_], threshold: float, engine: Engine
) -> Pairs:
    """Distinct inputs of free rows and kept records that are alike, each pair once."""
    inputs = np.unique(alike.input[free])
    pairs = pairs_alike(alike.inputs.only(inputs), lots.inputs, threshold, engine.map)
    record = lots.owner[pairs.other]
    order = np.lexsort((-pairs.similarity, record, pairs.one))
    one, record = pairs.one[order], record[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (one[1:] != one[:-1]) | (record[1:] != record[:-1])
    return Pairs(inputs[one[fresh]], record[fresh], pairs.similarity[order[fresh]])


def _hold_answers(
    alike: Alikeness,
    kept: _Kept,
    lots: _Lots,
    pairs: Pairs,
    *,
    free: NDArray[np.bool_],
    spec: DedupeSpec,
) -> tuple[_Matches, _Matches]:
    """Of the rows with an alike input: those whose answer is alike too, and those in conflict."""
    answers = AlikeOnly(JoinedSets(alike.answers, lots.answers), spec.answer_threshold)
    like, unlike = _Gathered(kept.rank), _Gathered(kept.rank)
    for rows, record, similarity in _pairs_of_rows(alike, kept, pairs, free):
        codes = alike.answer[rows] * len(kept.rank) + record
        distinct, place = np.unique(codes, return_inverse=True)
        own, other = distinct // len(kept.rank), distinct % len(kept.rank)
        found = answers((own, other + len(alike.answers.sizes)))
        met = (found >= spec.answer_threshold)[place]
        like.take(rows[met], record[met], similarity[met])
        unlike.take(rows[~met], record[~met], similarity[~met])
    first, second = like.matches(), unlike.matches()
    against = ~np.isin(second.rows, first.rows) & (spec.near | (second.similarity >= 1))
    if spec.conflicts == "keep":
        against[:] = False
    return first, _Matches(second.rows[against], second.kept[against], second.similarity[against])


class _Gathered:
    """Each row's best match of all that were seen."""

    def __init__(self, rank: I64) -> None:
        self._rank = rank
        self._rows, self._kept = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        self._similarity = [np.empty(0)]

    def take(self, rows: I64, kept: I64, similarity: F64) -> None:
        best = best_of(rows, self._rank[kept], similarity)
        self._rows.append(rows[best])
        self._kept.append(kept[best])
        self._similarity.append(similarity[best])

    def matches(self) -> _Matches:
        rows, kept = np.concatenate(self._rows), np.concatenate(self._kept)
        similarity = np.concatenate(self._similarity)
        best = best_of(rows, self._rank[kept], similarity)
        return _Matches(rows[best], kept[best], similarity[best])


def _pairs_of_rows(
    alike: Alikeness, kept: _Kept, pairs: Pairs, free: NDArray[np.bool_]
) -> Iterator[tuple[I64, I64, F64]]:
    """The pairs of inputs as pairs of a row and a record of one interaction, some at a time."""
    count = len(alike.rows)
    names = (alike.rows.table["interaction"], kept.table["interaction"])
    chunks = [one.cast(pa.string()) for name in names for one in name.chunks]
    numbers = number_strings(pa.chunked_array(chunks, pa.string()))
    rows = np.flatnonzero(free)
    rows = rows[np.argsort(alike.input[rows], kind="stable")]
    first = np.searchsorted(alike.input[rows], pairs.one, side="left")
    counts = np.searchsorted(alike.input[rows], pairs.one, side="right") - first
    for begin, end in spans(counts, _PAIRS):
        span = slice(begin, end)
        ends = np.cumsum(counts[span])
        at = np.arange(ends[-1]) + np.repeat(first[span] - (ends - counts[span]), counts[span])
        row, record = rows[at], np.repeat(pairs.other[span], counts[span])
        same = numbers[row] == numbers[count + record]
        yield row[same], record[same], np.repeat(pairs.similarity[span], counts[span])[same]


def _told(
    found: Sequence[tuple[_Matches, str, int]], kept: _Kept, builds: Sequence[EarlierBuild]
) -> Found:
    at = np.concatenate([one.kept for one, _, _ in found])
    words = [words for one, words, _ in found for _ in range(len(one.rows))]
    ids = [builds[number].build_id for number in kept.build[at].tolist()]
    return Found(
        rows=np.concatenate([one.rows for one, _, _ in found]),
        code=np.repeat([code for _, _, code in found], [len(one.rows) for one, _, _ in found]),
        similarity=np.concatenate([one.similarity for one, _, _ in found]),
        matched=kept.table["run_id"].take(pa.array(at)).to_pylist(),
        detail=[f"build {ident} {how}" for ident, how in zip(ids, words, strict=True)],
    )
