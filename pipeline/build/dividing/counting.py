"""Counting: the tokens of every record that dedupe let through, by the target's tokenizer.

It comes before sampling, which spends a budget of them. The counts stand on the fifth shelf, from
where the ledger has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow.compute as pc

from pipeline.build.comparing.rows import LiveRows
from pipeline.build.progress import Progress
from pipeline.build.shelf import Shelf
from pipeline.digests import decode_record
from pipeline.engines import Engine
from pipeline.manifest import DatasetManifest, TokenCounting, TokenLengths
from pipeline.spec import BuildSpec, TargetSpec
from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.split import SPLITS
from pipeline.stages.dividing.stratify import I8
from pipeline.tokens import TokenCounter, counter_for
from pipeline.trainers import Target
from pipeline.trainers.facts import Facts

__all__ = [
    "NOT_COUNTED",
    "Counted",
    "Counting",
    "count_tokens",
    "counter_again",
    "counter_of",
    "lengths_by_split",
]

NOT_COUNTED = -1
_HIGH = 95
"""The percentile that the manifest tells beside the median."""


@dataclass(frozen=True, slots=True)
class Counting:
    """How tokens are counted, and what they are held against."""

    counter: TokenCounter
    context: int | None = None
    """Most tokens of one example that the model trains on; None where that is not known."""
    cuts: bool = False
    """Whether a longer example is cut there and trained on all the same."""

    @classmethod
    def of(cls, spec: BuildSpec, target: Target | None) -> "Counting":
        """As the spec's target asks for it, against what the catalog knows of it."""
        facts = target.facts if target is not None else Facts()
        context = facts.context.value if facts.context else None
        cuts = bool(context is not None and facts.truncates and facts.truncates.value)
        return cls(counter_of(spec), context, cuts)

    def said(self) -> TokenCounting:
        """What the manifest says of it, and what a build's id holds."""
        counter = self.counter
        return TokenCounting(
            tokenizer=counter.name,
            exact=counter.exact,
            error=counter.error,
            note=counter.note,
            context=self.context,
            cuts=self.cuts,
        )


def counter_of(spec: BuildSpec) -> TokenCounter:
    """The counter of the spec's model, for its first format."""
    target = spec.target
    return counter_for(target.model, spec.formats[0], counting=target.counting)


def counter_again(manifest: DatasetManifest) -> TokenCounter | None:
    """The counter that a finished dataset was counted with; None where it is not at hand."""
    words = msgspec.convert(manifest.spec.get("target", {}), TargetSpec)
    counter = counter_of(BuildSpec(target=words, formats=tuple(manifest.spec["formats"])))
    told = manifest.counting
    same = told is not None and (told.tokenizer, told.exact) == (counter.name, counter.exact)
    return counter if same else None


@dataclass(frozen=True, slots=True)
class Counted:
    """The tokens of the live rows."""

    counting: Counting
    tokens: I64
    """Of every row; `NOT_COUNTED` where dedupe has left it out."""

    def facts(self, side: I8, taken: Any) -> dict[str, Any]:
        """What the shelf's manifest keeps: how was counted, and the lengths of what is taken."""
        counting = self.counting.said()
        tokens = {name: self.tokens[taken & (side == number)] for number, name in enumerate(SPLITS)}
        return {"counting": counting, "lengths": lengths_by_split(tokens, counting)}


def lengths_by_split(
    tokens: Mapping[str, I64], counting: TokenCounting | None
) -> dict[str, TokenLengths]:
    """How long the examples of each split are; splits without any are left out."""
    return {name: _lengths(np.sort(one), counting) for name, one in tokens.items() if len(one)}


def _lengths(ranked: I64, counting: TokenCounting | None) -> TokenLengths:
    context = None if counting is None else counting.context

    def at(percent: int) -> int:
        """The smallest that so many percent do not exceed."""
        return int(ranked[max(0, -(-len(ranked) * percent // 100) - 1)])

    over = None if context is None else len(ranked) - int(np.searchsorted(ranked, context, "right"))
    cuts = counting is not None and counting.cuts
    trained = np.minimum(ranked, context) if cuts and context is not None else ranked
    return TokenLengths(at(0), at(50), at(_HIGH), at(100), int(trained.sum()), over)


def count_tokens(
    rows: LiveRows,
    records: Shelf,
    deduped: Shelf,
    counting: Counting,
    *,
    engine: Engine,
    progress: Progress,
) -> Counted:
    """Count in the workers, part by part."""
    progress.begin("count", len(rows))
    tokens = [np.empty(0, np.int64)]
    work = _CountPart(records, deduped, counting.counter)
    for part in engine.map(work, range(len(rows.rows_of_part))):
        tokens.append(part)
        progress.advance(len(part))
    counted = Counted(counting, np.concatenate(tokens))
    total = int(counted.tokens[counted.tokens != NOT_COUNTED].sum())
    progress.end("count", f"{total:,} tokens by {counting.counter.name}")
    return counted


@dataclass(frozen=True, slots=True)
class _CountPart:
    """Counts the records of one part that dedupe let through."""

    records: Shelf
    deduped: Shelf
    counter: TokenCounter

    def __call__(self, part: int) -> I64:
        """The tokens of every live row of the part."""
        verdicts = self.deduped.read_part(part, ["code", "live"])
        stays = pc.and_(verdicts["live"], verdicts["code"].is_null())
        kept = self.records.read_part(part, ["record"])["record"].filter(stays)
        counts = self.counter.count_all([decode_record(data) for data in kept.to_pylist()])
        live = stays.filter(verdicts["live"]).to_numpy()
        tokens = np.full(len(live), NOT_COUNTED, np.int64)
        tokens[live] = counts
        return tokens
