"""`forecast`: from a spec to what its build would make and what training on it would cost.

A finished build of exactly these runs and words is told by its manifest; else the first runs are
looked at. Writes nothing anywhere, and asks a Studio only where the runs come from one.
"""

import math
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pipeline.build.forecast.looking import Looked, look_at
from pipeline.build.forecast.words import StageWords, stage_words
from pipeline.build.preferring.asked import with_pairs
from pipeline.build.pulling.sources import FileSource, RunSource
from pipeline.build.run import file_source, resolve_build
from pipeline.build.target import (
    ResolvedTarget,
    around,
    method_of,
    priced,
    resolve_target,
    training_cost,
)
from pipeline.formats import get_format
from pipeline.manifest import (
    MANIFEST_NAME,
    DatasetManifest,
    Span,
    TrainingCost,
    read_manifest,
)
from pipeline.spec import BuildSpec
from pipeline.storage import open_store
from pipeline.trainers import Target
from pipeline.trainers.cost import estimate_cost

__all__ = ["MOST_LEAVE", "Forecast", "TargetWords", "forecast"]

MOST_LEAVE = 0.5
"""The share of the accepted records that the range allows to be near-duplicates: an assumption."""


class TargetWords(Struct, frozen=True):
    """What is to be trained, and how it stands today."""

    provider: str | None
    model: str | None
    state: str
    """open, closing, closed or unknown."""
    day: date | None
    """The day that decides it."""
    days_left: int | None
    limits: dict[str, int]
    """Those that are known: examples, bytes, tokens of an example and of a job."""


class Forecast(Struct, frozen=True):
    """What would be made. Counts are figures with the range they may turn out in."""

    build_id: str
    path: str
    finished: bool
    """The build is there already; all counts are its own."""
    source: dict[str, Any]
    """The files with their bytes, or the session."""
    runs: int | None
    looked_at: int | None
    """How many runs the counts were learned from; None for a finished build."""
    rejected: dict[str, int]
    """Of the runs looked at, by code."""
    records: dict[str, Span]
    """By split."""
    tokens: dict[str, Span]
    """By split."""
    file_bytes: Span
    """Of the first format's training file."""
    stages: tuple[StageWords, ...]
    formats: dict[str, dict[str, int]]
    """The limits of every format."""
    target: TargetWords | None
    estimate: TrainingCost | None
    warnings: tuple[str, ...]


def forecast(
    spec: BuildSpec, today: date, *, source: RunSource | None = None, most: int = 1000
) -> Forecast:
    """What a build of this spec would make; at most so many runs are looked at.

    Without a source the spec's files are read. Raises what `build_dataset` raises before it
    begins: `UsageError`, `SourceUnreadable`.
    """
    resolved = resolve_target(spec.target, spec.formats, today)
    spec = priced(with_pairs(spec))
    source = source or file_source(spec)
    store = open_store(spec.run.work_dir)
    build_id, beside = resolve_build(spec, source, store)
    folder = store.root / "builds" / build_id
    target = resolved.target if resolved else None
    if (folder / "dataset" / MANIFEST_NAME).is_file():
        told = _of_build(spec, read_manifest(folder / "dataset"), target)
    else:
        looked = look_at(spec, source, beside.templates, most)
        told = _of_sample(spec, looked, target)
    said = Forecast(
        build_id=build_id,
        path=str(folder),
        source=_told_source(source),
        stages=stage_words(spec),
        formats={name: _format_limits(name) for name in spec.formats},
        target=_told_target(resolved),
        warnings=(),
        **told,
    )
    return replace(said, warnings=tuple(_warnings(said, resolved)))


def _of_build(spec: BuildSpec, manifest: DatasetManifest, target: Target | None) -> dict[str, Any]:
    train = [file for file in manifest.files if file.split == "train" and file.format is not None]
    error = (manifest.counting.error if manifest.counting else None) or 0.0
    return {
        "finished": True,
        "runs": manifest.tally.pulled,
        "looked_at": None,
        "rejected": manifest.tally.rejected,
        "records": {split: around(count) for split, count in manifest.splits.items()},
        "tokens": {split: around(count, error) for split, count in manifest.tokens.items()},
        "file_bytes": around(train[0].bytes if train else 0),
        "estimate": manifest.training
        or (training_cost(target, spec, manifest) if target is not None else None),
    }


def _of_sample(spec: BuildSpec, looked: Looked, target: Target | None) -> dict[str, Any]:
    records, tokens = _expected(spec, looked)
    shares = {"train": 1 - spec.split.validation - spec.split.test}
    shares |= {"validation": spec.split.validation, "test": spec.split.test}
    by_split = {split: _part(records, share) for split, share in shares.items() if share}
    tokens_by_split = {split: _part(tokens, share) for split, share in shares.items() if share}
    each = looked.bytes / max(1, len(looked.seen))
    return {
        "finished": False,
        "runs": looked.of,
        "looked_at": looked.runs,
        "rejected": dict(sorted(looked.rejected.items())),
        "records": by_split,
        "tokens": tokens_by_split,
        "file_bytes": _part(by_split["train"], each),
        "estimate": _estimate(spec, target, by_split, tokens_by_split),
    }


def _estimate(
    spec: BuildSpec, target: Target | None, records: dict[str, Span], tokens: dict[str, Span]
) -> TrainingCost | None:
    """None without a target, and of preferences: how many there are only a build can tell."""
    if target is None or method_of(spec.formats) == "dpo":
        return None
    return estimate_cost(
        target,
        "sft",
        examples=records["train"],
        tokens=tokens["train"],
        validation=tokens.get("validation", around(0)),
        asked=spec.target.epochs,
    )


def _expected(spec: BuildSpec, looked: Looked) -> tuple[Span, Span]:
    """Records and tokens of the whole dataset, within the budgets of the sample.

    The range reaches down to where `MOST_LEAVE` of the records are duplicates.
    """
    accepted = _part(looked.share(), looked.of or looked.runs)
    sure = looked.is_all and not spec.dedupe.near
    lowest = accepted.low * (1.0 if sure else 1 - MOST_LEAVE)
    records, each = replace(accepted, low=lowest), looked.tokens_each()
    tokens = Span(records.likely * each.likely, records.low * each.low, records.high * each.high)
    budgets = (spec.sample.max_tokens, spec.sample.tokens_for_cost())
    bounds = [budget / max(1.0, each.likely) for budget in budgets if budget is not None]
    most = min(bounds, default=math.inf)
    if spec.sample.max_records is not None:
        most = min(most, spec.sample.max_records)
    return _at_most(records, most), _at_most(tokens, most * each.likely)


def _at_most(span: Span, most: float) -> Span:
    return Span(min(span.likely, most), min(span.low, most), min(span.high, most))


def _part(span: Span, share: float) -> Span:
    return Span(span.likely * share, span.low * share, span.high * share)


def _told_source(source: RunSource) -> dict[str, Any]:
    """What the source says of itself, and how long its files are."""
    told = source.describe()
    if not isinstance(source, FileSource):
        return told
    sizes = [path.stat().st_size for path in source.paths]
    files = [{**one, "bytes": size} for one, size in zip(told["files"], sizes, strict=True)]
    return {**told, "files": files}


def _format_limits(name: str) -> dict[str, int]:
    limits: dict[str, Any] = msgspec.to_builtins(get_format(name).limits)
    return {word: value for word, value in limits.items() if isinstance(value, int)}


def _told_target(resolved: ResolvedTarget | None) -> TargetWords | None:
    if resolved is None:
        return None
    target, stands = resolved.target, resolved.standing
    words = ("min_examples", "max_examples", "max_file_bytes", "context", "max_job_tokens")
    facts = {word: getattr(target.facts, word) for word in words}
    return TargetWords(
        provider=target.provider.name if target.provider else None,
        model=target.model,
        state=stands.state,
        day=stands.day,
        days_left=stands.days_left,
        limits={word: fact.value for word, fact in facts.items() if fact is not None},
    )


def _warnings(told: Forecast, resolved: ResolvedTarget | None) -> list[str]:
    """What there is to say of the target, of the limits, and of what is not known."""
    said: list[str] = []
    if resolved is not None and told.estimate is None:
        said.append("how many preferences there are, and what they cost, only a build can tell")
    if resolved is not None:
        said += [resolved.closed] if resolved.closed else []
        said += resolved.warnings
    for name, limits in told.formats.items():
        said += _beyond(told, f"a {name} training", limits)
    if told.target is not None:
        said += _beyond(told, f"{told.target.provider or 'the target'}", told.target.limits)
    return said


def _beyond(told: Forecast, who: str, limits: dict[str, int]) -> list[str]:
    """The limits that the training file would not keep."""
    examples, size = told.records.get("train", around(0)).likely, told.file_bytes.likely
    about = "" if told.finished else "about "
    said = []
    if examples < limits.get("min_examples", 0):
        said.append(
            f"{about}{examples:,.0f} training examples, {who} needs at least "
            f"{limits['min_examples']:,}"
        )
    if examples > limits.get("max_examples", examples):
        said.append(
            f"{about}{examples:,.0f} training examples, {who} takes at most "
            f"{limits['max_examples']:,}"
        )
    if size > limits.get("max_file_bytes", size):
        said.append(
            f"a training file of {about}{size:,.0f} bytes, {who} takes at most "
            f"{limits['max_file_bytes']:,}"
        )
    return said
