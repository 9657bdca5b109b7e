"""The order of the stages, written once; each stage is a pure callable made from its spec."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from pipeline import __version__
from pipeline.build.against.finding import Against, find_outside
from pipeline.build.against.other_sets import OtherSets
from pipeline.build.comparing.dedupe import compare, dedupe
from pipeline.build.comparing.rows import read_live_rows
from pipeline.build.dividing.counting import Counting
from pipeline.build.dividing.previous import Previous
from pipeline.build.dividing.split import split
from pipeline.build.ledger_file import LEDGER, Shelves, write_ledger
from pipeline.build.memory import let_go
from pipeline.build.preferring.asked import formats_by_kind
from pipeline.build.preferring.write import write_preferences
from pipeline.build.prepare import PreparePart, prepare
from pipeline.build.privacy import attest
from pipeline.build.progress import Progress
from pipeline.build.pulling.pull import pull
from pipeline.build.pulling.rendering import PartRenderer, lay_out, render_through_studio
from pipeline.build.pulling.sources import RunSource
from pipeline.build.pulling.templates import Templates
from pipeline.build.spill import Spill
from pipeline.build.target import training_cost
from pipeline.build.validate import CheckPart, validate
from pipeline.build.write import DATASET, write_format
from pipeline.digests import canonical_json, content_digest
from pipeline.engines import Engine
from pipeline.errors import GateRefused
from pipeline.formats import get_format
from pipeline.ledger import Tally
from pipeline.manifest import (
    AnswerAgreement,
    CrossSplitProof,
    DatasetFile,
    DatasetManifest,
    Preferences,
    TokenCounting,
    TokenLengths,
    write_manifest,
)
from pipeline.prompts import Renderer
from pipeline.spec import BuildSpec
from pipeline.stages.against.item import ReadItem
from pipeline.stages.labels import CheckLabel
from pipeline.stages.normalize import Normalize
from pipeline.stages.prepare import Prepare
from pipeline.stages.redact import Redact
from pipeline.stages.select import Select
from pipeline.stages.validate import Validate
from pipeline.storage import LocalStore
from pipeline.trainers import Target

__all__ = ["Beside", "build_id_of", "carry_out", "prepare_stage", "read_item"]


@dataclass(frozen=True, slots=True)
class Beside:
    """What else than its runs a build is made of."""

    templates: Templates = field(default_factory=Templates)
    others: OtherSets = field(default_factory=OtherSets)
    """What the runs are held against."""
    previous: Previous | None = None
    """The build whose sides stay."""
    target: Target | None = None
    """What is to be trained, where the spec names a model."""


def build_id_of(
    spec: BuildSpec, source: RunSource, beside: Beside, previous: str | None = None
) -> str:
    """Equal runs, templates, other sets, specs, versions and sides before (by digest): one id.

    And tokens counted alike: whether a model's own tokenizer is at hand is not for the spec to say.
    """
    templates, others = beside.templates.digest(), beside.others.digest()
    counting = Counting.of(spec, beside.target).said()
    made_of: list[Any] = [
        __version__, spec.digest(), source.digest(), templates, previous, counting,
    ]  # fmt: skip
    if others is not None:
        made_of.append(others)
    if beside.target is not None:
        made_of.append({"target": spec.target.epochs, "facts": beside.target.making()})
    return content_digest(canonical_json(made_of))[:16]


def carry_out(
    spec: BuildSpec,
    source: RunSource,
    beside: Beside,
    *,
    store: LocalStore,
    engine: Engine,
    progress: Progress,
) -> DatasetManifest:
    """All stages in their order, from pull to manifest. Finished shelves are not made again."""
    shelves = Shelves(store)
    spill = Spill(store.path(".spill"), shelves.records)
    chats, _ = formats_by_kind(spec.formats)
    check = CheckPart(shelves.validated, Validate(tuple(map(get_format, chats))), spill)
    renderer = PartRenderer(shelves.pulled, spec.render)
    make = PreparePart(shelves.records, shelves.pulled, prepare_stage(spec), renderer, check)
    studio = source.studio()
    if studio is None:
        lay_out(shelves.pulled, beside.templates)
        pull(shelves.pulled, source, engine, progress, make.make)
    else:
        pull(shelves.pulled, source, engine, progress)
        render_through_studio(
            renderer, spec, beside.templates, studio, engine=engine, progress=progress
        )
    prepare(make, engine, progress)
    validate(check, shelves.records, engine, progress)
    with _scratch(store) as scratch:
        _divide(spec, shelves, spill, beside, engine=engine, scratch=scratch, progress=progress)
        let_go(engine, make.shelf.count())
        tokens = write_ledger(store, shelves)
        files, told = _write(
            spec, shelves, spill, engine=engine, scratch=scratch, progress=progress
        )
    made_of = {"templates": beside.templates.digest(), "previous": _said_of(beside.previous)}
    manifest = _manifest(
        spec, shelves, made_of, build_id=store.root.name, files=files, tokens=tokens
    )
    manifest = structs.replace(manifest, preferences=told)
    if beside.target is not None:
        training = training_cost(beside.target, spec, manifest)
        manifest = structs.replace(manifest, training=training)
    manifest = write_manifest(store.path(DATASET), manifest)
    spill.clear()
    return manifest


def _write(
    spec: BuildSpec,
    shelves: Shelves,
    spill: Spill,
    *,
    engine: Engine,
    scratch: Path,
    progress: Progress,
) -> tuple[tuple[DatasetFile, ...], dict[str, Preferences]]:
    """The files of every format, and what preference formats were made of."""
    chats, preferences = formats_by_kind(spec.formats)
    files: tuple[DatasetFile, ...] = ()
    for name in chats:
        files += write_format(
            name,
            shelves.records.store,
            records=shelves.records,
            divided=shelves.divided,
            spill=spill,
            engine=engine,
            progress=progress,
        )
    told: dict[str, Preferences] = {}
    inputs = spec.dedupe.pair_inputs
    for name in preferences:
        let_go(engine, shelves.records.count())
        more, told[name] = write_preferences(
            name, shelves, inputs, engine=engine, scratch=scratch, progress=progress
        )
        files += more
    return files, told


def _said_of(previous: Previous | None) -> dict[str, Any] | None:
    if previous is None:
        return None
    runs = len(previous.keys)
    return {"build_id": previous.build_id, "digest": previous.digest, "runs": runs}


def prepare_stage(spec: BuildSpec) -> Prepare:
    """A run's way to a record; the part's renderer is put in where there is one."""
    return Prepare(
        select=Select(spec.select),
        normalize=Normalize(spec.normalize),
        labels=CheckLabel(spec.labels),
        max_bytes=spec.source.max_run_bytes,
        group_by=spec.split.ties(),
        redact=Redact(spec.redact) if spec.redact.is_asked() else None,
    )


def read_item(spec: BuildSpec, renderer: Renderer) -> ReadItem:
    """How a document of an evaluation set is read: as a run is, without looking at its answer."""
    return ReadItem(
        Normalize(spec.normalize, renderer),
        spec.source.max_run_bytes,
        Redact(spec.redact.passing()) if spec.redact.is_asked() else None,
    )


def _divide(
    spec: BuildSpec,
    shelves: Shelves,
    spill: Spill,
    beside: Beside,
    *,
    engine: Engine,
    scratch: Path,
    progress: Progress,
) -> None:
    """Dedupe and split: both rest on one comparison of all inputs."""
    if shelves.divided.manifest():
        return
    let_go(engine, shelves.records.count())
    rows = read_live_rows(shelves.records, shelves.validated)
    if len(rows) == 0:
        raise GateRefused(nothing_left(shelves))
    let_go(engine, len(rows))
    alike = compare(
        rows,
        shelves.records,
        spec.dedupe,
        spill=spill,
        engine=engine,
        scratch=scratch,
        progress=progress,
    )
    let_go(engine, len(rows))
    catalog, _ = PartRenderer(shelves.pulled, spec.render).known()
    outside = find_outside(
        Against(beside.others, read_item(spec, Renderer(catalog, spec.render))),
        alike,
        spec,
        spill=spill,
        engine=engine,
        scratch=scratch,
        progress=progress,
    )
    dedupe(
        shelves.deduped,
        alike,
        outside,
        shelves.validated,
        spec.dedupe,
        engine=engine,
        progress=progress,
    )
    let_go(engine, len(rows))
    split(
        shelves,
        alike,
        spec,
        counting=Counting.of(spec, beside.target),
        previous=beside.previous,
        engine=engine,
        progress=progress,
    )


def nothing_left(shelves: Shelves) -> str:
    """The sentence for a build in which no run survived: how many left, and why."""
    counts: dict[str, int] = {}
    for shelf in (shelves.records, shelves.validated):
        manifest = shelf.manifest()
        assert manifest is not None
        counts |= manifest.tally.rejected
    reasons = ", ".join(f"{code} {count:,}" for code, count in sorted(counts.items()))
    return f"nothing is left to train on: every run was rejected ({reasons})"


def _manifest(
    spec: BuildSpec,
    shelves: Shelves,
    made_of: dict[str, Any],
    *,
    build_id: str,
    files: tuple[DatasetFile, ...],
    tokens: dict[str, int],
) -> DatasetManifest:
    pulled, divided = shelves.pulled.manifest(), shelves.divided.manifest()
    assert pulled is not None
    assert divided is not None
    deduped = shelves.deduped.manifest()
    assert deduped is not None
    tally = _whole_tally(shelves)
    tally.assert_balanced("the build")
    against = deduped.facts["against"]
    others = {"against": against} if against else {}
    return DatasetManifest(
        build_id=build_id,
        tally=tally,
        splits=divided.facts["splits"],
        interactions=divided.facts["interactions"],
        moved=divided.facts["moved"],
        tokens=tokens,
        counting=msgspec.convert(divided.facts["counting"], TokenCounting),
        lengths=msgspec.convert(divided.facts["lengths"], dict[str, TokenLengths]),
        files=files,
        proof=msgspec.convert(divided.facts["proof"], CrossSplitProof),
        spec=spec.making(),
        agreement=msgspec.convert(deduped.facts["agreement"], tuple[AnswerAgreement, ...]),
        privacy=attest(spec.redact, shelves.pulled.store.path(LEDGER)),
        source=pulled.facts | made_of | others,
        versions={"trainset": __version__},
    )


def _whole_tally(shelves: Shelves) -> Tally:
    first, last = shelves.pulled.manifest(), shelves.divided.manifest()
    assert first is not None
    assert last is not None
    rejected: dict[str, int] = {}
    duplicates: dict[str, int] = {}
    for shelf in (shelves.records, shelves.validated, shelves.deduped, shelves.divided):
        manifest = shelf.manifest()
        assert manifest is not None
        rejected |= manifest.tally.rejected
        duplicates |= manifest.tally.duplicates
    return Tally(first.tally.pulled, last.tally.kept, dict(sorted(rejected.items())), duplicates)


@contextmanager
def _scratch(store: LocalStore) -> Iterator[Path]:
    """A folder that is empty at the start and gone at the end."""
    folder = store.path(".scratch")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
