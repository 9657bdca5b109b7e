"""The build before: on which side each of its runs stood, read from its ledger.

Held are 9 bytes a run: a 64-bit hash of its id and its side. A run that left as a duplicate has the
side of its component, so that it is not new when it comes to stay for another.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from pipeline.build.ledger_file import LEDGER
from pipeline.build.result import LATEST, BuildResult, find_build
from pipeline.digests import content_digest
from pipeline.errors import SourceUnreadable
from pipeline.spec import BuildSpec
from pipeline.stages.alike.shingles import I64, U64
from pipeline.stages.dividing.split import NOWHERE, SPLITS
from pipeline.stages.dividing.stratify import I8
from pipeline.storage import open_store

__all__ = ["Previous", "digest_within", "find_previous", "read_previous", "run_keys"]

_BATCH = 1 << 16
_COLUMNS = ["run_id", "component", "split"]


@dataclass(frozen=True, slots=True)
class Previous:
    """The sides of a finished build's runs."""

    build_id: str
    keys: U64
    """Hashes of run ids, sorted, each once."""
    sides: I8
    digest: str
    """Over both columns: equal sides give equal digests, in whatever order the runs came."""

    def sides_of(self, keys: U64) -> I8:
        """The side of each run; `NOWHERE` for new ones."""
        if not len(self.keys):
            return np.full(len(keys), NOWHERE, np.int8)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, self.sides[at], NOWHERE).astype(np.int8)


def find_previous(spec: BuildSpec) -> BuildResult | None:
    """The build that `split.previous` names; None where none is named.

    `latest` in a work-dir without a finished build names none: it is the first night.
    """
    name = spec.split.previous
    if name is None:
        return None
    if name == "latest" and not open_store(spec.run.work_dir).exists(LATEST):
        return None
    return find_build(spec.run.work_dir, name)


def digest_within(build: BuildResult) -> str | None:
    """The digest of the sides that the build itself went on from; None where it was the first."""
    previous = build.manifest.source.get("previous")
    return previous["digest"] if isinstance(previous, dict) else None


def read_previous(build: BuildResult) -> Previous:
    """The sides of all runs that had one, streamed from the ledger."""
    if not (build.path / LEDGER).is_file():
        raise SourceUnreadable(
            f"{build.path}: has no {LEDGER}, so it cannot be a previous build; name another one"
        )
    kept, components, sides = _joined(_kept(build))
    of_component = _sorted(components, sides)
    left, _, side = _joined(_left(build, *of_component))
    last_first = np.argsort(-side, kind="stable")
    keys, sides = _sorted(
        np.concatenate((kept, left[last_first])), np.concatenate((sides, side[last_first]))
    )
    digest = content_digest(keys.astype("<u8").tobytes() + sides.tobytes())
    return Previous(build.build_id, keys, sides, digest)


def run_keys(run_ids: pa.ChunkedArray) -> U64:
    """A 64-bit hash of every run id, made in pieces."""
    hashed = [np.empty(0, np.uint64)]
    for start in range(0, len(run_ids), _BATCH):
        piece = run_ids.slice(start, _BATCH).cast(pa.binary()).to_pylist()
        hashed.append(np.fromiter(map(xxhash.xxh3_64_intdigest, piece), np.uint64, len(piece)))
    return np.concatenate(hashed)


def _kept(build: BuildResult) -> Iterator[tuple[U64, U64, I8]]:
    """Run, component and side of the rows that were kept."""
    for table in _batches(build):
        kept = table.filter(table["split"].is_valid())
        sides = pc.index_in(kept["split"], value_set=pa.array(SPLITS)).combine_chunks()
        yield run_keys(kept["run_id"]), run_keys(kept["component"]), _numbers(sides)


def _left(build: BuildResult, components: U64, sides: I8) -> Iterator[tuple[U64, U64, I8]]:
    """The same of the rows that left a component of which others were kept."""
    known = Previous("", components, sides, "")
    for table in _batches(build):
        live = pc.and_(table["split"].is_null(), table["component"].is_valid())
        left = table.filter(live)
        keys = run_keys(left["component"])
        side = known.sides_of(keys)
        there = side != NOWHERE
        yield run_keys(left["run_id"])[there], keys[there], side[there]


def _batches(build: BuildResult) -> Iterator[pa.Table]:
    file = pq.ParquetFile(build.path / LEDGER)
    for batch in file.iter_batches(_BATCH, columns=_COLUMNS):
        yield pa.table(batch)


def _joined(batches: Iterator[tuple[U64, U64, I8]]) -> tuple[U64, U64, I8]:
    empty = (np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.int8))
    runs, components, sides = zip(empty, *batches, strict=True)
    return np.concatenate(runs), np.concatenate(components), np.concatenate(sides)


def _sorted(keys: U64, sides: I8) -> tuple[U64, I8]:
    """Each key once, in order; of one that comes several times the first stays."""
    found, first = np.unique(keys, return_index=True)
    return found, sides[first]


def _numbers(sides: pa.Array) -> I8:
    numbers: I64 = sides.to_numpy(zero_copy_only=False)
    return numbers.astype(np.int8)
