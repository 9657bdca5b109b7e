"""The first runs of a source put through the pure stages, and what that tells of all of them.

Nothing is written. Near-duplicates are not looked for: that takes all runs.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import sqrt

from msgspec.structs import replace

from pipeline.build.dividing.counting import counter_of
from pipeline.build.plan import prepare_stage
from pipeline.build.preferring.asked import formats_by_kind
from pipeline.build.pulling.pull import documents_of
from pipeline.build.pulling.sources import FileSlice, RunSource
from pipeline.build.pulling.templates import Templates
from pipeline.formats import get_format
from pipeline.manifest import Span
from pipeline.prompts import Renderer
from pipeline.records import Rejected
from pipeline.spec import BuildSpec
from pipeline.stages.prepare import Prepare, Refused
from pipeline.stages.validate import Validate
from pipeline.tokens import TokenCounter

__all__ = ["Looked", "look_at"]

_Z = 1.96
"""Standard errors either way of 95 % confidence."""


@dataclass(slots=True)
class Looked:
    """What became of the runs that were looked at."""

    runs: int = 0
    """How many were."""
    of: int | None = None
    """How many the source has; None where that was not asked."""
    rejected: Counter[str] = field(default_factory=Counter)
    """By code."""
    seen: set[str] = field(default_factory=set)
    """Records that were accepted, by id: exact duplicates count once."""
    tokens: int = 0
    squares: int = 0
    bytes: int = 0
    """Of the accepted records."""
    error: float = 0.0
    """How far off the tokens may be, as a share of them."""

    @property
    def is_all(self) -> bool:
        """Whether no run was left out."""
        return self.runs == self.of

    def add(self, record_id: str, tokens: int, size: int) -> None:
        """A record that was accepted."""
        if record_id in self.seen:
            return
        self.seen.add(record_id)
        self.tokens += tokens
        self.squares += tokens * tokens
        self.bytes += size

    def share(self) -> Span:
        """Which share of the runs is accepted: 95 % of Wilson's interval."""
        kept, runs = len(self.seen), max(1, self.runs)
        share = kept / runs
        if self.is_all:
            return Span(share, share, share)
        middle = (share + _Z * _Z / (2 * runs)) / (1 + _Z * _Z / runs)
        half = sqrt(share * (1 - share) / runs + _Z * _Z / (4 * runs * runs))
        half *= _Z / (1 + _Z * _Z / runs)
        return Span(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))

    def tokens_each(self) -> Span:
        """Tokens of a record: the mean, with 95 % of its own error and that of an estimate."""
        kept = max(1, len(self.seen))
        mean = self.tokens / kept
        half = _Z * sqrt(max(0.0, self.squares / kept - mean * mean) / kept)
        half = 0.0 if self.is_all else half
        low, high = max(0.0, mean - half), mean + half
        return Span(mean, low * (1 - self.error), high * (1 + self.error))


def look_at(spec: BuildSpec, source: RunSource, templates: Templates, most: int) -> Looked:
    """Put the first `most` runs through normalize, labels and validate; count the others.

    Of a session the others are counted without fetching them.
    """
    stage = prepare_stage(spec)
    renderer = Renderer(templates.catalog(), spec.render)
    stage = replace(stage, normalize=replace(stage.normalize, renderer=renderer))
    chats, _ = formats_by_kind(spec.formats)
    validate = Validate(tuple(map(get_format, chats)))
    counter = counter_of(spec)
    looked = Looked(error=counter.error or 0.0)
    read = _Reading(stage, validate, counter)
    documents = _documents(source)
    for run_id, document in islice(documents, most):
        read.take(looked, run_id, document)
    listed = source.total()
    looked.of = looked.runs + sum(1 for _ in documents) if listed is None else listed
    return looked


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a run goes through."""

    stage: Prepare
    validate: Validate
    counter: TokenCounter

    def take(self, looked: Looked, run_id: str, document: bytes | None) -> None:
        """Note what becomes of one run."""
        looked.runs += 1
        if document is None:
            looked.rejected["too_large" if run_id.startswith("<") else "vanished"] += 1
            return
        prepared = self.stage(document)
        if isinstance(prepared, Refused):
            looked.rejected[prepared.rejected.code] += 1
            return
        verdict = self.validate(prepared.record)
        if isinstance(verdict, Rejected):
            looked.rejected[verdict.code] += 1
            return
        tokens = self.counter.count(prepared.record)
        looked.add(prepared.record_id, tokens, len(prepared.record_bytes))


def _documents(source: RunSource) -> Iterator[tuple[str, bytes | None]]:
    for batch in source.batches(()):
        yield from documents_of(batch.read() if isinstance(batch, FileSlice) else batch)
