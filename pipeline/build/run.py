"""`build_dataset`: from a spec to a finished dataset in the work-dir."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.build.against.evaluation import check_files
from pipeline.build.against.other_sets import open_sets
from pipeline.build.dividing.previous import digest_within, find_previous, read_previous
from pipeline.build.gates import check_gates
from pipeline.build.plan import Beside, build_id_of, carry_out, read_item
from pipeline.build.preferring.asked import with_pairs
from pipeline.build.progress import SILENT, Progress
from pipeline.build.pulling.sources import FileSource, RunSource
from pipeline.build.pulling.templates import gather
from pipeline.build.result import LATEST, BuildResult
from pipeline.build.target import known_target, priced
from pipeline.engines import WORKER_MODULES, open_engine
from pipeline.errors import NoSpace, PermanentError, SourceUnreadable, UsageError
from pipeline.manifest import MANIFEST_NAME, read_manifest
from pipeline.spec import BuildSpec
from pipeline.stages.normalize.prompt import NO_TEMPLATES
from pipeline.storage import LocalStore, hold_folder, open_store

__all__ = ["build_dataset", "file_source", "resolve_build"]


def build_dataset(
    spec: BuildSpec, *, source: RunSource | None = None, progress: Progress = SILENT
) -> BuildResult:
    """Pull, normalize, validate, dedupe, split, write. A killed build goes on where it stopped.

    Without a source the spec's files are read. Raises `UsageError` without either,
    `SourceUnreadable`, `Busy` while another build holds the work-dir, `NoSpace`, and
    `GateRefused` when a gate of the spec says no (the build is kept).
    """
    spec = priced(with_pairs(spec))
    store = open_store(spec.run.work_dir)
    with _disk_errors(store.root), hold_folder(store.root):
        source = source or file_source(spec)
        build_id, beside = resolve_build(spec, source, store)
        folder = store.root / "builds" / build_id
        if (folder / "dataset" / MANIFEST_NAME).is_file():
            result = BuildResult(folder, read_manifest(folder / "dataset"), unchanged=True)
        else:
            check_files(beside.others, read_item(spec, NO_TEMPLATES))
            result = _build(spec, source, beside, LocalStore(folder), progress)
        store.write_bytes(LATEST, build_id.encode() + b"\n")
    check_gates(spec.gates, result.manifest)
    return result


def resolve_build(spec: BuildSpec, source: RunSource, store: LocalStore) -> tuple[str, Beside]:
    """The build's id, and what it is made of with the sides that it goes on from. Writes nothing.

    A previous build that was itself made of these runs by this spec is the one that is asked for:
    there is nothing to go on with. So the same line every night does nothing where nothing is new.
    """
    target = known_target(spec.target, spec.formats) if spec.target.model else None
    beside = Beside(gather(spec, source.studio()), open_sets(spec), target=target)
    older = find_previous(spec)
    if older is None:
        return build_id_of(spec, source, beside), beside
    same = build_id_of(spec, source, beside, digest_within(older))
    if older.path == store.root / "builds" / same:
        return same, beside
    previous = read_previous(older)
    return build_id_of(spec, source, beside, previous.digest), replace(beside, previous=previous)


def _build(
    spec: BuildSpec, source: RunSource, beside: Beside, store: LocalStore, progress: Progress
) -> BuildResult:
    store.sweep()
    engine = open_engine(spec.run.engine, spec.run.workers, WORKER_MODULES)
    try:
        manifest = carry_out(spec, source, beside, store=store, engine=engine, progress=progress)
    finally:
        engine.close()
    return BuildResult(store.root, manifest)


def file_source(spec: BuildSpec) -> RunSource:
    """The runs of the spec's files."""
    if not spec.source.runs:
        raise UsageError(
            "there is nothing to build from: give --runs FILE, or --session with --studio-url"
        )
    return FileSource(spec.source.runs, spec.source.max_run_bytes)


@contextmanager
def _disk_errors(work_dir: Path) -> Iterator[None]:
    """Turn the disk's errors into sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoSpace(
                f"{work_dir}: the disk is full; finished parts are kept: make room (a build needs "
                "about the size of its runs) and run the same command again"
            ) from None
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise PermanentError(f"{error.filename}: {error.strerror}") from None
        if error.errno in (errno.ENOTDIR, errno.EEXIST):
            raise SourceUnreadable(f"{error.filename}: is in the way ({error.strerror})") from None
        raise
